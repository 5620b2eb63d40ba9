"""Padding to a size that a network's strides divide, and cropping back."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from spikeseg.errors import ShapeError

CropBack = Callable[[Tensor], Tensor]


def pad_to_multiple(images: Tensor, multiple: int) -> tuple[Tensor, CropBack]:
    """Pad images at the bottom and right, mirroring them, or repeating the edge of tiny ones.

    Args:
        images: (B, C, H, W).
        multiple: height and width become multiples of it.

    Returns:
        The padded images, and a function that crops any (..., H, W) tensor back.

    >>> import torch
    >>> padded, crop_back = pad_to_multiple(torch.zeros(1, 1, 5, 8), 4)
    >>> padded.shape, crop_back(padded).shape
    (torch.Size([1, 1, 8, 8]), torch.Size([1, 1, 5, 8]))
    """
    height, width = images.shape[-2:]
    return pad_to_size(images, height + -height % multiple, width + -width % multiple)


def pad_to_size(images: Tensor, height: int, width: int) -> tuple[Tensor, CropBack]:
    """Pad images as `pad_to_multiple` does, to a given height and width.

    Raises:
        ShapeError: they are larger.
    """
    rows, columns = images.shape[-2:]
    bottom, right = height - rows, width - columns
    if bottom < 0 or right < 0:
        raise ShapeError(
            f"the image has {rows} x {columns} pixels; there is room for {height} x {width}."
        )
    if bottom or right:
        mode = "reflect" if bottom < rows and right < columns else "replicate"
        images = F.pad(images, (0, right, 0, bottom), mode=mode)
    return images, lambda padded: padded[..., :rows, :columns]
