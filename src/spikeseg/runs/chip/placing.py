"""Places a compiled program on chips by the spikes that it fires on calibration images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.config import ChipConfig
from spikeseg.graph import SpikingGraph
from spikeseg.placing import Rates, count_traffic, place
from spikeseg.runs.chip.running import Counts, TilesRun, add_counts, run_tiles

_MOST_CHIPS = 32  # beyond which the search takes many minutes


def place_program(
    program: ChipProgram, graph: SpikingGraph, images: NDArray[np.float32], settings: ChipConfig
) -> tuple[ChipProgram, dict[str, Any]]:
    """Return a program with its cores on chips, and what traffic that makes.

    Args:
        program: what was compiled; its cores fill one chip after the other.
        graph: from which.
        images: (B, C, H, W), on which the spikes are counted.
        settings: the partitioner and the number of chips.

    Raises:
        CompileError: the cores do not fit the chips; gives the numbers.
        UnknownNameError: no such partitioner.
    """
    partitioner, chips = settings.partitioner, max(program.placement) + 1
    if partitioner == "auto":
        if chips > _MOST_CHIPS:
            held = np.bincount(program.placement).tolist()
            return program, {"partitioner": "none, in order", "cores_of_chips": held}
        partitioner = "hypergraph"
    rates = measured_rates(program, graph, images, settings)
    placed = place(program, rates, partitioner, settings.num_chips)
    return placed, {"partitioner": partitioner} | _traffic(placed, rates)


def _traffic(program: ChipProgram, rates: Rates) -> dict[str, Any]:
    """Return cores and packets, a step's, of the chips."""
    count = count_traffic(program, rates)
    return {
        "cores_of_chips": np.bincount(program.placement).tolist(),
        "packets_per_step": count.packets,
        "inter_chip_packets_per_step": count.inter_chip_packets,
        "hops_per_step": count.hops,
        "host_packets_per_step": count.host_packets,
    }


def measured_rates(
    program: ChipProgram, graph: SpikingGraph, images: NDArray[np.float32], config: ChipConfig
) -> Rates:
    """Return the mean spikes of every neuron in a step, (C, H, W) by population and input.

    Args:
        program: what was compiled; its placement does not matter.
        graph: from which.
        images: (B, C, H, W).
        config: steps and overlap.
    """
    sums = SpikeSums()
    for image in images:
        for run in run_tiles(program, graph, image, config):
            sums.add(run)
    return sums.rates


class SpikeSums:
    """Adds up how often every neuron of host and chips fired."""

    def __init__(self) -> None:
        self._sums: Counts = {}
        self._steps = 0

    def add(self, run: TilesRun) -> None:
        """Add some tiles."""
        add_counts(self._sums, run.spike_counts)
        self._steps += run.recording.num_steps * len(run.tiles)

    @property
    def rates(self) -> Rates:
        """Mean spikes of every neuron in a step, (C, H, W) by population and input."""
        return {name: count / self._steps for name, count in self._sums.items()}
