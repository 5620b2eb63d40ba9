"""When a population is better computed event by event: by what both ways cost here and now."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from weakref import ReferenceType, WeakKeyDictionary, ref

import torch
from torch import Tensor

from spikeseg.engine.event.bit_map import BitMap
from spikeseg.engine.event.layer import EventLayer
from spikeseg.engine.scan import Counts
from spikeseg.engine.spikes import Spikes
from spikeseg.engine.weights import checksum
from spikeseg.graph import Connection
from spikeseg.graph.transforms import Shape
from spikeseg.neurons import Neuron, State

_LEAST, _MOST, _ENOUGH = 2, 3, 0.1  # rounds; seconds after which no more are needed
_STEPS = 4  # steps of images that both ways are timed with
_SIZES = 4  # of images, for which a population is kept ready


class Costs(NamedTuple):
    """Seconds, with as many threads as torch has.

    Attributes:
        dense: a step of one image as a convolution.
        silent: the same event by event, if nothing is heard.
        event: each spike that is heard, on top of that.
    """

    dense: float
    silent: float
    event: float


class Sparse:
    """The event-driven form of a population.

    Args:
        connections: from the populations that it hears.
        neuron: what it consists of.
        shapes: (C, H, W) of those.
    """

    def __init__(
        self, connections: Sequence[Connection], neuron: Neuron, shapes: Sequence[Shape]
    ) -> None:
        self.layer = EventLayer(connections, neuron, shapes)
        self._costs: dict[tuple[object, ...], Costs] = {}

    def pays(
        self, heard: Sequence[Spikes], run_dense: Callable[[Sequence[Spikes]], object], kind: object
    ) -> bool:
        """Return whether events are faster for these spikes.

        Both ways are timed once, on so many of the first steps, with threads and numbers as now.

        Args:
            heard: what the population hears.
            run_dense: the other way.
            kind: what that calculates in.
        """
        maps = [spikes.bits() for spikes in heard]
        parts = [m.first(_STEPS) for m in maps]
        key = (torch.get_num_threads(), kind, parts[0].shape[:2])
        if key not in self._costs:
            self._costs[key] = self._measured(parts, run_dense)
        costs, steps = self._costs[key], _steps(maps[0])
        event_by_event = costs.silent * steps + costs.event * sum(m.count() for m in maps)
        return event_by_event < costs.dense * steps

    def _measured(
        self, parts: Sequence[BitMap], run_dense: Callable[[Sequence[Spikes]], object]
    ) -> Costs:
        silence = [BitMap(torch.zeros_like(m.words), m.shape) for m in parts]
        events, steps = sum(m.count() for m in parts), _steps(parts[0])
        dense = seconds(lambda: run_dense([Spikes(m, torch.float32) for m in parts]))
        silent = seconds(lambda: self.layer(silence, keep_state=False))
        busy = seconds(lambda: self.layer(parts, keep_state=False)) if events else silent
        return Costs(dense / steps, silent / steps, max(0.0, busy - silent) / max(events, 1))

    def run(
        self,
        heard: Sequence[Spikes],
        constant: Tensor | None,
        state: State | None,
        counts: Counts | None,
        stays: bool,
    ) -> tuple[Spikes, State | None]:
        """Run all steps; see `EventLayer`."""
        maps = [spikes.bits() for spikes in heard]
        net = None if counts is None else counts.net
        found, state = self.layer(maps, constant, state, net, keep_state=stays)
        return Spikes(found, torch.float32), state


def seconds(run: Callable[[], object]) -> float:
    """Return how long something takes: the best of two or three times."""
    times: list[float] = []
    while len(times) < _LEAST or (len(times) < _MOST and sum(times) < _ENOUGH):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def _steps(m: BitMap) -> int:
    return m.shape[0] * m.shape[1]


class _Kept(NamedTuple):
    others: tuple[ReferenceType[Connection], ...]
    how: tuple[Neuron, tuple[Shape, ...], int]
    sparse: Sparse | None


_kept: WeakKeyDictionary[Connection, list[_Kept]] = WeakKeyDictionary()


def make_sparse(
    connections: Sequence[Connection], neuron: Neuron, shapes: Sequence[Shape]
) -> Sparse | None:
    """Return the event-driven form, made once for the weights and sizes of maps that came last.

    ``None`` where there is none.
    """
    how = (neuron, tuple(shapes), checksum(connections))
    first, *others = connections
    known = _kept.setdefault(first, [])
    for kept in known:
        if kept.how == how and [r() for r in kept.others] == others:
            return kept.sparse
    made = Sparse(connections, neuron, shapes) if EventLayer.can_run(connections, neuron) else None
    known.append(_Kept(tuple(ref(c) for c in others), how, made))
    del known[:-_SIZES]
    return made
