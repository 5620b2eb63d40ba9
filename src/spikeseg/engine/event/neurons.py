"""The neurons of a layer that hears events: one step of a row, spikes as bits."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from spikeseg.engine.code.lanes import FLOAT, I16, I64, Lanes, Mask, load, loop, store
from spikeseg.neurons import Neuron, Parameters, State, Step

LANES = 16


def kept_of(neuron: Neuron) -> tuple[str, ...]:
    """Return which states a neuron needs from the step before: ``v``, and ``u`` and ``n`` if so.

    >>> kept_of(Neuron("if_soft")), kept_of(Neuron("lif_hard", tau_syn=2.0))
    (('v',), ('v', 'u'))
    """
    random = np.random.default_rng(0)
    x, u, v, n = (random.normal(size=1000) * neuron.v_threshold for _ in range(4))
    spike, after = neuron.step(x, State(u, v, n), neuron.parameters)

    def differs(other: State) -> bool:
        fired, then = neuron.step(x, other, neuron.parameters)
        same = np.array_equal(fired, spike) and np.array_equal(then.v, after.v)
        return not same

    needed = ("u",) if differs(State(-u, v, n)) else ()
    counts = differs(State(u, v, -n)) or not np.array_equal(after.n, n)
    return ("v", *needed, *(("n",) if counts else ()))


@cache
def can_trace(step: Step) -> bool:
    """Return whether a neuron's step is written with operators that `Lanes` has."""
    function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), []), "trace")
    b = ir.IRBuilder(function.append_basic_block())
    kind = ir.VectorType(FLOAT, LANES)
    x = Lanes(b, ir.Constant(kind, ir.Undefined))
    try:
        spike, _ = step(x, State(x, x, x), Parameters(x, x, x, x))
    except (TypeError, AttributeError, ValueError):
        return False
    return isinstance(spike, Mask | Lanes)


class Start(NamedTuple):
    """What currents start from: so many floats, again and again."""

    values: Any
    period: Any


class Rows(NamedTuple):
    """A row of neurons: pointers to currents and states, and what currents start from."""

    currents: Any
    start: Start
    states: dict[str, Any]


class Fired(NamedTuple):
    """Bits of a row: pointer to int16, numbers from one step to the next, and steps."""

    bits: Any
    stride: Any
    steps: Any


def write_reset(b: Any, rows: Rows, length: int) -> None:
    """Set currents to their start."""

    def pack(i: Any, place: Any) -> None:
        store(b, rows.currents, i, load(b, rows.start.values, place, LANES))

    _over_packs(b, rows.start, -(-length // LANES), pack)


def _over_packs(b: Any, start: Start, packs: int, body: Callable[[Any, Any], None]) -> Any:
    """Write a loop over vectors of neurons and of what currents start from; return its end."""
    width = ir.Constant(I64, LANES)

    def inside(i: Any, places: list[Any]) -> list[Any]:
        body(i, places[0])
        following = b.add(places[0], width)
        wraps = b.icmp_signed("==", following, start.period)
        return [b.select(wraps, ir.Constant(I64, 0), following)]

    zero = ir.Constant(I64, 0)
    (place,) = loop(b, (zero, ir.Constant(I64, packs * LANES), width), [zero], inside)
    return place


def write_step(b: Any, neuron: Neuron, rows: Rows, out: Any, length: int) -> None:
    """Write one step of ``length`` neurons.

    Args:
        b: the builder.
        neuron: what they are.
        rows: their memory; currents are set back to their start.
        out: pointer to int16, where bits go to; those behind the last neuron are 0.
        length: how many neurons.
    """
    full, rest = divmod(length, LANES)

    def pack(i: Any, place: Any) -> None:
        which = b.lshr(i, ir.Constant(I64, 4))
        b.store(_bits(b, neuron, rows, i, place), b.gep(out, [which]))

    place = _over_packs(b, rows.start, full, pack)
    for more in range(full, -(-length // 64) * 4):
        bits = ir.Constant(I16, 0)
        if more == full and rest:
            found = _bits(b, neuron, rows, ir.Constant(I64, LANES * full), place)
            bits = b.and_(found, ir.Constant(I16, (1 << rest) - 1))
        b.store(bits, b.gep(out, [ir.Constant(I64, more)]))


def _bits(b: Any, neuron: Neuron, rows: Rows, i: Any, place: Any) -> Any:
    """Write one step of a vector of neurons; return the bits of its spikes."""
    x = load(b, rows.currents, i, LANES)
    store(b, rows.currents, i, load(b, rows.start.values, place, LANES))
    zeros = Lanes(b, ir.Constant(x.value.type, [0.0] * LANES))
    before = {name: load(b, row, i, LANES) for name, row in rows.states.items()}
    state = State(**{name: before.get(name, zeros) for name in State._fields})
    spike, after = neuron.step(x, state, Parameters(*map(float, neuron.parameters)))
    for name, row in rows.states.items():
        store(b, row, i, getattr(after, name))
    fired = spike if isinstance(spike, Mask) else spike > 0.5
    return b.bitcast(fired.value, I16)


def write_counts(b: Any, fired: Fired, counts: Any, length: int) -> None:
    """Add the spikes of all steps to a row of ``counts``."""
    full, rest = divmod(length, LANES)
    zero, one, whole = (ir.Constant(I64, n) for n in (0, 1, full))

    def bits(which: Any, t: Any) -> Any:
        return b.load(b.gep(fired.bits, [b.add(which, b.mul(t, fired.stride))]))

    def pack(which: Any, _: list[Any]) -> list[Any]:
        i = b.shl(which, ir.Constant(I64, 4))

        def more(t: Any, totals: list[Any]) -> list[Any]:
            mask = b.bitcast(bits(which, t), ir.VectorType(ir.IntType(1), LANES))
            return [(Lanes(b, totals[0]) + Mask(b, mask, ir.VectorType(FLOAT, LANES))).value]

        before = load(b, counts, i, LANES).value
        store(b, counts, i, Lanes(b, *loop(b, (zero, fired.steps, one), [before], more)))
        return []

    def last(k: Any, _: list[Any]) -> list[Any]:
        place = b.gep(counts, [b.add(k, ir.Constant(I64, full * LANES))])

        def more(t: Any, totals: list[Any]) -> list[Any]:
            bit = b.and_(b.lshr(b.zext(bits(whole, t), I64), k), one)
            return [b.fadd(totals[0], b.uitofp(bit, FLOAT))]

        b.store(*loop(b, (zero, fired.steps, one), [b.load(place)], more), place)
        return []

    loop(b, (zero, whole, one), [], pack)
    loop(b, (zero, ir.Constant(I64, rest), one), [], last)
