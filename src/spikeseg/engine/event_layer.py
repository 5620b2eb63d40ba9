"""A population that hears others through convolutions only, event by event.

Weights are exact float32, spikes are bits, and currents are never written to memory: only the order
in which they are added up differs from a dense convolution's.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.bit_map import BitMap
from spikeseg.engine.event_code import bits_of_bytes
from spikeseg.engine.event_neurons import can_trace, kept_of
from spikeseg.engine.event_plan import passes_of, rooms_of, table_of
from spikeseg.engine.event_row import Plan, Source, write_layer
from spikeseg.engine.event_taps import Taps, is_one_sum, taps_of
from spikeseg.engine.host import compile_module
from spikeseg.engine.native import share
from spikeseg.errors import ShapeError
from spikeseg.graph import Connection
from spikeseg.graph.transforms import Shape
from spikeseg.neurons import Neuron, State

_ALIGNMENT = 64
_LAST = torch.channels_last


class _Given(NamedTuple):
    state: State | None
    counts: Tensor | None
    keep_state: bool


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
        self._sums = [taps_of(c, s) for c, s in zip(connections, shapes, strict=True)]
        outs = [(t.weight.shape[3], t.rows.out, t.columns.out) for t in self._sums]
        if len(set(outs)) != 1:
            raise ShapeError(f"the connections give shapes {outs}; make them agree.")
        self.shape: Shape = outs[0]
        self._shapes = [tuple(shape) for shape in shapes]
        self.plan = _plan(neuron, self.shape, self._sums)
        self._fixed = self._memory()

    @staticmethod
    def can_run(connections: Sequence[Connection], neuron: Neuron) -> bool:
        """Return whether all connections are single convolutions and the spikes are 0 and 1."""
        fits = bool(connections) and all(is_one_sum(c) for c in connections)
        return fits and neuron.spike_levels == (0, 1) and can_trace(neuron)

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
        steps, batch = self._check(sources, constant, state, counts)
        out = BitMap.room((steps, batch, *self.shape))
        planes = _Planes(self, batch, _Given(state, counts, keep_state))
        still = None if constant is None else _last(constant)
        given = {"steps": steps, "batch": batch, "out": out.words.data_ptr()}
        given["constant"] = 0 if still is None else still.data_ptr()
        words = [source.words.contiguous() for source in sources]
        given |= {f"words{i}": w.data_ptr() for i, w in enumerate(words)}
        given |= planes.arguments | {k: a.ctypes.data for k, a in self._fixed.items()}
        self._run([given[name] for name in self.plan.names], batch, steps)
        planes.finish()
        return out, planes.state

    def _run(self, arguments: list[int], batch: int, steps: int) -> None:
        function = _compiled(self.plan).function
        table = np.array(arguments, np.int64)
        size = self.plan.scratch["size"]

        def work(first: int, last: int) -> None:
            memory = np.zeros(size + _ALIGNMENT, np.uint8)
            place = memory.ctypes.data
            function(table.ctypes.data, first, last, place + -place % _ALIGNMENT)

        share(work, batch * self.shape[1], batch * steps * int(np.prod(self.shape)))

    def _memory(self) -> dict[str, Any]:
        """Return what the code reads besides maps and states, by argument."""
        width, plan = self.shape[2], self.plan
        bias = np.float32(sum(sums.bias for sums in self._sums))
        found = {"bias": np.tile(np.broadcast_to(bias, self.shape[:1]), width)}
        found["zeros"] = np.zeros(max(s.words for s in plan.sources), np.int64)
        found["bytes_of"] = _aligned(bits_of_bytes())
        found |= {f"reach{i}": _reach(sums) for i, sums in enumerate(self._sums)}
        for i, made in enumerate(plan.passes):
            found[f"table{i}"] = _aligned(table_of(made, self._sums[made.source]))
        return found

    def _check(
        self,
        sources: Sequence[BitMap],
        constant: Tensor | None,
        state: State | None,
        counts: Tensor | None,
    ) -> tuple[int, int]:
        """Return T and B of what is given."""
        found, wanted = [s.shape[2:] for s in sources], self._shapes
        if found != wanted or len({s.shape[:2] for s in sources}) != 1:
            raise ShapeError(
                f"the layer hears spikes of shapes {[s.shape for s in sources]}; it is made for "
                f"(T, B, C, H, W) with C, H, W of {wanted} and the same T and B in all."
            )
        steps, batch = sources[0].shape[:2]
        planes = {"constant": constant, "counts": counts}
        planes |= {} if state is None else {k: getattr(state, k) for k in self.plan.kept}
        for name, plane in planes.items():
            if plane is not None and plane.shape != (batch, *self.shape):
                raise ShapeError(
                    f"{name} has shape {tuple(plane.shape)}; it must be {(batch, *self.shape)}."
                )
        return steps, batch


class _Planes:
    """States and counts in memory as the code wants them: from where, how far apart, and to where.

    Attributes:
        arguments: of the code.
        state: the state afterwards; ``None`` if it is not to be kept.
    """

    def __init__(self, layer: EventLayer, batch: int, given: _Given) -> None:
        plan, width = layer.plan, layer.shape[2]
        shape = (batch, *layer.shape)
        nothing = torch.zeros(()).expand(shape)
        whole = given.state or State(nothing, nothing, nothing)
        kept = {name: torch.empty(shape, memory_format=_LAST) for name in plan.kept}
        self.state = whole._replace(**kept) if given.keep_state else None
        self._rows: dict[str, Any] = {}
        for name in plan.kept:
            start = layer.neuron.v_initial if name == "v" else 0.0
            row = np.tile(np.broadcast_to(np.asarray(start, np.float32), shape[1]), width)
            before = None if given.state is None else _last(getattr(given.state, name))
            self._rows[name] = (before, row, kept[name] if given.keep_state else None)
        zeros = np.zeros(shape[1] * width, np.float32)
        self._given = given.counts
        self._counts = None if given.counts is None else _last(given.counts)
        self._rows["counts"] = (self._counts, zeros, self._counts)
        self.arguments: dict[str, int] = {}
        for name, (before, row, after) in self._rows.items():
            source = row.ctypes.data if before is None else before.data_ptr()
            self.arguments[f"{name}_in"] = source
            self.arguments[f"{name}_stride"] = 0 if before is None else row.nbytes
            self.arguments[f"{name}_out"] = 0 if after is None else after.data_ptr()

    def finish(self) -> None:
        """Write counts to where they are wanted, if they could not be written there."""
        if self._given is not None and self._counts is not self._given:
            assert self._counts is not None
            self._given.copy_(self._counts)


def _reach(sums: Taps) -> Any:
    """Return for each output row its phase, and for each slot the input row or -1, int32."""
    axis = sums.rows
    phases = [(axis.down * o + axis.cut) % axis.up for o in range(axis.out)]
    rows = [[phases[o], *(x for x, _ in axis.reaching(o))] for o in range(axis.out)]
    return np.array(rows, np.int32)


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


class _Compiled(NamedTuple):
    function: Callable[..., None]
    owner: Any  # of the code; keeps it in memory


@cache
def _compiled(plan: Plan) -> _Compiled:
    owner = compile_module(write_layer(plan))
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_void_p)
    return _Compiled(kind(owner.get_function_address("run")), owner)


def _aligned(array: Any) -> Any:
    """Return the array where a line of the caches begins."""
    room = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    first = -room.ctypes.data % _ALIGNMENT
    placed = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    placed[...] = array
    return placed
