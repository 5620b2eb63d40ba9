"""Spikes kept as bits for a backward pass; 32 are packed, and unpacked, by a few instructions."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from llvmlite import ir
from torch import Tensor

from spikeseg.engine.code.host import compile_module
from spikeseg.engine.code.lanes import I16, I32, I64, loop, splat
from spikeseg.engine.threads import share
from spikeseg.engine.through_time.folded import KNOWN, is_dense, layout_of, room

_WORD = 32  # spikes
_ONE = {torch.float32: 0x3F800000, torch.bfloat16: 0x3F80}


@dataclass(frozen=True)
class Packed:
    """A tensor of 0 and 1.

    Attributes:
        words: (n // 32) int32 of its values in the order of memory; or all values, as bytes.
        rest: the last n % 32 values.
        shape: (N, C, H, W).
        layout: of the tensor.
        dtype: of the tensor.
    """

    words: Tensor
    rest: Tensor
    shape: torch.Size
    layout: torch.memory_format
    dtype: torch.dtype

    def tensor(self) -> Tensor:
        """Return the tensor again, laid out as it was."""
        if self.words.dtype != torch.int32:
            return self.words.to(self.dtype)
        out = room(self.shape, self.dtype, self.layout)
        flat = _flat(out)
        _over_words("unpack", self.words, flat, flat.dtype, len(self.words))
        flat[len(self.words) * _WORD :] = self.rest
        return out


def pack_spikes(x: Tensor) -> Packed | None:
    """Return the bits of (N, C, H, W); ``None`` if it has other values than 0 and 1.

    One bit a value for dense float32 and bfloat16 on the CPU, otherwise a byte.

    >>> x = torch.tensor([0.0, 1.0]).repeat(40).view(1, 1, 8, 10)
    >>> packed = pack_spikes(x)
    >>> packed.words.tolist(), len(packed.rest), torch.equal(packed.tensor(), x)
    ([-1431655766, -1431655766], 16, True)
    """
    if x.device.type != "cpu" or x.dtype not in KNOWN or not is_dense(x):
        is_set = x == 1
        same = torch.equal(is_set.to(x.dtype), x)
        return Packed(is_set, x.new_empty(0), x.shape, layout_of(x), x.dtype) if same else None
    flat = _flat(x)
    count = len(flat) // _WORD
    words, rest = torch.empty(count, dtype=torch.int32), flat[count * _WORD :].clone()
    binary = _over_words("pack", flat, words, x.dtype, count)
    if not (binary and bool(((rest == 0) | (rest == 1)).all())):
        return None
    return Packed(words, rest, x.shape, layout_of(x), x.dtype)


def _flat(x: Tensor) -> Tensor:
    """Return dense memory in its own order."""
    return torch.as_strided(x.detach(), (x.numel(),), (1,))


def _over_words(name: str, source: Tensor, target: Tensor, dtype: torch.dtype, count: int) -> bool:
    """Pack or unpack so many words, and return whether all values were 0 or 1."""
    function, found = _compiled(dtype)[0][name], []

    def work(first: int, last: int) -> None:
        found.append(function(source.data_ptr(), target.data_ptr(), first, last))

    share(work, count, count * _WORD)
    return all(all_binary == -1 for all_binary in found)


@cache
def _compiled(dtype: torch.dtype) -> tuple[dict[str, Callable[..., int]], Any]:
    """Return the functions, and the owner of their code, which keeps it in memory."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)
    owner = compile_module(_write(dtype))
    return {name: kind(owner.get_function_address(name)) for name in ("pack", "unpack")}, owner


def _write(dtype: torch.dtype) -> ir.Module:
    module = ir.Module("packed")
    item = I16 if dtype == torch.bfloat16 else I32
    values, bits = ir.VectorType(item, _WORD), ir.VectorType(ir.IntType(1), _WORD)
    zero, one = splat(values, 0), splat(values, _ONE[dtype])

    def pack(b: Any, source: Any, target: Any) -> Any:
        x = b.load(b.bitcast(source, values.as_pointer()), align=2)
        fired, silent = b.icmp_signed("==", x, one), b.icmp_signed("==", x, zero)
        b.store(b.bitcast(fired, I32), target)
        return b.bitcast(b.or_(fired, silent), I32)

    def unpack(b: Any, source: Any, target: Any) -> Any:
        found = b.select(b.bitcast(b.load(source), bits), one, zero)
        b.store(found, b.bitcast(target, values.as_pointer()), align=2)
        return ir.Constant(I32, -1)

    _write_loop(module, pack, (item, _WORD), (I32, 1))
    _write_loop(module, unpack, (I32, 1), (item, _WORD))
    return module


def _write_loop(
    module: ir.Module,
    body: Callable[..., Any],
    source: tuple[Any, int],
    target: tuple[Any, int],
) -> None:
    """Write a function over words, which returns what holds of all: -1 if all values are known."""
    pointers = [kind.as_pointer() for kind, _ in (source, target)]
    function = ir.Function(module, ir.FunctionType(I32, [*pointers, I64, I64]), body.__name__)
    b = ir.IRBuilder(function.append_basic_block())
    arrays, ends = function.args[:2], (*function.args[2:], ir.Constant(I64, 1))

    def inside(i: Any, carried: list[Any]) -> list[Any]:
        sizes = (ir.Constant(I64, size) for _, size in (source, target))
        places = [b.gep(a, [b.mul(i, size)]) for a, size in zip(arrays, sizes, strict=True)]
        return [b.and_(carried[0], body(b, *places))]

    b.ret(loop(b, ends, [ir.Constant(I32, -1)], inside)[0])
