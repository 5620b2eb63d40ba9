"""Boxes of neurons: which part of a population one core holds."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]


@dataclass(frozen=True, order=True)
class Box:
    """Channels, rows and columns of a population, each a range without its end.

    Attributes:
        start: first (channel, row, column).
        stop: (channel, row, column) behind the last.
    """

    start: Shape
    stop: Shape

    @classmethod
    def whole(cls, shape: Shape) -> "Box":
        """Return the box of a whole population of ``shape`` (C, H, W)."""
        return cls((0, 0, 0), shape)

    @property
    def shape(self) -> Shape:
        """(C, H, W) of the box.

        >>> Box((0, 4, 0), (8, 6, 3)).shape
        (8, 2, 3)
        """
        (c0, y0, x0), (c1, y1, x1) = self.start, self.stop
        return c1 - c0, y1 - y0, x1 - x0

    @property
    def size(self) -> int:
        """The number of neurons."""
        channels, rows, columns = self.shape
        return channels * rows * columns

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box in an array (C, H, W)."""
        c, y, x = (slice(a, b) for a, b in zip(self.start, self.stop, strict=True))
        return c, y, x

    def compartments(self, shape: Shape) -> NDArray[np.int64]:
        """Return the neurons of the box in the order of its core's compartments.

        Compartments go row by row, column by column, channel by channel (channels last), as in
        nengo-loihi; a neuron's number is its flat index in an array of ``shape`` (C, H, W).

        >>> Box((0, 0, 1), (2, 1, 3)).compartments((2, 1, 3))
        array([1, 4, 2, 5])
        """
        numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        return numbers[self.slices].transpose(1, 2, 0).ravel()


def is_partition(boxes: Iterable[Box], shape: Shape) -> bool:
    """Return whether every neuron of a population of ``shape`` lies in exactly one box.

    >>> is_partition([Box((0, 0, 0), (1, 2, 1)), Box((0, 0, 1), (1, 2, 2))], (1, 2, 2))
    True
    """
    covered = np.zeros(shape, np.int64)
    for box in boxes:
        if min(box.start) < 0 or min(box.shape) < 1 or (np.array(box.stop) > shape).any():
            return False
        covered[box.slices] += 1
    return bool((covered == 1).all())
