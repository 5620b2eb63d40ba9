"""Settings of a network on a neuromorphic chip."""

from dataclasses import dataclass
from typing import Literal

from spikeseg.config._checking import require


@dataclass(frozen=True)
class ChipConfig:
    """How the trained network is put on a chip, and emulated there.

    Thresholds are balanced on calibration images, the layers are adapted to the chip's integers,
    first without labels and then, if ``batches`` is not 0, by training through the integers.

    Attributes:
        name: a chip of which all limits are known, such as ``loihi1``.
        num_chips: how many there are; ``null`` for as many as it needs.
        tile: height and width of the images that the chips are given; larger ones are cut into
            tiles, of which the middles are kept. ``null`` compiles for the largest test image.
        overlap: rows and columns that neighboring tiles share.
        partitioner: what divides the cores among the chips: ``hypergraph`` (least traffic between
            them), ``multicast``, ``greedy_interchip``, ``greedy`` or ``round_robin``; ``auto`` is
            ``hypergraph`` for up to 32 chips, and leaves the cores in their order beyond, where it
            would take many minutes.
        rounding: ``corrected``, or ``nengo`` for the integers of nengo-loihi 1.1.0.
        num_steps: time steps, those included in which spikes travel through the layers (one each).
        output_tau: time constant of the output's leak, in steps; it forgets the first spikes;
            ``null`` for none: all steps count alike, as a network with ``delay`` was trained.
        thresholds: ``percentile``: a spike in every step stands for a percentile of the calibration
            activations, the fewest steps; ``trained``: rates are those of training, which the rate
            regularizer keeps in its band (Patel et al. 2021), the fewest spikes.
        percentile: of ``percentile``, 0..100.
        calibration_images: how many crops of training images.
        rounds: how often each layer's gain and bias are corrected.
        batches: of training through the integers, with labels; 0 is none.
        batch_size: crops a batch.
        learning_rate: the peak of the one-cycle schedule of Adam.
        sparsity: weight of the mean number of spikes of a neuron in a step.
    """

    name: str = "loihi1"
    num_chips: int | None = None
    tile: int | None = None
    overlap: int = 32
    partitioner: str = "auto"
    rounding: Literal["corrected", "nengo"] = "corrected"
    num_steps: int = 32
    output_tau: float | None = 8.0
    thresholds: Literal["percentile", "trained"] = "percentile"
    percentile: float = 99.9
    calibration_images: int = 4
    rounds: int = 2
    batches: int = 0
    batch_size: int = 2
    learning_rate: float = 1e-3
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("num_steps", "calibration_images", "batch_size"):
            value = getattr(self, name)
            require(value >= 1, f"chip.{name} is {value}; it must be at least 1.")
        for name in ("num_chips", "tile"):
            given = getattr(self, name)
            require(
                given is None or given >= 1,
                f"chip.{name} is {given}; it must be at least 1, or null.",
            )
        require(
            self.tile is None or self.overlap < self.tile,
            f"chip.overlap is {self.overlap}, and chip.tile {self.tile}; the tile must be larger.",
        )
        for name in ("overlap", "rounds", "batches", "sparsity"):
            value = getattr(self, name)
            require(value >= 0, f"chip.{name} is {value}; it must be 0 or more.")
        for name in ("output_tau", "learning_rate"):
            value = getattr(self, name)
            require(value is None or value > 0, f"chip.{name} is {value}; it must be positive.")
        require(
            0 < self.percentile <= 100,
            f"chip.percentile is {self.percentile}; it must be in (0, 100].",
        )
