"""When a population is better computed event by event: by what both ways cost here and now."""

import time
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from spikeseg.engine.event.cost import measure_cost
from spikeseg.engine.event.layer import EventLayer
from spikeseg.engine.scan import Counts
from spikeseg.engine.spikes import Spikes
from spikeseg.graph import Connection
from spikeseg.graph.transforms import Shape
from spikeseg.neurons import Neuron, State

_ROUNDS = 3


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
        self._dense_seconds: dict[int, float] = {}

    def pays(self, heard: Sequence[Spikes], run_dense: Callable[[], object]) -> bool:
        """Return whether events are faster for these spikes.

        Args:
            heard: what the population hears.
            run_dense: one step of one image, computed densely.
        """
        threads = torch.get_num_threads()
        if threads not in self._dense_seconds:
            self._dense_seconds[threads] = _seconds(run_dense)
        maps = [spikes.bits() for spikes in heard]
        steps = maps[0].shape[0] * maps[0].shape[1]
        cost = measure_cost(self.layer).seconds(steps, sum(m.count() for m in maps))
        return cost < self._dense_seconds[threads] * steps

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


_made: WeakKeyDictionary[Connection, tuple[object, Sparse]] = WeakKeyDictionary()


def make_sparse(
    connections: Sequence[Connection], neuron: Neuron, shapes: Sequence[Shape]
) -> Sparse:
    """Return the event-driven form, made once for maps of the size that came last."""
    key = (tuple(connections), neuron, tuple(shapes))
    found = _made.get(connections[0])
    if found is None or found[0] != key:
        found = _made[connections[0]] = (key, Sparse(connections, neuron, shapes))
    return found[1]


def _seconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)
