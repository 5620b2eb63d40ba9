"""All settings of a run."""

from dataclasses import dataclass, field
from typing import Literal

from spikeseg.config._checking import require
from spikeseg.config.chip import ChipConfig
from spikeseg.config.data import DataConfig
from spikeseg.config.network import NetworkConfig
from spikeseg.config.neurons import SpikingConfig
from spikeseg.config.spiking import ConversionConfig, EvaluationConfig, FinetuningConfig
from spikeseg.config.training import TrainingConfig


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
        direct: neurons of a twin of the network that is trained through its spikes, beside the
            analog one and its conversion; ``null`` leaves it out.
        direct_start: weights that the twin's training starts from: ``random``, or those of the
            trained ``analog`` network.
        chip: how it is put on a chip; ``null`` leaves the chip out.
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
    direct: SpikingConfig | None = None
    direct_start: Literal["random", "analog"] = "random"
    chip: ChipConfig | None = None
    seed: int = 0
    dt_ms: float = 1.0
    device: Literal["cpu", "cuda", "auto"] = "auto"
    compare_without_regularizer: bool = False

    def __post_init__(self) -> None:
        require(self.dt_ms > 0, f"dt_ms is {self.dt_ms}; it must be positive (milliseconds).")
        require(
            self.direct is None or self.network.spiking is None,
            "network.spiking and direct are both set; direct is the spiking twin of an analog "
            "network. Leave one of them out.",
        )
        require(
            self.network.spiking is None or self.evaluation.precision == "float32",
            f"evaluation.precision is {self.evaluation.precision}, but a network that was trained "
            "through its spikes (network.spiking) is evaluated in float32. Leave one of them out; "
            "`spikeseg convert` makes a graph of it that any precision can run.",
        )
