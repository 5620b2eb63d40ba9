"""What a run folder holds of a chip, as the report sees it: checked, typed and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikeseg.compiling.resources import CoreUse


@dataclass(frozen=True)
class ChipLayer:
    """One layer: where it lies, how full its cores are, how often it fires.

    Attributes:
        name: of the population.
        on: ``host`` or ``chip``.
        shape: (C, H, W).
        mean_rate_hz: over all neurons and test images; None for the output, which never fires.
        tile: (C, H, W) of the part that a core holds; None on the host.
        cores: how many; 0 on the host.
        least_cores: how many its neurons alone would need.
        largest: for each resource the largest share that a core uses; empty on the host.
        mean: for each resource the mean share.
    """

    name: str
    on: str
    shape: tuple[int, ...]
    mean_rate_hz: float | None
    tile: tuple[int, ...] | None = None
    cores: int = 0
    least_cores: int = 0
    largest: Mapping[str, float] = field(default_factory=dict)
    mean: Mapping[str, float] = field(default_factory=dict)

    @property
    def fullest(self) -> str:
        """The resource of which some core uses the largest share."""
        return max(self.largest, key=lambda name: self.largest[name])


@dataclass(frozen=True)
class Chip:
    """A compiled and emulated network.

    Attributes:
        name: of the chip.
        title: in words.
        rounding: ``corrected`` or ``nengo``.
        cores_per_chip: on one chip.
        num_cores: cores that the network takes.
        num_chips: chips that it takes.
        least_cores: cores that its neurons alone would need.
        num_neurons: on the chip.
        num_host_neurons: on the host.
        size: height and width of the images that it is compiled for.
        layers: of the host, then of the chip.
        uses: of every core.
        masks: (N, H, W) uint8, of the examples.
        input_spikes: that the host sends for one image.
        overflows: how often each register overflowed.
        output_spikes: of the output, which is read by its potential.
    """

    name: str
    title: str
    rounding: str
    cores_per_chip: int
    num_cores: int
    num_chips: int
    least_cores: int
    num_neurons: int
    num_host_neurons: int
    size: tuple[int, ...]
    layers: tuple[ChipLayer, ...]
    uses: tuple[CoreUse, ...]
    masks: NDArray[np.uint8]
    input_spikes: float
    overflows: Mapping[str, int]
    output_spikes: int
