"""Which source pixels reach a range of target pixels along one axis, and through which taps."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips.boxes import Shape
from spikeseg.compiling.layers import FloatKernel

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reach:
    """The sources that reach targets ``first..end`` of one axis; arrays have one entry a source.

    The taps of a source are an arithmetic sequence that its stride and dilation fix, so the first
    of them and their number tell two sets of taps apart.

    Attributes:
        sources: their positions, ascending.
        low: first target reached, counted from the beginning of the range.
        high: last target reached, counted likewise.
        taps: how many targets are reached, each through a tap of its own.
        pattern: number of the set of taps; equal numbers are equal sets.
        pattern_taps: (P,), the size of each set.
        key: equal for two ranges whose tiles cost the same.
    """

    sources: Ints
    low: Ints
    high: Ints
    taps: Ints
    pattern: Ints
    pattern_taps: Ints
    key: bytes

    @property
    def size(self) -> int:
        """The number of sources."""
        return len(self.sources)

    def count(self, first: int, end: int) -> int:
        """Return how many of the sources lie in ``first..end``, the end left out."""
        low, high = np.searchsorted(self.sources, (first, end))
        return int(high - low)


@dataclass(eq=False)
class Axis:
    """One axis of one connection: all its meetings, and the reaches asked for so far."""

    sources: int
    targets: int
    meetings: Ints
    known: dict[tuple[int, int], Reach] = field(default_factory=dict)

    def reach(self, first: int, end: int) -> Reach:
        """Return what reaches the targets ``first..end``, the end left out."""
        found = self.known.get((first, end))
        if found is None:
            found = self.known[first, end] = self._reach(first, end)
        return found

    def _reach(self, first: int, end: int) -> Reach:
        source, target, tap = self.meetings.T
        kept = (target >= first) & (target < end)
        source, target, tap = source[kept], target[kept] - first, tap[kept]
        sources, at, taps = np.unique(source, return_index=True, return_counts=True)
        low, high, tap = target[at], target[at + taps - 1], tap[at]
        names = tap * (len(self.meetings) + 1) + taps
        _, example, pattern = np.unique(names, return_index=True, return_inverse=True)
        key = np.stack([low, high, tap, taps]).tobytes()
        return Reach(sources, low, high, taps, pattern, taps[example], key)


@dataclass(eq=False)
class Connection:
    """The geometry of one connection between two populations.

    Attributes:
        source: name of the source.
        source_shape: (C, H, W).
        shape: (C, H, W) of the target.
        rows: of its kernel.
        columns: of its kernel.
    """

    source: str
    source_shape: Shape
    shape: Shape
    rows: Axis
    columns: Axis

    @classmethod
    def of(cls, kernel: FloatKernel, source_shape: Shape, shape: Shape) -> "Connection":
        """Return the geometry of ``kernel`` between populations of the two shapes."""
        c_in = kernel.weight.shape[2]
        axes = []
        for axis in (0, 1):
            sources, targets = source_shape[axis + 1], shape[axis + 1]
            taps = kernel.weight.shape[axis]
            met = kernel.window.meetings(axis, taps, sources, targets)
            axes.append(Axis(sources, targets, met))
        return cls(kernel.source, (c_in, *source_shape[1:]), shape, *axes)

    @property
    def is_discrete(self) -> bool:
        """Whether it leads from one pixel to one pixel: a dense matrix, an axon a neuron."""
        return self.source_shape[1:] == (1, 1) and self.shape[1:] == (1, 1)
