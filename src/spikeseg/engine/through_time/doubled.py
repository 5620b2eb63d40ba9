"""The convolution of a map that is first enlarged twofold, without enlarging it."""

import torch
import torch.nn.functional as F
from torch import Tensor


def convolve_doubled(low: Tensor, weight: Tensor) -> Tensor:
    """Return the 3 x 3 convolution, padded by 1, of the map at twice its size (nearest neighbor).

    Enlarging copies each pixel four times, so the nine products of a pixel are those of four sums
    of weights: a transposed convolution of stride 2, with 4/9 of the products and without the large
    map. Differentiable. With ``conv(cat(up(low), skip)) = conv(up(low)) + conv(skip)`` the
    concatenation of a U-Net is not made, either.

    Args:
        low: (B, C, H, W).
        weight: (K, C, 3, 3).

    Returns:
        (B, K, 2 H, 2 W), in the dtype of ``low``.

    >>> convolve_doubled(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 3, 3)).tolist()
    [[[[4.0, 4.0], [4.0, 4.0]]]]
    """
    kernel = spread_weights(weight).to(low.dtype).contiguous(memory_format=torch.channels_last)
    return F.conv_transpose2d(low, kernel, stride=2, padding=1)


def spread_weights(weight: Tensor) -> Tensor:
    """Return (C, K, 4, 4) from (K, C, 3, 3): sums of the weights that meet in one pixel."""
    turned = weight.transpose(0, 1).flip(2, 3)
    tall = F.pad(turned, (0, 0, 0, 1)) + F.pad(turned, (0, 0, 1, 0))
    return F.pad(tall, (0, 1)) + F.pad(tall, (1, 0))
