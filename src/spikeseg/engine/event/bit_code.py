"""What is compiled for maps of bits: numbers from bits, and bits from numbers."""

from typing import Any

from llvmlite import ir

from spikeseg.engine.code.lanes import FLOAT, I8, I16, I64, loop, splat

ITEMS = {"float32": FLOAT, "bfloat16": I16, "uint8": I8, "int8": I8}
_ONE = {"float32": 1.0, "bfloat16": 0x3F80, "uint8": 1, "int8": 1}
_LANES = 64


def write_unpack(item: str) -> ir.Module:
    """Return ``unpack(words, out, length, row_words, first, last)``, which writes numbers for bits.

    It takes the rows first to last, of ``length`` bits, in ``row_words`` words.
    """
    module = ir.Module("unpack")
    kinds = [I64.as_pointer(), ITEMS[item].as_pointer()] + [I64] * 4
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "unpack")
    b = ir.IRBuilder(function.append_basic_block())
    words, out, length, row_words, first, last = function.args
    zero, one, lanes = (ir.Constant(I64, n) for n in (0, 1, _LANES))

    def row(number: Any, _: list[Any]) -> list[Any]:
        source = b.gep(words, [b.mul(number, row_words)])
        place = b.gep(out, [b.mul(number, length)])

        def whole(i: Any, _: list[Any]) -> list[Any]:
            found = _numbers(b, item, source, i)
            target = b.gep(place, [b.mul(i, lanes)])
            b.store(found, b.bitcast(target, found.type.as_pointer()), align=1)
            return []

        def rest(k: Any, _: list[Any]) -> list[Any]:
            b.store(_number(b, item, source, k), b.gep(place, [k]))
            return []

        full = b.sdiv(length, lanes)
        loop(b, (zero, full, one), [], whole)
        loop(b, (b.mul(full, lanes), length, one), [], rest)
        return []

    loop(b, (first, last, one), [], row)
    b.ret_void()
    return module


def _numbers(b: Any, item: str, words: Any, i: Any) -> Any:
    """Return 64 numbers of a word."""
    kind = ir.VectorType(ITEMS[item], _LANES)
    bits = b.bitcast(b.load(b.gep(words, [i])), ir.VectorType(ir.IntType(1), _LANES))
    return b.select(bits, splat(kind, _ONE[item]), splat(kind, 0))


def _number(b: Any, item: str, words: Any, k: Any) -> Any:
    kind = ITEMS[item]
    word = b.load(b.gep(words, [b.lshr(k, ir.Constant(I64, 6))]))
    bit = b.trunc(b.lshr(word, b.and_(k, ir.Constant(I64, 63))), ir.IntType(1))
    return b.select(bit, ir.Constant(kind, _ONE[item]), ir.Constant(kind, 0))


def write_pack(item: str) -> ir.Module:
    """Return ``pack(numbers, words, length, row_words, first, last)``: bits of what is not 0."""
    module = ir.Module("pack")
    kinds = [ITEMS[item].as_pointer(), I64.as_pointer()] + [I64] * 4
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), kinds), "pack")
    b = ir.IRBuilder(function.append_basic_block())
    numbers, words, length, row_words, first, last = function.args
    zero, one, lanes = (ir.Constant(I64, n) for n in (0, 1, _LANES))
    full = b.sdiv(length, lanes)

    def row(number: Any, _: list[Any]) -> list[Any]:
        source = b.gep(numbers, [b.mul(number, length)])
        target = b.gep(words, [b.mul(number, row_words)])

        def whole(i: Any, _: list[Any]) -> list[Any]:
            kind = ir.VectorType(ITEMS[item], _LANES)
            place = b.bitcast(b.gep(source, [b.mul(i, lanes)]), kind.as_pointer())
            b.store(b.bitcast(_not_zero(b, b.load(place, align=1)), I64), b.gep(target, [i]))
            return []

        def rest(k: Any, word: list[Any]) -> list[Any]:
            bit = b.zext(_not_zero(b, b.load(b.gep(source, [k]))), I64)
            return [b.or_(word[0], b.shl(bit, b.and_(k, ir.Constant(I64, 63))))]

        loop(b, (zero, full, one), [], whole)
        with b.if_then(b.icmp_signed("<", full, row_words)):
            (word,) = loop(b, (b.mul(full, lanes), length, one), [zero], rest)
            b.store(word, b.gep(target, [full]))
        return []

    loop(b, (first, last, one), [], row)
    b.ret_void()
    return module


def _not_zero(b: Any, value: Any) -> Any:
    item = value.type.element if isinstance(value.type, ir.VectorType) else value.type
    zeros = ir.Constant(value.type, None)
    if item == FLOAT:
        return b.fcmp_unordered("une", value, zeros)
    return b.icmp_signed("!=", value, zeros)


def write_count() -> ir.Module:
    """Return ``count(words, size)``: how many bits are set."""
    module = ir.Module("count")
    function = ir.Function(module, ir.FunctionType(I64, [I64.as_pointer(), I64]), "count")
    b = ir.IRBuilder(function.append_basic_block())
    words, size = function.args
    zero, one = (ir.Constant(I64, n) for n in (0, 1))

    def more(i: Any, totals: list[Any]) -> list[Any]:
        return [b.add(totals[0], b.ctpop(b.load(b.gep(words, [i]))))]

    (total,) = loop(b, (zero, size, one), [zero], more)
    b.ret(total)
    return module
