"""Streams: who fired in each row and step, as lists of numbers behind one another in memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Box
from spikeseg.emulation.vectors import LANES, lowest_bit, set_bytes


@dataclass(frozen=True)
class Stream:
    """The spikes of one rectangle of a population or an input.

    Spikes are numbers of a row's neurons, channels last. Slot 0 is the step before the first of a
    stretch of steps, slot ``s`` is its step ``s``.

    Attributes:
        source: population or input.
        box: which of its neurons.
        base: the place of row 0, slot 0 in ``starts`` and ``numbers``.
        place: where its part of ``events`` begins, with room for slot 0.
        stretch: steps, at most.
    """

    source: str
    box: Box
    base: int
    place: int
    stretch: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.box.shape[1]

    @property
    def row_size(self) -> int:
        """Neurons of a row."""
        return self.box.shape[0] * self.box.shape[2]

    def at(self, slot: int, top: int, bottom: int) -> int:
        """Return where the spikes of rows ``top`` to ``bottom`` of a slot may be written."""
        before = self.place + self.box.size + LANES  # room for slot 0
        band = top * (self.stretch * self.row_size + LANES)  # bands never write over each other
        return before + band + (slot - 1) * (bottom - top) * self.row_size

    @property
    def room(self) -> int:
        """Places in ``events`` that it needs."""
        return self.at(1, self.rows, self.rows) - self.place


def lay_out(parts: Iterable[tuple[str, Box]], stretch: int) -> list[Stream]:
    """Return a stream for each (source, box), one behind the other."""
    streams: list[Stream] = []
    base = place = 0
    for source, box in parts:
        streams.append(Stream(source, box, base, place, stretch))
        base += streams[-1].rows * (stretch + 1)
        place += streams[-1].room
    return streams


class Spikes:
    """The memory of all streams.

    Attributes:
        events: numbers of neurons.
        starts: for each stream, slot and row, where in ``events`` its spikes begin.
        numbers: how many they are.
    """

    def __init__(self, streams: list[Stream]) -> None:
        self.streams = streams
        last = streams[-1]
        self.events = np.empty(last.place + last.room, np.int32)
        self.starts = np.zeros(last.base + last.rows * (last.stretch + 1), np.int64)
        self.numbers = np.zeros(self.starts.size, np.int32)
        self._table = np.array([(s.base, s.rows, s.place) for s in streams])

    def clear(self) -> None:
        """Forget who fired in the step before the first."""
        self.numbers[:] = 0

    def write(self, stream: Stream, fired: NDArray[np.bool_]) -> None:
        """Write spikes (steps, C, H, W) of a stream from slot 1 on."""
        moved = fired[:, *stream.box.slices].transpose(0, 2, 3, 1)
        flat = np.ascontiguousarray(moved).view(np.uint8).ravel()
        at, base = stream.at(1, 0, stream.rows), stream.base + stream.rows
        size = stream.row_size
        _write(flat, size, self.events, self.starts, self.numbers, base, at)

    def read(self, stream: Stream, first: int, last: int) -> NDArray[np.uint8]:
        """Return the spikes of slots ``first`` to ``last`` as 0 and 1, (slots, H, W, C)."""
        c, h, w = stream.box.shape
        picture = np.zeros((last - first, h, w * c), np.uint8)
        _read(picture, self.events, self.starts, self.numbers, stream.base + first * h)
        return picture.reshape(-1, h, w, c)

    def mark(self, stream: Stream, picture: NDArray[np.bool_]) -> None:
        """Set those of (steps, C, H, W), all of them False, that fired from slot 1 on."""
        base = stream.base + stream.rows
        _mark(picture.view(np.uint8), self.events, self.starts, self.numbers, base)

    def count(self, stream: Stream, first: int, last: int) -> int:
        """Return the number of spikes of slots ``first`` to ``last``."""
        base, rows = stream.base, stream.rows
        return int(self.numbers[base + first * rows : base + last * rows].sum())

    def carry(self, slot: int) -> None:
        """Make the spikes of a slot those of slot 0."""
        _carry(self._table, slot, self.events, self.starts, self.numbers)


@numba.njit(nogil=True, cache=True)
def _write(
    fired: Any, size: Any, events: Any, starts: Any, numbers: Any, base: Any, at: Any
) -> None:
    for line in range(fired.size // size):
        first, k = line * size, 0
        starts[base + line] = at
        while k + LANES <= size:
            bits = set_bytes(fired, first + k)
            while bits:
                events[at] = k + lowest_bit(bits)
                at += 1
                bits &= bits - 1
            k += LANES
        for rest in range(k, size):
            if fired[first + rest]:
                events[at] = rest
                at += 1
        numbers[base + line] = at - starts[base + line]


@numba.njit(nogil=True, cache=True)
def _read(picture: Any, events: Any, starts: Any, numbers: Any, base: Any) -> None:
    steps, rows, _ = picture.shape
    for t in range(steps):
        for r in range(rows):
            begin = starts[base + t * rows + r]
            for e in range(begin, begin + numbers[base + t * rows + r]):
                picture[t, r, events[e]] = 1


@numba.njit(nogil=True, cache=True)
def _mark(picture: Any, events: Any, starts: Any, numbers: Any, base: Any) -> None:
    steps, channels, rows, _ = picture.shape
    for t in range(steps):
        for r in range(rows):
            begin = starts[base + t * rows + r]
            for e in range(begin, begin + numbers[base + t * rows + r]):
                picture[t, events[e] % channels, r, events[e] // channels] = 1


@numba.njit(nogil=True, cache=True)
def _carry(streams: Any, slot: Any, events: Any, starts: Any, numbers: Any) -> None:
    for n in range(len(streams)):
        base, rows, to = streams[n]
        for r in range(rows):
            of = base + slot * rows + r
            for e in range(numbers[of]):
                events[to + e] = events[starts[of] + e]
            starts[base + r], numbers[base + r] = to, numbers[of]
            to += numbers[of]
