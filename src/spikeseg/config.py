"""What a run is made of: plain frozen dataclasses, read from YAML and from dotted overrides.

Nothing here imports torch, so that the command line answers at once. Ranges are checked where a
value enters (``__post_init__``), with the value found and the range allowed.
"""

from dataclasses import dataclass, field
from typing import Literal

from spikeseg.errors import ConfigError

IGNORE_INDEX = 255
"""Mask value of pixels that neither training nor a metric looks at."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True)
class DataConfig:
    """Where images and masks come from, and which are held out.

    Attributes:
        name: a dataset: ``cells``, ``folder`` or ``isbi2012``.
        root: the folder of the data (``folder``, ``isbi2012``).
        test: held-out items as ``first-last``, inclusive and contiguous, counted from 0 in the
            dataset's order; the dataset's own default if not given.
        num_images: how many images to make (``cells``).
        image_size: their height and width in pixels (``cells``).
        seed: what they are made from (``cells``).
    """

    name: str = "cells"
    root: str | None = None
    test: str | None = None
    num_images: int | None = None
    image_size: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class AugmentationConfig:
    """Random joint changes of image and mask during training.

    Attributes:
        flip: mirror along both axes, each with probability 1/2.
        rotate: turn by a random multiple of 90 degrees.
        elastic: displacement of the elastic deformation, as a fraction of the crop; 0 is off.
        brightness: largest change of brightness (images are in 0..1).
        contrast: largest relative change of contrast.
        noise: standard deviation of the added Gaussian noise.
    """

    flip: bool = True
    rotate: bool = True
    elastic: float = 0.0
    brightness: float = 0.1
    contrast: float = 0.2
    noise: float = 0.02


@dataclass(frozen=True)
class ActivationConfig:
    """The non-linearity, the only spiking part of a network.

    Attributes:
        name: an activation: ``relu``, ``clipped_relu``, ``loihi_relu`` or ``qcfs``.
        unit_rate_hz: the firing rate that an activation of 1.0 stands for. A spike is then worth
            ``1 / (unit_rate_hz * dt)`` (the *amplitude* of Nengo).
        levels: number of stairs of ``qcfs``.
    """

    name: str = "relu"
    unit_rate_hz: float = 50.0
    levels: int = 8

    def __post_init__(self) -> None:
        _require(
            self.unit_rate_hz > 0,
            f"network.activation.unit_rate_hz is {self.unit_rate_hz}; it must be positive (Hz).",
        )
        _require(
            self.levels >= 1,
            f"network.activation.levels is {self.levels}; it must be at least 1.",
        )


@dataclass(frozen=True)
class NetworkConfig:
    """The network to train.

    Attributes:
        name: a network: ``unet``.
        depth: how many times the resolution is halved.
        width: channels at full resolution; each level has twice as many.
        downsampling: ``stride`` (strided convolution) or ``average`` (average pooling).
        upsampling: ``transposed`` (2 x 2 transposed convolution), ``nearest`` or ``bilinear``.
        dropout: probability of dropping a channel at the deepest level.
        activation: the non-linearity.
    """

    name: str = "unet"
    depth: int = 3
    width: int = 16
    downsampling: Literal["stride", "average"] = "stride"
    upsampling: Literal["transposed", "nearest", "bilinear"] = "nearest"
    dropout: float = 0.0
    activation: ActivationConfig = field(default_factory=ActivationConfig)

    def __post_init__(self) -> None:
        _require(1 <= self.depth <= 8, f"network.depth is {self.depth}; it must be 1 to 8.")
        _require(self.width >= 1, f"network.width is {self.width}; it must be at least 1.")
        _require(0 <= self.dropout < 1, f"network.dropout is {self.dropout}; it must be in [0, 1).")


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
        _require(self.weight >= 0, f"{name}.weight is {self.weight}; it must be 0 or more.")
        _require(
            0 < self.percentile <= 100,
            f"{name}.percentile is {self.percentile}; it must be in (0, 100].",
        )
        _require(
            0 <= self.min_hz < self.max_hz,
            f"{name}: the band is {self.min_hz} to {self.max_hz} Hz; min_hz must be below max_hz.",
        )
        _require(0 <= self.margin < 0.5, f"{name}.margin is {self.margin}; it must be in [0, 0.5).")


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes:
        epochs: how many epochs; a checkpoint is written after each.
        steps_per_epoch: optimizer steps in an epoch.
        batch_size: crops in a batch.
        crop: height and width of the random training crops in pixels.
        learning_rate: the peak of the one-cycle schedule of AdamW.
        weight_decay: of AdamW.
        dice_weight: weight of the Dice loss beside cross-entropy.
        class_weights: ``none`` or ``balanced`` (inverse class frequency of the training masks).
        precision: ``float32``, or ``bfloat16`` for the convolutions (automatic mixed precision).
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
    precision: Literal["float32", "bfloat16"] = "float32"
    workers: int = 0
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    regularizer: RegularizerConfig = field(default_factory=RegularizerConfig)

    def __post_init__(self) -> None:
        for name in ("epochs", "steps_per_epoch", "batch_size", "crop", "learning_rate"):
            value = getattr(self, name)
            _require(value > 0, f"training.{name} is {value}; it must be positive.")
        for name in ("weight_decay", "dice_weight", "workers"):
            value = getattr(self, name)
            _require(value >= 0, f"training.{name} is {value}; it must be 0 or more.")


@dataclass(frozen=True)
class ConversionConfig:
    """How the trained network becomes spiking.

    Attributes:
        neuron: a neuron: ``if_soft``, ``if_hard``, ``if_signed`` or ``loihi``.
        recipes: conversion recipes, followed in order. ``trained`` keeps the firing rates of
            training (Patel et al. 2021); ``percentile``, ``maximum`` and ``local_threshold``
            balance thresholds on calibration images; ``half_threshold``, ``signed``,
            ``calibrated`` and ``joint_skips`` change what an earlier one chose.
        granularity: thresholds for each ``layer`` or each ``channel``.
        percentile: of the calibration activations (``percentile``), 0..100.
        num_steps: the number of steps that ``local_threshold`` and ``calibrated`` prepare for.
        calibration_images: how many training images are used.
    """

    neuron: str = "if_soft"
    recipes: tuple[str, ...] = ("percentile", "half_threshold")
    granularity: Literal["layer", "channel"] = "layer"
    percentile: float = 99.0
    num_steps: int = 8
    calibration_images: int = 8

    def __post_init__(self) -> None:
        _require(
            0 < self.percentile <= 100,
            f"conversion.percentile is {self.percentile}; it must be in (0, 100].",
        )
        for name in ("calibration_images", "num_steps"):
            value = getattr(self, name)
            _require(value >= 1, f"conversion.{name} is {value}; it must be at least 1.")


@dataclass(frozen=True)
class FinetuningConfig:
    """How a converted network is trained on, through its spikes.

    Crops, augmentation, precision and the Dice loss are those of the training.

    Attributes:
        num_steps: time steps that the network is unrolled over; masks after 1, 2, 4, ... and all
            of them are trained.
        batches: how many batches.
        learning_rate: the peak of the one-cycle schedule of Adam; weights are in thresholds.
        sparsity: weight of the firing-rate regularizer: the spikes that pass a mean synapse while
            an image is shown.
    """

    num_steps: int = 4
    batches: int = 300
    learning_rate: float = 2e-3
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("num_steps", "batches", "learning_rate"):
            value = getattr(self, name)
            _require(value > 0, f"finetuning.{name} is {value}; it must be positive.")
        _require(
            self.sparsity >= 0, f"finetuning.sparsity is {self.sparsity}; it must be 0 or more."
        )


@dataclass(frozen=True)
class EvaluationConfig:
    """How every stage is scored on the held-out images.

    Attributes:
        num_steps: time steps of the spiking network.
        readout: share of these steps, from the end, whose output makes the mask, in (0, 1]; the
            first spikes need time to come through.
        exit_tolerance: early exit; an image is done when at most this share of its pixels (0..1)
            changes class from one look at its mask to the next, ``exit_patience`` times in a
            row. ``null`` simulates all steps of every image.
        exit_every: steps between two looks.
        exit_patience: how many looks in a row must find the mask stable.
        crop: size of the test crops on which each neuron's firing rate is taken, in pixels.
        examples: how many images the report shows.
        membrane_class: the class that separates objects, for V^Rand and V^Info; ``null`` if the
            data have none (``cells`` and ``isbi2012`` set it by themselves).
    """

    num_steps: int = 32
    readout: float = 0.5
    exit_tolerance: float | None = None
    exit_every: int = 2
    exit_patience: int = 2
    crop: int = 128
    examples: int = 3
    membrane_class: int | None = None

    def __post_init__(self) -> None:
        for name in ("num_steps", "exit_every", "exit_patience", "crop", "examples"):
            value = getattr(self, name)
            _require(value >= 1, f"evaluation.{name} is {value}; it must be at least 1.")
        _require(
            0 < self.readout <= 1,
            f"evaluation.readout is {self.readout}; it must be in (0, 1], a share of the steps.",
        )
        _require(
            self.exit_tolerance is None or 0 <= self.exit_tolerance <= 1,
            f"evaluation.exit_tolerance is {self.exit_tolerance}; it must be in 0..1, a share of "
            "the pixels, or null for no early exit.",
        )


@dataclass(frozen=True)
class RunConfig:
    """Everything that defines a run; with the data, it repeats the run.

    Attributes:
        data: images and masks.
        network: the network to train.
        training: how it is trained.
        conversion: how it becomes spiking.
        finetuning: how the spiking network is trained on, by `spikeseg finetune`.
        evaluation: how every stage is scored.
        seed: of the weights, the crops and the augmentation.
        dt_ms: length of a time step in milliseconds, to express rates in Hz.
        device: ``cpu``, ``cuda`` or ``auto``.
        compare_without_regularizer: also train the same network without the rate regularizer, for
            the report to show what the regularizer does and costs.
    """

    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    conversion: ConversionConfig = field(default_factory=ConversionConfig)
    finetuning: FinetuningConfig = field(default_factory=FinetuningConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    seed: int = 0
    dt_ms: float = 1.0
    device: Literal["cpu", "cuda", "auto"] = "auto"
    compare_without_regularizer: bool = False

    def __post_init__(self) -> None:
        _require(self.dt_ms > 0, f"dt_ms is {self.dt_ms}; it must be positive (milliseconds).")
