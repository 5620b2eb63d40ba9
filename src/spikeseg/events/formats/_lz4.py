"""LZ4 frames, undone: the compression of most AEDAT 4 files.

After "LZ4 Frame Format Description" 1.6 and "LZ4 Block Format Description" of the LZ4 project.
Checksums are stepped over, not checked.
"""

from typing import Any

import numba
import numpy as np

_MAGIC = b"\x04\x22\x4d\x18"
_LARGEST = {4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22}
_STORED = 1 << 31


def decompress(frame: bytes) -> memoryview:
    """Return the bytes of one frame.

    Raises:
        ValueError: it is no whole frame, or needs a dictionary.
    """
    blocks, largest = _blocks(frame)
    source = np.frombuffer(frame, np.uint8)
    out = np.empty(len(blocks) * largest, np.uint8)
    end = 0
    for start, size, is_stored in blocks:
        block = source[start : start + size]
        if is_stored:
            out[end : end + size] = block
            end += size
        else:
            end = _block(block, out, end)
            if end < 0:
                raise ValueError("an LZ4 block is damaged")
    return out[:end].data


def _blocks(frame: bytes) -> tuple[list[tuple[int, int, bool]], int]:
    """Return start, size and kind of each block, and how large one may be when decompressed."""
    if len(frame) < 7 or frame[:4] != _MAGIC:
        raise ValueError("it is no LZ4 frame")
    flags, largest = frame[4], _LARGEST.get(frame[5] >> 4 & 7)
    if flags >> 6 != 1 or flags & 1 or largest is None:
        raise ValueError(f"LZ4 frames with flags {flags:#x} are not read")
    at = 7 + 8 * (flags >> 3 & 1)
    after = 4 * (flags >> 4 & 1)
    found = []
    while word := _word(frame, at):
        size = word & ~_STORED
        if at + 4 + size > len(frame) or size > largest:
            raise ValueError("an LZ4 frame is cut short or damaged")
        found.append((at + 4, size, word >= _STORED))
        at += 4 + size + after
    return found, largest


def _word(frame: bytes, at: int) -> int:
    if at + 4 > len(frame):
        raise ValueError("an LZ4 frame is cut short")
    return int.from_bytes(frame[at : at + 4], "little")


@numba.njit(nogil=True, cache=True)
def _length(source: Any, at: Any, length: Any) -> Any:
    """Return a length whose first part is 0 to 15, and where what follows begins (-1: cut)."""
    if length < 15:
        return length, at
    while at < len(source):
        length += source[at]
        at += 1
        if source[at - 1] < 255:
            return length, at
    return 0, -1


@numba.njit(nogil=True, cache=True)
def _block(source: Any, out: Any, end: Any) -> Any:
    """Decompress a block to ``out`` from ``end`` on; return the new end, or -1 if it is damaged."""
    at = 0
    while at < len(source):
        token = source[at]
        size, at = _length(source, at + 1, np.int64(token >> 4))
        if at < 0 or at + size > len(source) or end + size > len(out):
            return -1
        for k in range(size):
            out[end + k] = source[at + k]
        at, end = at + size, end + size
        if at == len(source):
            return end
        if at + 2 > len(source):
            return -1
        back = np.int64(source[at]) | np.int64(source[at + 1]) << 8
        size, at = _length(source, at + 2, np.int64(token & 15))
        if at < 0 or back == 0 or back > end or end + size + 4 > len(out):
            return -1
        for k in range(end, end + size + 4):
            out[k] = out[k - back]
        end += size + 4
    return -1
