"""The chip's step of sixteen neurons, as LLVM vectors.

From the synaptic sum ``q``: ``u`` decays and takes ``q``; ``v`` decays and takes ``u`` and the
bias, is clipped, is 0 in the refractory period, fires where it is strictly above the threshold, and
is 0 then.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

from spikeseg.emulation.vectors import (
    I16,
    I64,
    INT64,
    LANES,
    VECTOR,
    constant,
    decayed,
    greater,
    less,
    pointer,
    saturated_sum,
    splat,
    wrapped,
)

_U, _V, _REST, _Q, _PARAMETERS, _TALLY, _I, _J, _OFFSETS, _LIMITS = range(10)
_KEEP_U, _BIAS, _THRESHOLD, _KEEP_V, _REFRACTORY = range(5)
_V_MIN, _V_MAX, _SHIFT, _UNUSED_Q, _UNUSED_U = range(5)


class _Sixteen:
    """Builds the step of the neurons that begin at the given indices."""

    def __init__(self, context: Any, b: Any, kinds: Any, given: Any, checked: bool) -> None:
        self.context, self.b, self.kinds, self.given = context, b, kinds, given
        self.checked = checked

    def place(self, k: int, index: Any, item: Any = VECTOR) -> Any:
        return pointer(self.context, self.b, self.kinds[k], self.given[k], index, item)

    def load(self, k: int) -> Any:
        return self.b.load(self.place(k, self.given[_I]), align=4)

    def store(self, value: Any, k: int) -> None:
        self.b.store(value, self.place(k, self.given[_I]), align=4)

    def parameter(self, k: int) -> Any:
        offset = self.b.extract_value(self.given[_OFFSETS], k)
        return self.b.load(self.place(_PARAMETERS, offset), align=4)

    def limit(self, k: int) -> Any:
        return splat(self.b, self.b.extract_value(self.given[_LIMITS], k))

    def wrapped(self, x: Any, unused: int, k: int) -> Any:
        if not self.checked:
            return x
        return wrapped(self.b, x, self.limit(unused), self.place(_TALLY, ir.Constant(I64, k), I64))

    def taken(self) -> Any:
        """Return the sums ``q``, of 16 or 32 bits, in units of 1, and clear them."""
        b, bits = self.b, self.kinds[_Q].dtype.bitwidth
        kind = ir.VectorType(ir.IntType(bits), LANES)
        place = self.place(_Q, self.given[_J], kind)
        found = b.load(place, align=bits // 8)
        b.store(ir.Constant(kind, [0] * LANES), place, align=bits // 8)
        wide = found if bits == 32 else b.sext(found, VECTOR)
        return self.wrapped(b.shl(wide, self.limit(_SHIFT)), _UNUSED_Q, 0)

    def current(self) -> Any:
        """Return ``u`` with the bias; keep ``u``."""
        b = self.b
        u = b.add(decayed(b, self.load(_U), self.parameter(_KEEP_U)), self.taken())
        u = self.wrapped(u, _UNUSED_U, 1)
        self.store(u, _U)
        return self.wrapped(b.add(u, self.parameter(_BIAS)), _UNUSED_U, 2)

    def potential(self, leaky: bool) -> Any:
        """Return ``v`` before it is compared with the threshold."""
        b, now, v = self.b, self.current(), self.load(_V)
        v = decayed(b, v, self.parameter(_KEEP_V)) if leaky else v
        v = saturated_sum(b, v, now) if self.checked else b.add(v, now)
        v = less(b, greater(b, v, self.limit(_V_MIN)), self.limit(_V_MAX))
        if not leaky:
            return v
        resting = b.icmp_signed(">", self.load(_REST), constant(0))
        return b.select(resting, constant(0), v)

    def fires(self, leaky: bool) -> Any:
        """Return who fires; keep ``v`` and the rest of the refractory periods."""
        b, v = self.b, self.potential(leaky)
        fires = b.icmp_signed(">", v, self.parameter(_THRESHOLD))
        self.store(b.select(fires, constant(0), v), _V)
        if leaky:
            rest = b.select(fires, self.parameter(_REFRACTORY), self.load(_REST))
            self.store(greater(b, b.sub(rest, constant(1)), constant(0)), _REST)
        return fires


def stepper(leaky: bool, checked: bool) -> Callable[..., int]:
    """Return a function that steps sixteen neurons and returns bits, 1 for those that fire.

    It takes ``u``, ``v``, the steps until the end of the refractory periods, ``q``, the parameters,
    the tally of wraps (3,); the index of the first neuron in the first three and in ``q``; where in
    the parameters keep_u, bias, threshold, keep_v, refractory are; (v_min, v_max, shift of q,
    unused bits of ``q`` and of ``u``).

    Args:
        leaky: with decay of the potential and refractory periods.
        checked: with the wraps of ``q``, ``u`` and ``u + bias``, and a ``v_min`` of any depth.
    """

    def step(
        typing: Any,
        u: Any,
        v: Any,
        rest: Any,
        q: Any,
        p: Any,
        n: Any,
        i: Any,
        j: Any,
        o: Any,
        s: Any,
    ) -> Any:
        def generate(context: Any, b: Any, signature: Any, given: Any) -> Any:
            fires = _Sixteen(context, b, signature.args, given, checked).fires(leaky)
            return b.zext(b.bitcast(fires, I16), I64)

        return INT64(u, v, rest, q, p, n, INT64, INT64, o, s), generate

    made: Callable[..., int] = intrinsic(step)
    return made
