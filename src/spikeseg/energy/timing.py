"""How long a step takes: the slowest core, and the barrier that all wait for."""

import numpy as np
from numpy.typing import NDArray

from spikeseg.energy.costs import CostTable
from spikeseg.energy.ranges import Range, total
from spikeseg.energy.work import NetworkWork, StepWork

Floats = NDArray[np.float64]
ENDS = ("low", "value", "high")


def step_seconds(work: NetworkWork, table: CostTable) -> tuple[Range, ...] | None:
    """Return how long each step takes, in seconds; ``None`` where the table cannot tell.

    It cannot if it has no times, or no barrier of several chips where there are several, or if
    the work has no counts of steps. The value is that of a core that takes packets, adds weights
    and updates neurons one after the other; at the low end these overlap in full, and the longest
    of the three counts. At the high end all updates are active.
    """
    several = work.chips > 1 and "chips" not in table.barrier
    if work.steps is None or not table.time or several:
        return None
    barrier = barrier_seconds(work.steps.tiles, work.chips, table)
    slowest = {end: _busy(work.steps, table, end).max(axis=1) for end in ENDS}
    busy = zip(*(slowest[end].tolist() for end in ENDS), strict=True)
    return tuple(Range(*step) + barrier for step in busy)


def image_seconds(work: NetworkWork, table: CostTable) -> Range | None:
    """Return how long an image takes, in seconds, or ``None`` as `step_seconds` does."""
    steps = step_seconds(work, table)
    return None if steps is None else total(steps)


def barrier_seconds(tiles: int, chips: int, table: CostTable) -> Range:
    """Return the time of the barrier, interpolated between the numbers of tiles that are known.

    >>> from spikeseg.energy import load_costs
    >>> round(barrier_seconds(32, 1, load_costs("davies2018")).value * 1e9)
    465
    """
    if chips > 1:
        return table.barrier["chips"].range
    known = sorted((int(key), cost.range) for key, cost in table.barrier.items() if key != "chips")
    places = [place for place, _ in known]
    ends = (np.interp(tiles, places, [getattr(cost, end) for _, cost in known]) for end in ENDS)
    return Range(*map(float, ends))


def _busy(steps: StepWork, table: CostTable, end: str) -> Floats:
    """Return how long each core is busy in each step, (T, N)."""

    def of(entry: str) -> float:
        return float(getattr(table.time[entry].range, end)) if entry in table.time else 0.0

    receiving = steps.neurons[None] if end == "high" else steps.receiving
    if "neuron_access" in table.time:
        updating = steps.neurons * of("neuron_access") + receiving * of("neuron_receiving")
    else:
        quiet = steps.neurons - receiving
        updating = quiet * of("neuron_inactive") + receiving * of("neuron_active")
    parts = (
        steps.operations * of("synaptic_operation"),
        steps.packets * of("packet_in"),
        np.broadcast_to(updating, steps.operations.shape),
    )
    together = np.stack(parts)
    busy: Floats = together.max(axis=0) if end == "low" else together.sum(axis=0)
    return busy
