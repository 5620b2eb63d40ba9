"""A connection as one sum over taps, and which taps of it an event reaches.

Along each axis an event at ``x`` reaches output ``o`` through tap ``k`` where
``down * o = up * x + k - cut``: a convolution with its kernel turned round and ``down`` its stride,
a transposed convolution with ``up`` its stride, an enlarged map with ``up`` its factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikeseg.graph import (
    ChannelAffine,
    Connection,
    Convolution,
    Transform,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import Shape, output_shape

Double = NDArray[np.float64]
_MOST = 1 << 14  # channels times taps that events, numbered in 16 bits, come from


class Axis(NamedTuple):
    """One axis of a connection: ``down * o = up * x + k - cut``, for k of 0..taps - 1."""

    size: int
    out: int
    taps: int
    up: int
    down: int
    cut: int

    @property
    def slots(self) -> int:
        """The most inputs that reach one output."""
        return -(-self.taps // self.up)

    def reaching(self, o: int) -> list[tuple[int, int]]:
        """Return for each slot (x, tap) of what reaches an output; x is -1 where nothing does."""
        place = self.down * o + self.cut
        taps = [place % self.up + self.up * slot for slot in range(self.slots)]
        found = [((place - k) // self.up, k) for k in taps]
        return [(x if 0 <= x < self.size and k < self.taps else -1, k) for x, k in found]


class Run(NamedTuple):
    """What the inputs first, first + down, ... reach: outputs side by side, by the i-th of them.

    Attributes:
        first: the first input.
        inputs: how many inputs.
        tap: the first tap; the others are ``down`` apart.
        length: outputs reached.
        start: the output that the first input reaches first; may lie outside.
        step: outputs from the start of one input to that of the next.
    """

    first: int
    inputs: int
    tap: int
    length: int
    start: int
    step: int


def runs_of(axis: Axis) -> list[Run]:
    """Return the runs of an axis: one for each phase of the inputs that reaches anything."""
    found = []
    for first in range(min(axis.down, axis.size)):
        place = axis.up * first - axis.cut
        tap = -place % axis.down
        length = -((tap - axis.taps) // axis.down)
        count = -((first - axis.size) // axis.down)
        run = Run(first, count, tap, length, (place + tap) // axis.down, axis.up)
        found += [run] if length > 0 else []
    return found


@dataclass(frozen=True, eq=False)
class Taps:
    """A connection as a sum over taps.

    Attributes:
        weight: (taps of rows, taps of columns, C_in, C_out).
        bias: (C_out,).
        rows, columns: the axes.
    """

    weight: Double
    bias: Double
    rows: Axis
    columns: Axis


def is_one_sum(connection: Connection) -> bool:
    """Return whether `taps_of` takes a connection."""
    chain = list(connection.transforms)
    while chain and isinstance(chain[-1], ChannelAffine):
        chain.pop()
    match chain:
        case [Convolution() as last] | [TransposedConvolution() as last]:
            pass
        case [Upsampling(mode="nearest" | "zeros"), Convolution() as last]:
            pass
        case _:
            return False
    channels = last.weight.shape[0 if isinstance(last, TransposedConvolution) else 1]
    fits = channels * (last.weight.shape[2] + _most_copies(chain)) <= _MOST
    return fits and last.groups == 1 and last.dilation == (1, 1)


def _most_copies(chain: Sequence[Transform]) -> int:
    return max((max(t.factor) for t in chain if isinstance(t, Upsampling)), default=0)


def taps_of(connection: Connection, shape: Shape) -> Taps:
    """Return a connection from a population of ``shape`` (C, H, W) as a sum over taps.

    Raises:
        ShapeError: the connection does not fit the shape.
    """
    _, *out = output_shape(connection.transforms, shape)
    weight, bias = np.ones((1, 1, 1, 1)), np.zeros(1)
    moves = [(1, 1, 0)] * 2
    for transform in connection.transforms:
        match transform:
            case Upsampling(factor=factor, mode=mode):
                copies = factor if mode == "nearest" else (1, 1)
                weight, moves = np.ones((*copies, 1, 1)), [(f, 1, 0) for f in factor]
            case ChannelAffine():
                weight, bias = weight * transform.weight, bias * transform.weight
            case _:
                weight, moves = _joined(weight, moves, transform)
        bias = bias + _bias(transform)
    axes = [
        Axis(size, end, taps, *move)
        for size, end, taps, move in zip(shape[1:], out, weight.shape, moves, strict=False)
    ]
    return Taps(weight, bias, axes[0], axes[1])


def _bias(transform: Transform) -> Any:
    bias = getattr(transform, "bias", None)
    return 0.0 if bias is None else np.float64(bias)


def _joined(copies: Double, moves: Sequence[tuple[int, int, int]], last: Transform) -> Any:
    """Return the weights and moves of copies that go through a convolution."""
    if isinstance(last, TransposedConvolution):
        moves = [(s, 1, p) for s, p in zip(last.stride, last.padding, strict=True)]
        return last.weight.astype(np.float64).transpose(2, 3, 0, 1), moves
    assert isinstance(last, Convolution)
    turned = last.weight.astype(np.float64).transpose(2, 3, 1, 0)[::-1, ::-1]
    before = (last.padding[0], last.padding[2])
    cuts = [taps - 1 - pad for taps, pad in zip(turned.shape, before, strict=False)]
    tall, wide = copies.shape[:2]
    size = (turned.shape[0] + tall - 1, turned.shape[1] + wide - 1)
    weight = np.zeros((*size, *turned.shape[2:]))
    for i, j in np.ndindex(tall, wide):
        weight[i : i + turned.shape[0], j : j + turned.shape[1]] += turned
    ups = [up for up, _, _ in moves]
    return weight, list(zip(ups, last.stride, cuts, strict=True))
