"""Padding to a size that a network's strides divide, and cropping back."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor


def pad_to_multiple(images: Tensor, multiple: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
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
    bottom, right = -height % multiple, -width % multiple
    if bottom or right:
        mode = "reflect" if bottom < height and right < width else "replicate"
        images = F.pad(images, (0, right, 0, bottom), mode=mode)
    return images, lambda padded: padded[..., :height, :width]
