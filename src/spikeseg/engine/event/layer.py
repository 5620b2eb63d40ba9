"""A population that hears others through convolutions only, event by event.

Weights are exact float32, spikes are bits, and currents are never written to memory: only the order
in which they are added up differs from a dense convolution's.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.code.host import Compiled, address, compile_function
from spikeseg.engine.event.bit_map import BitMap
from spikeseg.engine.event.memory import ALIGNMENT, memory_of
from spikeseg.engine.event.neurons import can_trace, kept_of
from spikeseg.engine.event.plan import passes_of, rooms_of
from spikeseg.engine.event.row import Plan, Source, write_layer
from spikeseg.engine.event.taps import Taps, is_one_sum, taps_of
from spikeseg.engine.threads import share
from spikeseg.errors import ShapeError
from spikeseg.graph import Connection
from spikeseg.graph.transforms import Shape
from spikeseg.neurons import Neuron, State

_LAST = torch.channels_last

_MOST_COMPILED = 64  # layers, of whatever size


class EventLayer:
    """One population that hears others through convolutions only, event by event.

    Args:
        connections: from the populations that it hears; their currents add up.
        neuron: what it consists of.
        shapes: (C, H, W) of each of the populations that it hears.

    Raises:
        ShapeError: a connection does not fit its shape, or two connections give different ones.
    """

    def __init__(
        self, connections: Sequence[Connection], neuron: Neuron, shapes: Sequence[Shape]
    ) -> None:
        self.neuron = neuron
        sums = [taps_of(c, s) for c, s in zip(connections, shapes, strict=True)]
        outs = [(t.weight.shape[3], t.rows.out, t.columns.out) for t in sums]
        if len(set(outs)) != 1:
            raise ShapeError(f"the connections give shapes {outs}; make them agree.")
        self.shape: Shape = outs[0]
        self.source_shapes = [(c, h, w) for c, h, w in shapes]
        self.plan = _plan(neuron, self.shape, sums)
        self._names, self._size = self.plan.names, self.plan.scratch["size"]
        self._compiled: Compiled | None = None
        self._memory = memory_of(self.plan, sums, neuron)  # its addresses are in use
        self._fixed = {name: address(array) for name, array in self._memory.items()}

    @staticmethod
    def can_run(connections: Sequence[Connection], neuron: Neuron) -> bool:
        """Return whether all connections are single convolutions and the spikes are 0 and 1."""
        fits = bool(connections) and all(is_one_sum(c) for c in connections)
        return fits and neuron.spike_levels == (0, 1) and can_trace(neuron.step)

    def __call__(
        self,
        sources: Sequence[BitMap],
        constant: Tensor | None = None,
        state: State | None = None,
        counts: Tensor | None = None,
        *,
        keep_state: bool = True,
    ) -> tuple[BitMap, State | None]:
        """Run all steps of the spikes that are heard.

        Args:
            sources: the spikes of each population that is heard, all of the same T and B.
            constant: (B, C, H, W) float32, a current that is the same in every step.
            state: as after the step before, (B, C, H, W) each; ``None`` is before the first one.
            counts: (B, C, H, W) float32 in channels_last memory; the spikes are added to it.
            keep_state: whether to return the state; without it potentials never go to memory.

        Returns:
            The spikes, and the state, as far as the neuron needs it, in channels_last memory; what
            it does not need is as given, or 0.

        Raises:
            ShapeError: something does not fit.
        """
        steps, batch = self._extent(sources)
        self._check(batch, constant, state, counts)
        out = BitMap.room((steps, batch, *self.shape))
        after = self._room(batch, state) if keep_state else None
        tally = None if counts is None else _last(counts)
        given = {"out": out.words, "counts": tally} | self._states(state, after)
        given["constant"] = None if constant is None else _last(constant)
        given |= {f"words{i}": source.words.contiguous() for i, source in enumerate(sources)}
        self._run(given | {"steps": steps, "batch": batch})
        if counts is not None and tally is not None and tally is not counts:
            counts.copy_(tally)
        return out, after

    def _room(self, batch: int, state: State | None) -> State:
        """Return where states are written to; those that are not needed stay as they are."""
        shape = (batch, *self.shape)
        nothing = torch.zeros(()).expand(shape)
        kept = {name: torch.empty(shape, memory_format=_LAST) for name in self.plan.kept}
        return (state or State(nothing, nothing, nothing))._replace(**kept)

    def _states(self, state: State | None, after: State | None) -> dict[str, Any]:
        """Return where states are read from, how far their rows are apart, and where they go."""
        found: dict[str, Any] = {}
        for name in self.plan.kept:
            found[f"{name}_in"] = (
                self._fixed[f"{name}_first"] if state is None else _last(getattr(state, name))
            )
            found[f"{name}_stride"] = 0 if state is None else 4 * self.shape[0] * self.shape[2]
            found[f"{name}_out"] = None if after is None else getattr(after, name)
        return found

    def _run(self, given: dict[str, Any]) -> None:
        compiled = self._compiled = self._compiled or _compiled(self.plan)
        given = given | self._fixed
        table = np.array([_number(given[name]) for name in self._names], np.int64)
        size, given_at = self._size, address(table)

        def work(first: int, last: int) -> None:
            memory = np.zeros(size + ALIGNMENT, np.uint8)
            place = address(memory)
            compiled.function(given_at, first, last, place + -place % ALIGNMENT)

        rows = int(given["batch"]) * self.shape[1]
        share(work, rows, rows * given["steps"] * self.shape[0] * self.shape[2])

    def _extent(self, sources: Sequence[BitMap]) -> tuple[int, int]:
        """Return T and B."""
        found = {s.shape[:2] for s in sources}
        if len(found) != 1 or [s.shape[2:] for s in sources] != self.source_shapes:
            raise ShapeError(
                f"the layer hears spikes of shapes {[s.shape for s in sources]}; it is made for "
                f"(T, B, C, H, W) with C, H, W of {self.source_shapes} and the same T and B in all."
            )
        return found.pop()

    def _check(
        self, batch: int, constant: Tensor | None, state: State | None, counts: Tensor | None
    ) -> None:
        """Refuse what does not have the shape of the layer."""
        planes = {"constant": constant, "counts": counts}
        planes |= {} if state is None else {k: getattr(state, k) for k in self.plan.kept}
        for name, plane in planes.items():
            if plane is not None and plane.shape != (batch, *self.shape):
                raise ShapeError(
                    f"{name} has shape {tuple(plane.shape)}; it must be {(batch, *self.shape)}."
                )


def _last(tensor: Tensor) -> Tensor:
    return tensor.float().contiguous(memory_format=_LAST)


def _plan(neuron: Neuron, shape: Shape, sums: Sequence[Taps]) -> Plan:
    passes = [made for i, taps in enumerate(sums) for made in passes_of(i, taps)]
    sources = tuple(
        Source(t.rows.size, -(-t.columns.size * t.weight.shape[2] // 64), t.rows.slots)
        for t in sums
    )
    rooms = rooms_of(passes, shape[2], shape[0])
    alike = replace(neuron, v_initial=0.0)  # which is no part of the code
    return Plan(alike, kept_of(neuron), shape, sources, tuple(passes), rooms)


def compile_layer(plan: Plan) -> Compiled:
    """Return the function of a layer, for this processor."""
    arguments = [ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p]
    return compile_function(write_layer(plan), "run", arguments)


_compiled = lru_cache(_MOST_COMPILED)(compile_layer)


def _number(value: Any) -> int:
    """Return an argument of the code: an address, or a number as it is."""
    return value.data_ptr() if isinstance(value, Tensor) else value or 0
