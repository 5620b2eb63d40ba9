"""Where the cores of a program lie, and what goes between them, for a picture."""

from typing import Any

import numpy as np

from spikeseg.chips import ChipProgram
from spikeseg.placing import Rates, count_traffic, measure_traffic

_MOST_CHIPS = 16  # whose cores a picture can show
_MOST_PAIRS = 400  # of cores on different chips, those with most packets


def traffic_map(program: ChipProgram, rates: Rates) -> dict[str, Any]:
    """Return the chips' packets a step between each other, and the cores of a few chips.

    Args:
        program: with placement and positions.
        rates: mean spikes a step of every neuron.

    Returns:
        ``between_chips``: (chips, chips), from row to column. If there are at most 16 chips:
        ``cores``, for each its layer, chip and position; and ``pairs`` of cores on different
        chips, with the packets a step either way, those with most.
    """
    count = count_traffic(program, rates)
    found: dict[str, Any] = {"between_chips": count.between_chips.tolist()}
    if len(count.between_chips) > _MOST_CHIPS:
        return found
    chip = np.array(program.placement, np.int64)
    one, other, packets = measure_traffic(program, rates).pairs
    apart = np.flatnonzero(chip[one] != chip[other])
    most = apart[np.argsort(-packets[apart], kind="stable")[:_MOST_PAIRS]]
    cores = zip(program.cores, program.placement, program.positions, strict=True)
    return found | {
        "cores": [[core.population, at, position] for core, at, position in cores],
        "pairs": [[int(one[i]), int(other[i]), float(packets[i])] for i in most],
    }
