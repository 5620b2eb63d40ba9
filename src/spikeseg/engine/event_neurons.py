"""The neurons of a layer that hears events: one step of a row, spikes as bits."""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from spikeseg.engine.lanes import FLOAT, I16, I64, Lanes, Mask, load, loop, store
from spikeseg.neurons import Neuron, Parameters, State

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


def can_trace(neuron: Neuron) -> bool:
    """Return whether a neuron's step is written with operators that `Lanes` has."""
    function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), []), "trace")
    b = ir.IRBuilder(function.append_basic_block())
    kind = ir.VectorType(FLOAT, LANES)
    x = Lanes(b, ir.Constant(kind, ir.Undefined))
    try:
        spike, _ = neuron.step(x, State(x, x, x), neuron.parameters)
    except (TypeError, AttributeError, ValueError):
        return False
    return isinstance(spike, Mask | Lanes)


class Rows(NamedTuple):
    """Addresses of rows of floats: currents, what they start from, states by name, counts."""

    currents: Any
    start: Any
    states: dict[str, Any]
    counts: Any


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

    def pack(i: Any, _: list[Any]) -> list[Any]:
        b.store(_bits(b, neuron, rows, b.mul(i, ir.Constant(I64, LANES))), b.gep(out, [i]))
        return []

    loop(b, (ir.Constant(I64, 0), ir.Constant(I64, full), ir.Constant(I64, 1)), [], pack)
    for more in range(full, -(-length // 64) * 4):
        bits = ir.Constant(I16, 0)
        if more == full and rest:
            found = _bits(b, neuron, rows, ir.Constant(I64, LANES * full))
            bits = b.and_(found, ir.Constant(I16, (1 << rest) - 1))
        b.store(bits, b.gep(out, [ir.Constant(I64, more)]))


def _bits(b: Any, neuron: Neuron, rows: Rows, i: Any) -> Any:
    """Write one step of a vector of neurons; return the bits of its spikes."""
    x = load(b, rows.currents, i, LANES)
    store(b, rows.currents, i, load(b, rows.start, i, LANES))
    zeros = Lanes(b, ir.Constant(x.value.type, [0.0] * LANES))
    before = {name: load(b, row, i, LANES) for name, row in rows.states.items()}
    state = State(**{name: before.get(name, zeros) for name in State._fields})
    spike, after = neuron.step(x, state, Parameters(*map(float, neuron.parameters)))
    for name, row in rows.states.items():
        store(b, row, i, getattr(after, name))
    fired = spike if isinstance(spike, Mask) else spike > 0.5
    store(b, rows.counts, i, load(b, rows.counts, i, LANES) + fired)
    return b.bitcast(fired.value, I16)
