"""Spikes of one population, a bit each."""

import ctypes
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from spikeseg.engine.code.host import Compiled, compile_function
from spikeseg.engine.event.bit_code import ITEMS, write_count, write_pack, write_unpack
from spikeseg.engine.threads import share
from spikeseg.errors import DataError

_WORD = 64
_PACKED = (torch.float32, torch.uint8, torch.int8)


@dataclass(frozen=True, eq=False)
class BitMap:
    """Spikes of 0 and 1, all steps of a population.

    Attributes:
        words: (T, B, H, ceil(W * C / 64)) int64: rows of W * C bits in the order of channels_last,
            the first in the lowest bit; bits behind the last neuron of a row are 0.
        shape: (T, B, C, H, W).
    """

    words: Tensor
    shape: tuple[int, int, int, int, int]

    @classmethod
    def of(cls, spikes: Tensor) -> "BitMap":
        """Return the map of (T, B, C, H, W) spikes, of any dtype and layout; not 0 is a spike."""
        steps, batch, channels, height, width = spikes.shape
        found = cls.room((steps, batch, channels, height, width))
        plain = spikes if spikes.dtype in _PACKED else (spikes != 0).view(torch.uint8)
        numbers, words = plain.movedim(2, -1).contiguous().cpu(), found.words
        function = _packing(str(plain.dtype).removeprefix("torch.")).function
        where = (numbers.data_ptr(), words.data_ptr(), width * channels, words.shape[-1])

        def work(first: int, last: int) -> None:
            function(*where, first, last)

        share(work, steps * batch * height, numbers.numel())
        return found

    @classmethod
    def room(cls, shape: tuple[int, int, int, int, int]) -> "BitMap":
        """Return a map whose words are not yet written."""
        steps, batch, channels, height, width = shape
        words = torch.empty(steps, batch, height, _words(width, channels), dtype=torch.int64)
        return cls(words, shape)

    def dense(self, dtype: torch.dtype) -> Tensor:
        """Return (T, B, C, H, W) numbers of 0 and 1 in channels_last memory.

        Args:
            dtype: float32, bfloat16, uint8 or int8.

        Raises:
            DataError: another dtype.
        """
        name = str(dtype).removeprefix("torch.")
        if name not in ITEMS:
            raise DataError(f"{dtype} is none of {', '.join(ITEMS)}; take one of these for spikes.")
        steps, batch, channels, height, width = self.shape
        out = torch.empty(steps, batch, height, width, channels, dtype=dtype)
        words, rows = self.words.contiguous(), steps * batch * height
        where = (words.data_ptr(), out.data_ptr(), width * channels, words.shape[-1])
        function = _unpacking(name).function

        def work(first: int, last: int) -> None:
            function(*where, first, last)

        share(work, rows, out.numel())
        return out.movedim(-1, 2)

    def first(self, most: int) -> "BitMap":
        """Return some of the first images in so many of the first steps, ``most`` steps in all."""
        batch = min(most, self.shape[1])
        words = self.words[: max(1, most // batch), :batch].contiguous()
        return BitMap(words, (len(words), batch, *self.shape[2:]))

    def count(self) -> int:
        """Return how many spikes there are, all in all."""
        words = self.words.contiguous()
        return int(_counting().function(words.data_ptr(), words.numel()))


def _words(width: int, channels: int) -> int:
    return -(-width * channels // _WORD)


_ROWS = [ctypes.c_void_p] * 2 + [ctypes.c_int64] * 4


@cache
def _unpacking(item: str) -> Compiled:
    return compile_function(write_unpack(item), "unpack", _ROWS)


@cache
def _counting() -> Compiled:
    arguments = [ctypes.c_void_p, ctypes.c_int64]
    return compile_function(write_count(), "count", arguments, ctypes.c_int64)


@cache
def _packing(item: str) -> Compiled:
    return compile_function(write_pack(item), "pack", _ROWS)
