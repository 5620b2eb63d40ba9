"""What the code of a layer that hears events reads besides maps and states."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spikeseg.engine.code.host import address
from spikeseg.engine.event.code import bits_of_bytes
from spikeseg.engine.event.plan import table_of
from spikeseg.engine.event.row import Plan
from spikeseg.engine.event.taps import Taps
from spikeseg.neurons import Neuron

ALIGNMENT = 64  # bytes of a line of the caches


def memory_of(plan: Plan, sums: Sequence[Taps], neuron: Neuron) -> dict[str, Any]:
    """Return the arrays that are the same in every call, by argument; ``v_first``: initial rows."""
    bias = np.float32(sum((taps.bias for taps in sums), np.zeros(1)))
    found = {"bias": _row(plan, bias), "bytes_of": _aligned(bits_of_bytes())}
    for name in plan.kept:
        found[f"{name}_first"] = _row(plan, neuron.v_initial if name == "v" else 0.0)
    found["zeros"] = np.zeros(max((s.words for s in plan.sources), default=1), np.int64)
    found |= {f"reach{i}": _reach(taps) for i, taps in enumerate(sums)}
    tables = (table_of(made, sums[made.source]) for made in plan.passes)
    return found | {f"table{i}": _aligned(table) for i, table in enumerate(tables)}


def _row(plan: Plan, values: Any) -> Any:
    """Return a value for each channel as a row of the output, float32, and zeros behind it."""
    channels, _, width = plan.shape
    row = np.zeros(plan.rooms.row, np.float32)
    row[: channels * width] = np.tile(np.broadcast_to(np.float32(values), channels), width)
    return _aligned(row)


def _reach(taps: Taps) -> Any:
    """Return for each output row its phase, and for each slot the input row or -1, int32."""
    axis = taps.rows
    phases = [(axis.down * o + axis.cut) % axis.up for o in range(axis.out)]
    rows = [[phases[o], *(x for x, _ in axis.reaching(o))] for o in range(axis.out)]
    return np.array(rows, np.int32)


def _aligned(array: Any) -> Any:
    """Return the array where a line of the caches begins."""
    room = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    first = -address(room) % ALIGNMENT
    placed = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    placed[...] = array
    return placed
