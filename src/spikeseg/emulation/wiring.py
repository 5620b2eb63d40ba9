"""Synapses of a block as jobs for the compiled loop: tables, weights, and who is added to whom."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import KernelSynapses, Window
from spikeseg.chips.boxes import Shape
from spikeseg.emulation.blocks import Block
from spikeseg.emulation.bounds import Range
from spikeseg.emulation.kernel import LISTED
from spikeseg.emulation.listing import Listing, list_synapses
from spikeseg.emulation.streams import Stream
from spikeseg.emulation.vectors import LANES

Job = tuple[int, int, int, int, int]
Meetings = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Wiring:
    """What the compiled loop needs of a block's synapses; see `row_kernel`.

    Attributes:
        lanes: weights that are added at once.
        jobs: (N, 5).
        job_ends: (rows + 1,).
        table: int32.
        weights: int16 or int32, in units of ``2 ** shift``.
        sums: length of ``q``.
        sums_row: neurons from one row of ``q`` to the next; 0 where all rows share one.
    """

    lanes: int
    jobs: NDArray[np.int64]
    job_ends: NDArray[np.int64]
    table: NDArray[np.int32]
    weights: NDArray[Any]
    sums: int
    sums_row: int


def padded(size: int) -> int:
    """Return a row's length with the padding that full vectors need."""
    return -(-size // LANES) * LANES


def wire(block: Block, held: Range, streams: list[Stream], shapes: Mapping[str, Shape]) -> Wiring:
    """Return the jobs of a block that hears the given streams."""
    parts = _Parts(block, np.dtype(np.int16 if held.narrow else np.int32), held.shift)
    row = padded(block.row_size)
    if block.lists:
        for listing in list_synapses(block, streams, shapes, row):
            parts.add_listing(listing)
        return parts.finish(LISTED, block.rows * row, row)
    runs = [
        Runs.find(part, block, stream, shapes)
        for group in block.kernels
        for part in _dense_columns(group, shapes[block.population])
        for stream in streams
        if stream.source == group.source
    ]
    longest = max((run.pixels for run in runs), default=1) * block.box.shape[0]
    lanes = _lanes(block.box.shape[0], longest, 64 // parts.dtype.itemsize)
    for run in runs:
        parts.add_runs(run, lanes)
    return parts.finish(lanes, row + longest + 2 * lanes, 0)


def _lanes(channels: int, longest: int, most: int) -> int:
    """Return how many weights are added at once: whole pixels where that is possible."""
    whole = [n for n in (32, 16, 8) if n <= most and channels % n == 0]
    if whole:
        return whole[0]
    return 1 if longest <= 4 else next((n for n in (8, 16) if longest <= n), most)


def _dense_columns(group: KernelSynapses, target: Shape) -> Iterable[KernelSynapses]:
    """Return a kernel, or its columns one by one if what one spike reaches has wide gaps."""
    stride, dilation, taps = group.window.stride[1], group.window.dilation[1], group.weight.shape[1]
    reach = (taps - 1) * dilation // (1 if group.window.transposed else stride) + 1
    if reach <= 2 * taps:
        return [group]
    return [_column(group, k) for k in range(taps)]


def _column(group: KernelSynapses, k: int) -> KernelSynapses:
    window = group.window
    left = window.padding[1] - k * window.dilation[1]
    moved = replace(window, padding=(window.padding[0], left))
    return replace(group, weight=group.weight[:, k : k + 1], window=moved)


@dataclass(frozen=True, eq=False)
class Runs:
    """What a kernel adds to a row of a block, for each column of a stream.

    Attributes:
        stream: the source.
        weight: (K_h, K_w, channels of the stream, C_out).
        patterns: distinct sets of (pixel of the run, tap).
        first: for each column of the stream, the pixel where its run begins.
        which: its pattern.
        meetings: rows (source, target, tap), counted in stream and block.
        pixels: of the longest run.
    """

    stream: Stream
    weight: NDArray[np.int32]
    patterns: list[tuple[tuple[int, int], ...]]
    first: NDArray[np.int64]
    which: NDArray[np.int64]
    meetings: Meetings
    pixels: int

    @classmethod
    def find(
        cls, group: KernelSynapses, block: Block, stream: Stream, shapes: Mapping[str, Shape]
    ) -> "Runs":
        """Return the runs from a stream to a block."""
        taps = group.weight.shape[:2]
        rows, columns = (
            _inside(group.window, axis, taps[axis], block, stream, shapes) for axis in (0, 1)
        )
        reached: list[list[tuple[int, int]]] = [[] for _ in range(stream.box.shape[2])]
        for source, target, tap in columns.tolist():
            reached[source].append((target, tap))
        first = [met[0][0] if met else 0 for met in reached]
        found = [tuple((t - f, k) for t, k in met) for met, f in zip(reached, first, strict=True)]
        patterns = sorted(set(found))
        which = [patterns.index(pattern) for pattern in found]
        channels = slice(stream.box.start[0], stream.box.stop[0])
        pixels = max((pattern[-1][0] + 1 for pattern in patterns if pattern), default=1)
        weight = group.weight[:, :, channels]
        return cls(stream, weight, patterns, np.array(first), np.array(which), rows, pixels)


def _inside(
    window: Window, axis: int, taps: int, block: Block, stream: Stream, shapes: Mapping[str, Shape]
) -> Meetings:
    """Return the meetings within the boxes of stream and block, counted from their corners."""
    a, sources = stream.box, shapes[stream.source][axis + 1]
    b, targets = block.box, shapes[block.population][axis + 1]
    met = window.meetings(axis, taps, sources, targets)
    met = met - np.array([a.start[axis + 1], b.start[axis + 1], 0])
    inside = (met[:, :2] >= 0).all(1)
    inside &= (met[:, 0] < a.shape[axis + 1]) & (met[:, 1] < b.shape[axis + 1])
    kept: Meetings = met[inside]
    return kept


class _Parts:
    """Collects the jobs of a block."""

    def __init__(self, block: Block, dtype: np.dtype[Any], shift: int) -> None:
        self.block, self.dtype, self.shift = block, dtype, shift
        self.jobs: list[tuple[int, Job]] = []
        self.tables: list[NDArray[np.int32]] = []
        self.weights: list[NDArray[Any]] = []
        self.table_size = self.weight_size = 0

    def add_runs(self, runs: Runs, lanes: int) -> None:
        """Add a job for each meeting of a source row with a row of the block."""
        stream, (taps, _, c_in, c_out) = runs.stream, runs.weight.shape
        count = -(-runs.pixels * c_out // lanes)
        size = count * lanes
        weights = np.zeros((taps, len(runs.patterns), c_in, size), self.dtype)
        for p, pattern in enumerate(runs.patterns):
            for pixel, tap in pattern:
                part = slice(pixel * c_out, (pixel + 1) * c_out)
                weights[:, p, :, part] += (runs.weight[:, tap] >> self.shift).astype(self.dtype)
        to = np.repeat(runs.first * c_out, c_in)
        of = ((runs.which[:, None] * c_in + np.arange(c_in)) * size).ravel()
        table, start = self._store(np.stack([to, of], 1).ravel(), weights)
        for source, target, tap in runs.meetings.tolist():
            place = start + tap * len(runs.patterns) * c_in * size
            self.jobs.append((target, (stream.base + source, stream.rows, table, place, count)))

    def add_listing(self, listing: Listing) -> None:
        """Add a job for each row of the source; all belong to row 0, before any row is stepped."""
        stream = listing.stream
        both = np.concatenate([listing.ends, listing.targets])
        table, start = self._store(both, (listing.weights >> self.shift).astype(self.dtype))
        posts = table + listing.ends.size
        for r in range(stream.rows):
            at = table + r * stream.row_size
            self.jobs.append((0, (stream.base + r, stream.rows, at, start, posts)))

    def _store(self, table: NDArray[Any], weights: NDArray[Any]) -> tuple[int, int]:
        places = self.table_size, self.weight_size
        self.tables.append(table.astype(np.int32))
        self.weights.append(weights.ravel())
        self.table_size += table.size
        self.weight_size += weights.size + -weights.size % 32  # whole lines of the cache
        self.weights.append(np.zeros(-weights.size % 32, self.dtype))
        return places

    def finish(self, lanes: int, sums: int, sums_row: int) -> Wiring:
        rows = np.array([row for row, _ in self.jobs], np.int64)
        order = np.argsort(rows, kind="stable")
        jobs = np.array([job for _, job in self.jobs], np.int64).reshape(-1, 5)[order]
        ends = np.searchsorted(rows[order], np.arange(self.block.rows + 1))
        table = np.concatenate([np.zeros(0, np.int32), *self.tables])
        weights = np.concatenate([np.zeros(0, self.dtype), *self.weights])
        return Wiring(lanes, jobs, ends.astype(np.int64), table, weights, sums, sums_row)
