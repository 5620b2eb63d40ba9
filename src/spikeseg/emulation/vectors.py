"""Sixteen neurons at once: the instructions that the compiled loops are made of.

Numba turns ``int32`` arithmetic into ``int64``, which halves the lanes of a vector, and no loop
with a compaction is vectorized. So the inner steps are written as LLVM vectors; LLVM splits them
where a processor has narrower ones. No function checks bounds.
"""

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.extending import intrinsic

LANES = 16
I1, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 16, 32, 64))
VECTOR = ir.VectorType(I32, LANES)
_COMPRESS = "llvm.x86.avx512.mask.compress.v16i32"
INT64 = numba.types.int64


def pointer(context: Any, b: Any, kind: Any, array: Any, index: Any, item: Any) -> Any:
    """Return the place of ``array[index]``, as the place of an ``item``."""
    data = context.make_array(kind)(context, b, array).data
    return b.bitcast(b.gep(data, [index]), item.as_pointer())


def constant(value: int) -> Any:
    """Return sixteen times a number."""
    return ir.Constant(VECTOR, [value] * LANES)


def splat(b: Any, value: Any) -> Any:
    """Return sixteen copies of the low 32 bits of an int64."""
    empty = ir.Constant(VECTOR, ir.Undefined)
    first = b.insert_element(empty, b.trunc(value, I32), ir.Constant(I32, 0))
    return b.shuffle_vector(first, empty, constant(0))


def greater(b: Any, x: Any, y: Any) -> Any:
    """Return the greater of each two."""
    return b.select(b.icmp_signed(">", x, y), x, y)


def less(b: Any, x: Any, y: Any) -> Any:
    """Return the less of each two."""
    return b.select(b.icmp_signed("<", x, y), x, y)


def decayed(b: Any, x: Any, keep: Any) -> Any:
    """Return x * keep / 4096 toward zero, cut at 12 bits so that no product exceeds 32."""
    rounding = b.and_(b.ashr(x, constant(31)), constant(4095))
    low = b.mul(b.and_(x, constant(4095)), keep)
    high = b.mul(b.ashr(x, constant(12)), keep)
    return b.add(high, b.ashr(b.add(low, rounding), constant(12)))


def wrapped(b: Any, x: Any, unused: Any, tally: Any) -> Any:
    """Return two's complement without the highest bits; add to ``tally`` how many changed."""
    kept = b.ashr(b.shl(x, unused), unused)
    changed = b.bitcast(b.icmp_signed("!=", kept, x), I16)
    b.store(b.add(b.load(tally), b.zext(b.ctpop(changed), I64)), tally)
    return kept


def saturated_sum(b: Any, x: Any, y: Any) -> Any:
    """Return x + y; beyond 32 bits, the end of the range."""
    total = b.add(x, y)
    overflow = b.and_(b.xor(x, total), b.xor(y, total))
    end = b.xor(b.ashr(total, constant(31)), constant(-(2**31)))
    return b.select(b.icmp_signed("<", overflow, constant(0)), end, total)


def adder(lanes: int, count: int) -> Callable[..., None]:
    """Return a function (q, i, w, j) that adds ``count * lanes`` numbers of w[j:] to q[i:]."""

    def add(typing: Any, q: Any, i: Any, w: Any, j: Any) -> Any:
        def generate(context: Any, b: Any, signature: Any, given: Any) -> Any:
            item = context.get_value_type(q.dtype)
            run = ir.VectorType(item, lanes) if lanes > 1 else item
            align = q.dtype.bitwidth // 8
            for k in range(count):
                offset = ir.Constant(I64, k * lanes)
                to = pointer(context, b, q, given[0], b.add(given[1], offset), run)
                of = pointer(context, b, w, given[2], b.add(given[3], offset), run)
                total = b.add(b.load(to, align=align), b.load(of, align=align))
                b.store(total, to, align=align)
            return context.get_dummy_value()

        return numba.types.void(q, INT64, w, INT64), generate

    made: Callable[..., None] = intrinsic(add)
    return made


def _pack(typing: Any, to: Any, at: Any, first: Any, bits: Any) -> Any:
    """Write ``first + k`` for every set bit k to ``to[at:]``; what is behind, up to 16, is lost."""

    def generate(context: Any, b: Any, signature: Any, given: Any) -> Any:
        chosen = b.bitcast(b.trunc(given[3], I16), ir.VectorType(I1, LANES))
        numbers = b.add(splat(b, given[2]), ir.Constant(VECTOR, list(range(LANES))))
        kind = ir.FunctionType(VECTOR, [VECTOR, VECTOR, chosen.type])
        compress = b.module.globals.get(_COMPRESS) or ir.Function(b.module, kind, _COMPRESS)
        packed = b.call(compress, [numbers, constant(0), chosen])
        b.store(packed, pointer(context, b, to, given[0], given[1], VECTOR), align=4)
        return context.get_dummy_value()

    return numba.types.void(to, INT64, INT64, INT64), generate


def _lowest_bit(typing: Any, bits: Any) -> Any:
    """Return the number of the lowest set bit."""

    def generate(context: Any, b: Any, signature: Any, given: Any) -> Any:
        return b.cttz(given[0], ir.Constant(I1, 0))

    return INT64(INT64), generate


def _num_bits(typing: Any, bits: Any) -> Any:
    """Return how many bits are set."""

    def generate(context: Any, b: Any, signature: Any, given: Any) -> Any:
        return b.ctpop(given[0])

    return INT64(INT64), generate


def _set_bytes(typing: Any, of: Any, at: Any) -> Any:
    """Return a bit for each of the sixteen bytes ``of[at:]``, 1 where it is not zero."""

    def generate(context: Any, b: Any, signature: Any, given: Any) -> Any:
        kind = ir.VectorType(ir.IntType(8), LANES)
        found = b.load(pointer(context, b, of, given[0], given[1], kind), align=1)
        return b.zext(
            b.bitcast(b.icmp_signed("!=", found, ir.Constant(kind, [0] * LANES)), I16), I64
        )

    return INT64(of, INT64), generate


pack: Any = intrinsic(_pack)
lowest_bit: Any = intrinsic(_lowest_bit)
num_bits: Any = intrinsic(_num_bits)
set_bytes: Any = intrinsic(_set_bytes)
