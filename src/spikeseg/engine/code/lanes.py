"""Vectors of float32 or float64 in LLVM's words, with Python's operators.

A function that is written with operators only, a surrogate or a neuron's step, takes `Lanes` as it
takes a number, and leaves behind the instructions that compute it: no compiler has to understand
Python, and none has to find out what may be done at once. LLVM splits the vectors for the
processor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()
_QUIET_NAN = 0x7FC0
_NO_TRUTH = "an `if`, `and`, `or` or `not` looks at values, of which there are many"


def splat(kind: Any, value: float) -> Any:
    """Return a constant vector."""
    return ir.Constant(kind, [value] * kind.count)


@dataclass(frozen=True, eq=False)
class Mask:
    """What a comparison of vectors of ``kind`` says of each lane; as a number 1 or 0."""

    b: Any
    value: Any
    kind: Any

    def number(self) -> "Lanes":
        """Return 1 and 0."""
        one, zero = splat(self.kind, 1.0), splat(self.kind, 0.0)
        return Lanes(self.b, self.b.select(self.value, one, zero))

    def choose(self, yes: "Lanes", no: "Lanes") -> "Lanes":
        """Return the one where it holds and the other where not."""
        return Lanes(self.b, self.b.select(self.value, yes.value, no.value))

    def __mul__(self, other: Any) -> "Lanes":
        product: Lanes = self.number() * other
        return product

    __rmul__ = __mul__

    def __and__(self, other: "Mask") -> "Mask":
        return Mask(self.b, self.b.and_(self.value, other.value), self.kind)

    def __or__(self, other: "Mask") -> "Mask":
        return Mask(self.b, self.b.or_(self.value, other.value), self.kind)

    def __bool__(self) -> bool:
        raise TypeError(_NO_TRUTH)


@dataclass(frozen=True, eq=False)
class Lanes:
    """A vector of numbers and the builder that its operators write to."""

    b: Any
    value: Any

    def _of(self, other: Any) -> Any:
        if isinstance(other, Mask):
            other = other.number()
        return other.value if isinstance(other, Lanes) else splat(self.value.type, float(other))

    def __add__(self, other: Any) -> "Lanes":
        return Lanes(self.b, self.b.fadd(self.value, self._of(other)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Lanes":
        return Lanes(self.b, self.b.fsub(self.value, self._of(other)))

    def __rsub__(self, other: Any) -> "Lanes":
        return Lanes(self.b, self.b.fsub(self._of(other), self.value))

    def __mul__(self, other: Any) -> "Lanes":
        return Lanes(self.b, self.b.fmul(self.value, self._of(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Lanes":
        return Lanes(self.b, self.b.fdiv(self.value, self._of(other)))

    def __rtruediv__(self, other: Any) -> "Lanes":
        return Lanes(self.b, self.b.fdiv(self._of(other), self.value))

    def __neg__(self) -> "Lanes":
        return 0.0 - self

    def __abs__(self) -> "Lanes":
        return (self < 0.0).choose(-self, self)

    def _compared(self, sign: str, other: Any) -> Mask:
        compare = self.b.fcmp_unordered if sign == "!=" else self.b.fcmp_ordered
        found = compare(sign, self.value, self._of(other))
        return Mask(self.b, found, self.value.type)

    def __bool__(self) -> bool:
        raise TypeError(_NO_TRUTH)

    def __eq__(self, other: object) -> Mask:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Mask:  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: Any) -> Mask:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Mask:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Mask:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Mask:
        return self._compared(">=", other)


def every(b: Any, value: Any, width: int) -> Lanes:
    """Return a float in every lane."""
    kind = ir.VectorType(value.type, width)
    one = b.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, width), [0] * width)
    return Lanes(b, b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros))


def _place(b: Any, array: Any, index: Any, width: int) -> tuple[Any, int]:
    item = array.type.pointee
    size = item.width // 8 if isinstance(item, ir.IntType) else 4 if item == FLOAT else 8
    return b.bitcast(b.gep(array, [index]), ir.VectorType(item, width).as_pointer()), size


def load(b: Any, array: Any, index: Any, width: int) -> Lanes:
    """Return ``array[index:]`` of floats, or of bfloat16, whose bits are int16."""
    place, size = _place(b, array, index, width)
    found = b.load(place, align=size)
    if size == 2:
        wide = ir.VectorType(I32, width)
        bits = b.shl(b.zext(found, wide), splat(wide, 16))
        found = b.bitcast(bits, ir.VectorType(FLOAT, width))
    return Lanes(b, found)


def store(b: Any, array: Any, index: Any, lanes: Lanes) -> None:
    """Write to ``array[index:]``; bfloat16 is rounded to nearest, ties to even; bytes are cut."""
    count = lanes.value.type.count
    place, size = _place(b, array, index, count)
    value = lanes.value
    if size == 1:
        value = b.fptosi(value, ir.VectorType(I8, count))
    elif size == 2:
        value = _rounded(b, value)
    b.store(value, place, align=size)


def add_to(b: Any, array: Any, index: Any, lanes: Lanes) -> None:
    """Add to ``array[index:]`` of float64."""
    width = lanes.value.type.count
    place, size = _place(b, array, index, width)
    more = b.fpext(lanes.value, ir.VectorType(DOUBLE, width))
    b.store(b.fadd(b.load(place, align=size), more), place, align=size)


def _rounded(b: Any, value: Any) -> Any:
    wide = ir.VectorType(I32, value.type.count)
    bits, half = b.bitcast(value, wide), splat(wide, 16)
    odd = b.and_(b.lshr(bits, half), splat(wide, 1))
    nearest = b.lshr(b.add(bits, b.add(odd, splat(wide, 0x7FFF))), half)
    nan = b.fcmp_unordered("uno", value, value)
    kept = b.select(nan, splat(wide, _QUIET_NAN), nearest)
    return b.trunc(kept, ir.VectorType(I16, value.type.count))


def loop(
    b: Any,
    ends: tuple[Any, Any, Any],
    carried: Sequence[Any],
    body: Callable[[Any, list[Any]], Sequence[Any]],
) -> list[Any]:
    """Write a loop from ``ends`` (first, behind the last, step); return what it carried on."""
    first, stop, step = ends
    before = b.block
    head, inside, behind = (b.append_basic_block() for _ in range(3))
    b.branch(head)
    b.position_at_end(head)
    index, values = b.phi(I64), [b.phi(value.type) for value in carried]
    b.cbranch(b.icmp_signed("<", index, stop), inside, behind)
    b.position_at_end(inside)
    found = body(index, values)
    following = b.add(index, step)
    for phi, start, end in zip(
        [index, *values], [first, *carried], [following, *found], strict=True
    ):
        phi.add_incoming(start, before)
        phi.add_incoming(end, b.block)
    b.branch(head)
    b.position_at_end(behind)
    return values
