"""A chip's kernel as a torch convolution."""

import torch.nn.functional as F
from torch import Tensor

from spikeseg.chips import Window


def slide(spikes: Tensor, weight: Tensor, window: Window, size: tuple[int, int]) -> Tensor:
    """Return the sums of weights that arrive, (N, C_out, *size).

    Args:
        spikes: (N, C_in, H, W).
        weight: (K_h, K_w, C_in, C_out).
        window: how the kernel slides.
        size: (H, W) of the target.
    """
    if window.transposed:
        return _transposed(spikes, weight, window, size)
    kernel = weight.permute(3, 2, 0, 1)
    ends = [
        (n - 1) * s + (k - 1) * d + 1 - p - m
        for n, s, k, d, p, m in zip(
            size,
            window.stride,
            weight.shape[:2],
            window.dilation,
            window.padding,
            spikes.shape[2:],
            strict=True,
        )
    ]
    top, left = window.padding
    if (top, left) == tuple(ends):
        return F.conv2d(spikes, kernel, None, window.stride, window.padding, window.dilation)
    padded = F.pad(spikes, (left, ends[1], top, ends[0]))
    return F.conv2d(padded, kernel, None, window.stride, 0, window.dilation)


def _transposed(spikes: Tensor, weight: Tensor, window: Window, size: tuple[int, int]) -> Tensor:
    """Reach everything, then keep the rows and columns that there are."""
    kernel = weight.permute(2, 3, 0, 1)
    whole = F.conv_transpose2d(spikes, kernel, None, window.stride, dilation=window.dilation)
    top, left = window.padding
    ends = [n + p - m for n, p, m in zip(size, window.padding, whole.shape[2:], strict=True)]
    return F.pad(whole, (-left, ends[1], -top, ends[0]))
