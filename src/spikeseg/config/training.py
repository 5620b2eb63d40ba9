"""Settings of the training."""

from dataclasses import dataclass, field
from typing import Literal

from spikeseg.config._checking import require
from spikeseg.config.data import AugmentationConfig


@dataclass(frozen=True)
class RegularizerConfig:
    """The percentile firing-rate regularizer of Patel et al. 2021.

    Attributes:
        weight: its weight in the loss; 0 is off (rates are still logged).
        percentile: which percentile of each neuron's rate must lie in the band (0..100).
        min_hz: lower end of the band.
        max_hz: upper end of the band.
        margin: during training, the band is narrowed by this fraction at both ends.
        scope: ``neuron``: percentile over the batch for each neuron, as published; ``channel``:
            over batch and positions, since all neurons of a channel share their weights.
    """

    weight: float = 0.0
    percentile: float = 99.0
    min_hz: float = 50.0
    max_hz: float = 200.0
    margin: float = 0.2
    scope: Literal["neuron", "channel"] = "channel"

    def __post_init__(self) -> None:
        name = "training.regularizer"
        require(self.weight >= 0, f"{name}.weight is {self.weight}; it must be 0 or more.")
        require(
            0 < self.percentile <= 100,
            f"{name}.percentile is {self.percentile}; it must be in (0, 100].",
        )
        require(
            0 <= self.min_hz < self.max_hz,
            f"{name}: the band is {self.min_hz} to {self.max_hz} Hz; min_hz must be below max_hz.",
        )
        require(0 <= self.margin < 0.5, f"{name}.margin is {self.margin}; it must be in [0, 0.5).")


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes:
        epochs: how many epochs; a checkpoint is written after each.
        steps_per_epoch: optimizer steps in an epoch.
        batch_size: crops in a batch, of each process where several train together (torchrun).
        accumulate: batches whose gradients are added up for an optimizer step.
        crop: height and width of the random training crops in pixels.
        learning_rate: the peak of the one-cycle schedule of AdamW.
        weight_decay: of AdamW.
        dice_weight: weight of the Dice loss beside cross-entropy.
        class_weights: ``none`` or ``balanced`` (inverse class frequency of the training masks).
        precision: ``float32``, or ``bfloat16`` for the convolutions (automatic mixed precision);
            ``auto`` is whichever a short measurement finds faster on this processor.
        recompute: of a spiking network, keep the spikes of each layer as bits and compute all else
            again in the backward pass: memory hardly grows with the steps, time by a third.
        online: of a spiking network, train every step by itself, without a gradient through time
            (SLTT, Meng et al. 2023): memory does not grow with the steps.
        workers: processes that prepare batches; 0 prepares them in the main process.
        augmentation: random changes of image and mask.
        regularizer: keeps firing rates in a band.
    """

    epochs: int = 8
    steps_per_epoch: int = 50
    batch_size: int = 8
    crop: int = 128
    learning_rate: float = 4e-3
    weight_decay: float = 1e-4
    dice_weight: float = 1.0
    class_weights: Literal["none", "balanced"] = "none"
    precision: Literal["float32", "bfloat16", "auto"] = "float32"
    accumulate: int = 1
    recompute: bool = False
    online: bool = False
    workers: int = 0
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    regularizer: RegularizerConfig = field(default_factory=RegularizerConfig)

    def __post_init__(self) -> None:
        positive = ("epochs", "steps_per_epoch", "batch_size", "accumulate", "crop")
        for name in (*positive, "learning_rate"):
            value = getattr(self, name)
            require(value > 0, f"training.{name} is {value}; it must be positive.")
        for name in ("weight_decay", "dice_weight", "workers"):
            value = getattr(self, name)
            require(value >= 0, f"training.{name} is {value}; it must be 0 or more.")
