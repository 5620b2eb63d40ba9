"""Tile shapes that one layer could be cut with, the cheapest first, and what each would need."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from spikeseg.chips import Box
from spikeseg.chips.boxes import Shape
from spikeseg.compiling.reach import Axis, Ints
from spikeseg.compiling.resources import Accounts

Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A grid of tiles over a layer; it begins at 0, and only the last tile of an axis is smaller.

    Attributes:
        layer: its name.
        shape: (C, H, W) of the layer.
        tile: (C, H, W) of a tile.
        traffic: source pixels delivered, summed over cores.
    """

    layer: str
    shape: Shape
    tile: Shape
    traffic: int

    @cached_property
    def edges(self) -> tuple[Ints, Ints, Ints]:
        """Where tiles begin along channels, rows and columns, and where the last one ends."""
        pairs = zip(self.shape, self.tile, strict=True)
        c, y, x = (np.append(np.arange(0, n, t), n) for n, t in pairs)
        return c, y, x

    @property
    def counts(self) -> Shape:
        """The number of tiles along channels, rows and columns."""
        c, y, x = (len(edges) - 1 for edges in self.edges)
        return c, y, x

    @property
    def cores(self) -> int:
        """The number of tiles."""
        return int(np.prod(self.counts))

    @property
    def cost(self) -> tuple[int, int]:
        """What is to be least: cores first, then traffic."""
        return self.cores, self.traffic

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The tiles, by row, column and channel of their origin, as nengo-loihi orders them."""
        channels, rows, columns = (_ranges(edges) for edges in self.edges)
        return tuple(
            Box((c[0], y[0], x[0]), (c[1], y[1], x[1]))
            for y, x, c in product(rows, columns, channels)
        )


def make_candidate(accounts: Accounts, layer: str, tile: Shape) -> Candidate:
    """Return the grid of ``layer`` with such tiles."""
    grid = Candidate(layer, accounts.layers[layer].shape, tile, 0)
    traffic = 0
    for connection in accounts.incoming[layer]:
        if connection.is_discrete or grid.cores == 1:
            pixels = grid.cores * int(np.prod(connection.source_shape[1:]))
            pixels *= connection.source_shape[0] if connection.is_discrete else 1
        else:
            rows = reach_sizes(connection.rows, grid.edges[1])
            columns = reach_sizes(connection.columns, grid.edges[2])
            pixels = int(rows.sum() * columns.sum()) * grid.counts[0]
        traffic += pixels
    return Candidate(layer, grid.shape, tile, traffic)


def reach_sizes(axis: Axis, edges: Ints) -> Ints:
    """Return for each range between edges how many sources reach it."""
    return np.array([axis.reach(*one).size for one in _ranges(edges)])


def proposals(accounts: Accounts, layer: str) -> list[Candidate]:
    """Return all grids that hold few enough neurons a tile, sorted by cost.

    For each number of parts along an axis the tile is as small as that number allows, so that
    parts are about equal, or the next multiple of 2 or 4: strides then leave no pixel to two
    cores, and axons may be short.
    """
    channels, rows, columns = (_sizes(n) for n in accounts.layers[layer].shape)
    limit = accounts.chip.compartments
    found = [
        make_candidate(accounts, layer, (c, y, x))
        for c, y, x in product(channels, rows, columns)
        if c * y * x <= limit
    ]
    return sorted(found, key=lambda one: (one.cost, one.tile))


def typical_boxes(accounts: Accounts, candidate: Candidate) -> list[Box]:
    """Return one box of each kind of tile: all others cost as much as one of them.

    The largest come first, so that a limit that is broken is met soon.
    """
    if accounts.threshold_axes(candidate.layer) == 3:
        return list(candidate.boxes)
    channels, rows, columns = (_ranges(edges) for edges in candidate.edges)
    incoming = [c for c in accounts.incoming[candidate.layer] if not c.is_discrete]
    rows = _different(rows, [c.rows for c in incoming])
    columns = _different(columns, [c.columns for c in incoming])
    boxes = [
        Box((c[0], y[0], x[0]), (c[1], y[1], x[1]))
        for y, x, c in product(rows, columns, _kinds(accounts, candidate.layer, channels))
    ]
    return sorted(boxes, key=lambda box: box.size, reverse=True)


def is_legal(accounts: Accounts, candidate: Candidate) -> bool:
    """Return whether all its cores fit, whatever their output axons."""
    chip = accounts.chip
    return not any(
        accounts.local(candidate.layer, box).over(chip)
        for box in typical_boxes(accounts, candidate)
    )


def _different(ranges: list[Range], axes: list[Axis]) -> list[Range]:
    """Return the middle one first of those ranges whose tiles cost alike, one of each kind."""
    middle = len(ranges) // 2
    found: dict[tuple[object, ...], Range] = {}
    for one in ranges[middle:] + ranges[:middle]:
        key = (one[1] - one[0], *(axis.reach(*one).key for axis in axes))
        found.setdefault(key, one)
    return list(found.values())


def _kinds(accounts: Accounts, layer: str, channels: list[Range]) -> list[Range]:
    if accounts.threshold_axes(layer):
        return channels
    return list({end - first: (first, end) for first, end in channels}.values())


def _ranges(edges: Ints) -> list[Range]:
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _sizes(length: int) -> list[int]:
    found = set()
    for parts in range(1, length + 1):
        least = -(-length // parts)
        rounded = {-(-least // step) * step for step in (1, 2, 4)}
        found |= {size for size in rounded if -(-length // size) == -(-length // least)}
    return sorted(min(size, length) for size in found)
