"""How much each core sends to each other one, as nengo-loihi estimates it for its allocators."""

from collections.abc import Iterator

import numpy as np

from spikeseg.chips import ChipProgram, Core, KernelSynapses, ListedSynapses
from spikeseg.chips.synapses import Synapses
from spikeseg.placing.hearing import Bools, Reaches
from spikeseg.placing.traffic import Floats, Rates

Activity = dict[int, dict[int, float]]
_CONTACT = 1e-16  # so that cores are connected even if no neuron fires


def estimate_activity(program: ChipProgram, rates: Rates | None = None) -> Activity:
    """Return for each core those that hear it, and how active the connection is.

    Source: nengo-loihi 1.1.0, ``hardware/allocators.py``, ``estimate_interblock_activity``. With
    rates it is the sum of the rates of the neurons that have an axon to the other core, in the
    order of compartments. Without, it is the number of those axons: one for each pixel, or one for
    each neuron where both populations have a single pixel. A core that holds all of its population
    has an axon for every pixel of its source, also for those that reach nothing. A core is not
    connected to itself.

    Args:
        program: its placement does not matter.
        rates: for each population, (C, H, W).
    """
    activity: Activity = {number: {} for number in range(len(program.cores))}
    fired = {} if rates is None else _in_order(program, rates)
    axons = _Axons(program)
    for to, core in enumerate(program.cores):
        for group in core.synapses:
            for sender, place in axons.places(to, core, group):
                if rates is None:
                    much: float = axons.count(sender, group, core, place)
                else:
                    much = _sum(fired[sender], place)
                activity[sender][to] = activity[sender].get(to, _CONTACT) + much
    return activity


def _in_order(program: ChipProgram, rates: Rates) -> dict[int, Floats]:
    """Return the rates of each core, (rows, columns, channels)."""
    return {
        number: np.asarray(rates[core.population], np.float64)[core.box.slices].transpose(1, 2, 0)
        for number, core in enumerate(program.cores)
    }


def _sum(rates: Floats, place: Bools) -> float:
    return float(np.sum(rates[np.broadcast_to(place, rates.shape)]))


class _Axons:
    """The axons from core to core."""

    def __init__(self, program: ChipProgram) -> None:
        self.program, self.shapes, self.reaches = program, program.shapes, Reaches(program)
        self.cores: dict[str, list[int]] = {part.name: [] for part in program.populations}
        for number, core in enumerate(program.cores):
            self.cores[core.population].append(number)

    def places(self, to: int, core: Core, group: Synapses) -> Iterator[tuple[int, Bools]]:
        """Yield the cores that have axons to a group of the core ``to``, and which neurons have.

        Places are (rows, columns, channels), or (rows, columns, 1) if all channels have one.
        """
        named = self._named(core, group)
        c, y, x = (np.flatnonzero(named.any(axis)) for axis in ((1, 2), (0, 2), (0, 1)))
        for sender in self.cores.get(group.source, ()):
            if sender == to or not c.size:
                continue
            box = self.program.cores[sender].box
            rows, columns = box.slices[1:]
            if rows.start > y[-1] or rows.stop <= y[0]:
                continue
            if columns.start > x[-1] or columns.stop <= x[0]:
                continue
            channels = box.slices[0] if len(named) > 1 else slice(None)
            place = named[channels, rows, columns]
            if place.any():
                yield sender, place.transpose(1, 2, 0)

    def _named(self, core: Core, group: Synapses) -> Bools:
        """Return which neurons of the source have an axon, (C, H, W) or (1, H, W)."""
        shape = self.shapes[group.source]
        if isinstance(group, ListedSynapses):
            named = np.zeros(shape, np.bool_)
            named.reshape(-1)[group.pre] = True
            return named
        if len(self.cores[core.population]) == 1:
            return np.ones((1, *shape[1:]), np.bool_)
        rows, columns = (self.reaches.axis(core, group, axis) for axis in (0, 1))
        return (rows[:, None] & columns)[None]

    def count(self, sender: int, group: Synapses, core: Core, place: Bools) -> int:
        """Return how many axons these are."""
        single = self.shapes[group.source][1:] == self.shapes[core.population][1:] == (1, 1)
        if isinstance(group, KernelSynapses) and single:
            return self.program.cores[sender].box.shape[0]
        return int(place.sum())
