"""Images that are too large for one pass, in overlapping tiles."""

import itertools
from collections.abc import Callable, Iterator

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
    for top, keep_rows in _spans(height, tile, overlap, multiple):
        for left, keep_columns in _spans(width, tile, overlap, multiple):
            piece = image[None, :, top : top + tile, left : left + tile]
            padded, crop_back = pad_to_multiple(piece, multiple)
            found = crop_back(predict(padded))[0].cpu()
            rows = slice(keep_rows.start - top, keep_rows.stop - top)
            columns = slice(keep_columns.start - left, keep_columns.stop - left)
            mask[keep_rows, keep_columns] = found[rows, columns]
    return mask


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
