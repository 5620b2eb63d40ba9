"""Inference on spikes of one byte: weights of 8 bits, sums that are exact.

Spikes are 0 or 1 and need no scale, so only the weights are rounded (to 255 levels a channel).
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class ByteWeights(NamedTuple):
    """What `convolve_bytes` takes; made once by `pack_bytes`.

    Attributes:
        packed: the weights in an order that oneDNN likes.
        scales: (K,), what one unit of a weight of each output channel is worth.
        how: stride, padding and dilation (rows and columns each), and groups.
    """

    packed: Any
    scales: Tensor
    how: tuple[list[int], list[int], list[int], int]


def pack_bytes(
    weight: Tensor,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
) -> ByteWeights:
    """Round (K, C, h, w) weights to -127..127 of the largest in each output channel."""
    scales = weight.detach().abs().amax((1, 2, 3)).clamp(min=1e-30) / 127.0
    rounded = (weight.detach() / scales.view(-1, 1, 1, 1)).round().to(torch.int8)
    how = (list(stride), list(padding), list(dilation), 1)
    packed = torch.ops.onednn.qconv_prepack(rounded, scales, 1.0, 0, *how, None)
    return ByteWeights(packed, scales, how)


def convolve_bytes(
    spikes: Tensor, weights: ByteWeights, dtype: torch.dtype, bias: Tensor | None = None
) -> Tensor:
    """Return the convolution of (N, C, H, W) uint8 spikes; sums are exact, then rounded to dtype.

    Args:
        spikes: 0 and 1, in channels_last memory.
        weights: from `pack_bytes`.
        dtype: float32 or bfloat16.
        bias: (K,) float32, added before rounding.
    """
    zeros = torch.zeros(len(weights.scales), dtype=torch.int64)
    found: Tensor = torch.ops.onednn.qconv_pointwise(
        spikes,
        1.0,
        0,
        weights.packed,
        weights.scales,
        zeros,
        bias,
        *weights.how,
        1.0,
        0,
        dtype,
        "none",
        [],
        "",
    )
    return found


def enlarge_bytes(x: Tensor) -> Tensor:
    """Return (N, C, H, W) uint8 at twice the size (nearest neighbor), in channels_last memory.

    Four channels are moved as one float32, which torch is faster with than with bytes.
    """
    if x.shape[1] % 4:
        return F.interpolate(x, scale_factor=2.0, mode="nearest")
    large = F.interpolate(_seen_as(x, torch.float32), scale_factor=2.0, mode="nearest")
    return _seen_as(large, torch.uint8)


def _seen_as(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous().view(dtype).permute(0, 3, 1, 2)
