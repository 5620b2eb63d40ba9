"""What is compiled for a layer that hears events: lists of events, and the sums of their weights.

See `plan` for the lists. Nothing here branches on a single event.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from spikeseg.engine.code.host import has_feature
from spikeseg.engine.code.lanes import FLOAT, I8, I16, I32, I64, loop, splat
from spikeseg.engine.event.plan import CHUNK, GROUP, Pass, Piece

_MANY = 16  # pixels of groups that are written at once
VOID = I8.as_pointer()


def whole(value: int) -> Any:
    """Return a constant of 64 bits."""
    return ir.Constant(I64, value)


def at(b: Any, address: Any, offset: Any, kind: Any) -> Any:
    """Return a pointer to ``kind`` so many bytes behind an address."""
    return b.bitcast(b.gep(address, [offset]), kind.as_pointer())


class Lists(NamedTuple):
    """A thread's own memory: lists of events and of the places of their groups; a look-up table."""

    events: Any
    places: Any
    bytes_of: Any


def write_list(b: Any, made: Pass, rows: list[Any], lists: Lists, outputs: int) -> Any:
    """List the events of a row of outputs; return how many groups there are.

    Args:
        b: the builder.
        made: the pass.
        rows: for each slot the address of its row of bits.
        lists: where to.
        outputs: C_out.
    """
    step = made.run.step * outputs * 4

    def pixel(i: Any, carried: list[Any]) -> list[Any]:
        first, place = carried
        bit = b.mul(b.add(b.mul(i, whole(made.down)), whole(made.run.first)), whole(made.channels))
        behind = first
        for chunk in range(made.zero // CHUNK):
            pieces = [p for p in made.pieces if p.position // CHUNK == chunk]
            bits = _gathered(b, pieces, rows, bit, made.channels)
            behind = _list_chunk(b, bits, chunk * CHUNK, lists, behind)
        _store_many(b, lists.events, behind, splat(ir.VectorType(I16, GROUP), made.zero), 2)
        behind = b.and_(b.add(behind, whole(GROUP - 1)), whole(-GROUP))
        _note_places(b, lists.places, b.lshr(first, whole(GROUP.bit_length() - 1)), place, made)
        return [behind, b.add(place, ir.Constant(I32, step))]

    start = ir.Constant(I32, made.run.start * outputs * 4)
    ends = (whole(0), whole(made.run.inputs), whole(1))
    behind, _ = loop(b, ends, [whole(0), start], pixel)
    return b.lshr(behind, whole(GROUP.bit_length() - 1))


def _store_many(b: Any, address: Any, index: Any, value: Any, size: int) -> None:
    place = at(b, address, b.mul(index, whole(size)), value.type)
    b.store(value, place, align=size)


def _note_places(b: Any, places: Any, group: Any, place: Any, made: Pass) -> None:
    """Write a pixel's place for as many groups as it may have."""
    kind = ir.VectorType(I32, _MANY)
    one = b.insert_element(ir.Constant(kind, ir.Undefined), place, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, _MANY), [0] * _MANY)
    many = b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)
    for more in range(0, made.zero // GROUP, _MANY):
        _store_many(b, places, b.add(group, whole(more)), many, 4)


def _gathered(b: Any, pieces: list[Piece], rows: list[Any], bit: Any, channels: int) -> Any:
    """Return the bits of a chunk."""
    found = ir.Constant(I32, 0)
    for piece in pieces:
        where = b.add(bit, whole(piece.channel))
        read = _aligned if channels % 8 == 0 else _ragged
        bits = read(b, rows[piece.slot], where, piece.bits)
        found = b.or_(found, b.shl(bits, ir.Constant(I32, piece.position % CHUNK)))
    return found


def _aligned(b: Any, row: Any, bit: Any, count: int) -> Any:
    kind = ir.IntType(count)
    bits = b.load(at(b, row, b.lshr(bit, whole(3)), kind), align=count // 8)
    return bits if count == CHUNK else b.zext(bits, I32)


def _ragged(b: Any, row: Any, bit: Any, count: int) -> Any:
    """Read across two words; where the bits end in the first, that is read twice."""
    last = b.add(bit, whole(count - 1))
    low, high = (
        b.load(at(b, row, b.shl(b.lshr(place, whole(6)), whole(3)), I64)) for place in (bit, last)
    )
    shift = b.and_(bit, whole(63))
    joined = b.module.declare_intrinsic("llvm.fshr", [I64], ir.FunctionType(I64, [I64] * 3))
    bits = b.call(joined, [high, low, shift])
    return b.trunc(b.and_(bits, whole((1 << count) - 1)), I32)


def _list_chunk(b: Any, bits: Any, first: int, lists: Lists, behind: Any) -> Any:
    """Append the numbers of the bits that are set; return the new end."""
    if has_feature("avx512vbmi2"):
        return _list_compressed(b, bits, first, lists, behind)
    return _list_looked_up(b, bits, first, lists, behind)


def _list_compressed(b: Any, bits: Any, first: int, lists: Lists, behind: Any) -> Any:
    kind, mask = ir.VectorType(I16, CHUNK), ir.VectorType(ir.IntType(1), CHUNK)
    name = f"llvm.x86.avx512.mask.compress.v{CHUNK}i16"
    signature = ir.FunctionType(kind, [kind, kind, mask])
    compress = b.module.globals.get(name) or ir.Function(b.module, signature, name)
    numbers = ir.Constant(kind, [first + k for k in range(CHUNK)])
    found = b.call(compress, [numbers, splat(kind, 0), b.bitcast(bits, mask)])
    _store_many(b, lists.events, behind, found, 2)
    return b.add(behind, b.zext(b.ctpop(bits), I64))


def _list_looked_up(b: Any, bits: Any, first: int, lists: Lists, behind: Any) -> Any:
    kind = ir.VectorType(I16, 8)
    for shift in range(0, CHUNK, 8):
        byte = b.and_(b.lshr(bits, ir.Constant(I32, shift)), ir.Constant(I32, 255))
        place = b.mul(b.zext(byte, I64), whole(16))
        known = b.load(at(b, lists.bytes_of, place, kind), align=16)
        _store_many(b, lists.events, behind, b.add(known, splat(kind, first + shift)), 2)
        behind = b.add(behind, b.zext(b.ctpop(byte), I64))
    return behind


def bits_of_bytes() -> Any:
    """Return (256, 8) uint16: the numbers of the bits that are set in each byte, then zeros."""
    found = np.zeros((256, 8), np.uint16)
    for byte in range(256):
        numbers = [k for k in range(8) if byte >> k & 1]
        found[byte, : len(numbers)] = numbers
    return found


def write_sums(b: Any, made: Pass, groups: Any, lists: Lists, table: Any, currents: Any) -> None:
    """Add the weights of all events to the row of currents.

    Args:
        b: the builder.
        made: the pass.
        groups: how many there are.
        lists: of events.
        table: address of the weights.
        currents: address of the first output.
    """
    widths = [16] * (made.length // 16) + [8] * (made.length % 16 // 8)

    def group(g: Any, _: list[Any]) -> list[Any]:
        first = b.mul(g, whole(2 * GROUP))
        numbers = [
            b.zext(b.load(at(b, lists.events, b.add(first, whole(2 * k)), I16)), I64)
            for k in range(GROUP)
        ]
        weights = [b.gep(table, [b.mul(n, whole(4 * made.length))]) for n in numbers]
        place = b.load(at(b, lists.places, b.mul(g, whole(4)), I32))
        target = b.gep(currents, [b.sext(place, I64)])
        offset = 0
        for width in widths:
            _add_rows(b, weights, target, offset, width)
            offset += 4 * width
        return []

    loop(b, (whole(0), groups, whole(1)), [], group)


def _add_rows(b: Any, weights: list[Any], target: Any, offset: int, width: int) -> None:
    kind = ir.VectorType(FLOAT, width)
    parts = [b.load(at(b, w, whole(offset), kind), align=4) for w in weights]
    while len(parts) > 1:
        parts = [b.fadd(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
    place = at(b, target, whole(offset), kind)
    b.store(b.fadd(b.load(place, align=4), parts[0]), place, align=4)
