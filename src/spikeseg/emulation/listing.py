"""Synapses one by one, sorted by the neuron that they come from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import KernelSynapses, ListedSynapses
from spikeseg.chips.boxes import Shape
from spikeseg.emulation.blocks import Block
from spikeseg.emulation.streams import Stream

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Listing:
    """The synapses from one stream to a block.

    Attributes:
        stream: the source; its neurons are counted row by row, channels last.
        ends: (neurons + 1,), where each neuron's synapses begin.
        targets: the place of the target in ``q``.
        weights: int32.
    """

    stream: Stream
    ends: Numbers
    targets: Numbers
    weights: NDArray[np.int32]


def list_synapses(
    block: Block, streams: list[Stream], shapes: Mapping[str, Shape], row: int
) -> Iterator[Listing]:
    """Yield all synapses of a block; a row of ``q`` is ``row`` long."""
    groups = [*block.lists, *(expanded(group, block, shapes) for group in block.kernels)]
    for group in groups:
        line, within = np.divmod(group.post.astype(np.int64), block.row_size)
        targets = line * row + within
        for stream in streams:
            if stream.source == group.source:
                yield _sorted(group, targets, stream, shapes[group.source])


def _sorted(group: ListedSynapses, targets: Numbers, stream: Stream, shape: Shape) -> Listing:
    c, y, x = np.unravel_index(group.pre.astype(np.int64), shape)
    local = [k - s for k, s in zip((c, y, x), stream.box.start, strict=True)]
    channels, rows, columns = stream.box.shape
    heard = np.ones(group.pre.size, bool)
    for k, size in zip(local, stream.box.shape, strict=True):
        heard &= (k >= 0) & (k < size)
    source = ((local[1] * columns + local[2]) * channels + local[0])[heard]
    order = np.argsort(source, kind="stable")
    ends = np.searchsorted(source[order], np.arange(rows * columns * channels + 1))
    return Listing(stream, ends, targets[heard][order], group.weight[heard][order])


def expanded(group: KernelSynapses, block: Block, shapes: Mapping[str, Shape]) -> ListedSynapses:
    """Return the synapses of a kernel one by one; beside lists a kernel has no rows of its own."""
    taps_y, taps_x, c_in, c_out = group.weight.shape
    (_, height, width), target = shapes[group.source], shapes[block.population]
    rows = group.window.meetings(0, taps_y, height, target[1])
    columns = group.window.meetings(1, taps_x, width, target[2])
    _, top, left = block.box.start
    _, bottom, right = block.box.stop
    rows = rows[(rows[:, 1] >= top) & (rows[:, 1] < bottom)]
    columns = columns[(columns[:, 1] >= left) & (columns[:, 1] < right)]
    a, b, i, o = np.ix_(
        np.arange(len(rows)), np.arange(len(columns)), np.arange(c_in), np.arange(c_out)
    )
    pre = (i * height + rows[a, 0]) * width + columns[b, 0] + 0 * o
    place = (rows[a, 1] - top) * (right - left) + columns[b, 1] - left
    post = place * c_out + o + 0 * i
    weight = group.weight[rows[a, 2], columns[b, 2], i, o]
    pre, post, weight = (array.ravel().astype(np.int32) for array in (pre, post, weight))
    return ListedSynapses(group.source, pre, post, weight, group.exponent)
