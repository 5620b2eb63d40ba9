"""Images that are too large for one pass, in overlapping tiles."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from spikeseg.errors import ConfigError
from spikeseg.inference.padding import pad_to_multiple

Predict = Callable[[Tensor], Tensor]


def segment_tiled(
    image: Tensor, predict: Predict, *, multiple: int, tile: int = 1024, overlap: int = 128
) -> Tensor:
    """Return the mask of an image of any size.

    The image is cut into tiles that overlap; of each tile's mask the middle is kept, so that no
    pixel is judged from the edge of a tile unless that is the edge of the image. A pixel sees what
    it would see in the whole image as long as ``overlap / 2`` covers the network's reach.

    Args:
        image: (C, H, W).
        predict: (1, C, h, w) images to (1, h, w) uint8 masks; h and w are multiples of
            ``multiple``.
        multiple: what the network's strides need.
        tile: largest height and width that ``predict`` is given.
        overlap: rows and columns that neighboring tiles share.

    Returns:
        (H, W) uint8.

    Raises:
        ConfigError: the tile is not larger than its overlap.
    """
    tile = tile // multiple * multiple
    overlap = -(-overlap // multiple) * multiple
    if tile <= overlap:
        raise ConfigError(
            f"the tile is {tile} pixels and overlaps by {overlap}; use --tile above {overlap}."
        )
    height, width = image.shape[-2:]
    mask = torch.empty(height, width, dtype=torch.uint8)
    for piece in tiles_of(height, width, (tile, tile), overlap, multiple):
        padded, crop_back = pad_to_multiple(piece.of(image)[None], multiple)
        piece.paste(crop_back(predict(padded))[0].cpu(), mask)
    return mask


@dataclass(frozen=True)
class Tile:
    """A piece of an image, and the pixels of the image that it decides.

    Attributes:
        top: first row of the piece.
        left: its first column.
        size: its rows and columns.
        rows: of the image, that it decides.
        columns: likewise.
    """

    top: int
    left: int
    size: tuple[int, int]
    rows: slice
    columns: slice

    def of(self, image: Tensor) -> Tensor:
        """Return the piece of an image (..., H, W)."""
        height, width = self.size
        return image[..., self.top : self.top + height, self.left : self.left + width]

    def paste(self, found: Tensor, mask: Tensor) -> None:
        """Write what was found in the piece, of its size or larger, into the image's mask."""
        rows = slice(self.rows.start - self.top, self.rows.stop - self.top)
        columns = slice(self.columns.start - self.left, self.columns.stop - self.left)
        mask[self.rows, self.columns] = found[rows, columns]


def tiles_of(
    height: int, width: int, size: tuple[int, int], overlap: int, multiple: int
) -> list[Tile]:
    """Return the tiles of an image, row by row; together they decide every pixel once.

    Args:
        height: of the image.
        width: of the image.
        size: largest height and width of a tile, multiples of ``multiple``.
        overlap: rows and columns that neighbors share, a smaller multiple.
        multiple: of which every tile's place is one.

    >>> [tile.rows for tile in tiles_of(20, 8, (12, 12), 4, 4)]
    [slice(0, 10, None), slice(10, 20, None)]
    """
    return [
        Tile(top, left, (min(size[0], height - top), min(size[1], width - left)), rows, columns)
        for top, rows in _spans(height, size[0], overlap, multiple)
        for left, columns in _spans(width, size[1], overlap, multiple)
    ]


def _spans(length: int, tile: int, overlap: int, multiple: int) -> Iterator[tuple[int, slice]]:
    """Yield where each tile starts, a multiple, and which part of the axis it decides."""
    if length <= tile:
        yield 0, slice(0, length)
        return
    last = -(-(length - tile) // multiple) * multiple
    starts = [*range(0, last, tile - overlap), last]
    cuts = [0, *((a + tile + b) // 2 for a, b in itertools.pairwise(starts)), length]
    for start, first, last in zip(starts, cuts, cuts[1:], strict=False):
        yield start, slice(first, last)
