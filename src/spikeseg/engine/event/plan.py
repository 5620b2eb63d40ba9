"""How the events of a layer are listed, and where in memory what they add lies.

A pass takes the columns of one run. In a row of outputs it lists, pixel by pixel, the events of all
input rows that are reached (the slots), as numbers of rows of a table of weights; a row holds the
weights of all taps side by side, as they are added to the current.
"""

from typing import Any, NamedTuple

import numpy as np

from spikeseg.engine.event.taps import Run, Taps, runs_of

CHUNK = 32  # bits that are listed at once
GROUP = 4  # events of a pixel that are added at once; the last ones are filled up with zeros
_LANES = 16


class Piece(NamedTuple):
    """Bits of one pixel in one slot, and where among the table's rows they stand."""

    slot: int
    channel: int
    bits: int
    position: int


class Pass(NamedTuple):
    """What one run of one source adds.

    Attributes:
        source: which one.
        run: the columns.
        down: input columns from one pixel of the run to the next.
        channels: C_in.
        pieces: what is listed for a pixel, in this order.
        length: floats that an event adds, in whole vectors.
    """

    source: int
    run: Run
    down: int
    channels: int
    pieces: tuple[Piece, ...]
    length: int

    @property
    def slots(self) -> int:
        """Input rows for a row of outputs."""
        return self.pieces[-1].slot + 1

    @property
    def zero(self) -> int:
        """The row of the table that is all zeros."""
        return (self.pieces[-1].position // CHUNK + 1) * CHUNK

    @property
    def room(self) -> int:
        """Most numbers in a list of events."""
        return self.run.inputs * (self.zero + GROUP) + CHUNK


def passes_of(source: int, taps: Taps) -> list[Pass]:
    """Return the passes of a source."""
    _, _, channels, out = taps.weight.shape
    pieces = tuple(_pieces(taps.rows.slots, channels))
    return [
        Pass(source, run, taps.columns.down, channels, pieces, -(-run.length * out // 8) * 8)
        for run in runs_of(taps.columns)
    ]


def _pieces(slots: int, channels: int) -> list[Piece]:
    widest = next((n for n in (32, 16, 8) if channels % n == 0), CHUNK)
    found, position = [], 0
    for slot in range(slots):
        for channel in range(0, channels, widest):
            bits = min(widest, channels - channel)
            if position % CHUNK + bits > CHUNK:
                position = -(-position // CHUNK) * CHUNK
            found.append(Piece(slot, channel, bits, position))
            position += bits
    return found


def table_of(made: Pass, taps: Taps) -> Any:
    """Return the table of weights of a pass, (phases of rows, zero + 1, length) float32."""
    run, axis = made.run, taps.columns
    chosen = taps.weight[:, run.tap :: axis.down][:, : run.length]
    table = np.zeros((taps.rows.up, made.zero + 1, made.length), np.float32)
    for phase, piece in np.ndindex(taps.rows.up, len(made.pieces)):
        slot, channel, bits, position = made.pieces[piece]
        tap = phase + slot * taps.rows.up
        if tap < taps.rows.taps:
            rows = chosen[tap, :, channel : channel + bits].swapaxes(0, 1).reshape(bits, -1)
            table[phase, position : position + bits, : rows.shape[1]] = rows
    return table


class Rooms(NamedTuple):
    """Bytes of a thread's own memory.

    Attributes:
        row: floats of a row of outputs, in whole words of bits.
        left: floats in front of a row of currents, for outputs that lie outside.
        current: floats of that row in all.
        events: numbers of the longest list of events.
        pixels: numbers of the longest list of pixels.
    """

    row: int
    left: int
    current: int
    events: int
    pixels: int


def rooms_of(passes: list[Pass], width: int, channels: int) -> Rooms:
    """Return what a thread needs for rows of ``width`` pixels of ``channels``."""
    row = -(-width * channels // 64) * 64
    before = max([0, *(-made.run.start for made in passes)]) * channels
    left = -(-before // _LANES) * _LANES
    ends = [(p.run.start + p.run.step * (p.run.inputs - 1)) * channels + p.length for p in passes]
    current = left + -(-max([row, *ends]) // _LANES) * _LANES
    events = -(-max((made.room for made in passes), default=0) // 64) * 64
    return Rooms(row, left, current, events, events // GROUP + 64)
