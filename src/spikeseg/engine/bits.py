"""Inference on spikes of one byte: weights of 8 bits, sums that are exact.

Spikes are 0 or 1 and need no scale, so only the weights are rounded (to 255 levels a channel).
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from spikeseg.engine.dynamics import Dynamics
from spikeseg.engine.native import Span, run_native
from spikeseg.engine.norm import Norm
from spikeseg.engine.normalized import tiles_of_past


class ByteWeights(NamedTuple):
    """What `convolve_bytes` takes; made once by `pack_bytes`.

    Attributes:
        packed: the weights in an order that oneDNN likes.
        scales: (K,), what one unit of a weight of each output channel is worth.
        stride: of the convolution, rows and columns.
        padding: likewise.
    """

    packed: Any
    scales: Tensor
    stride: tuple[int, int]
    padding: tuple[int, int]


def pack_bytes(weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> ByteWeights:
    """Round (K, C, h, w) weights to -127..127 of the largest in each output channel."""
    scales = weight.detach().abs().amax((1, 2, 3)).clamp(min=1e-30) / 127.0
    rounded = (weight.detach() / scales.view(-1, 1, 1, 1)).round().to(torch.int8)
    how = (list(stride), list(padding), [1, 1], 1)
    packed = torch.ops.onednn.qconv_prepack(rounded, scales, 1.0, 0, *how, None)
    return ByteWeights(packed, scales, stride, padding)


def convolve_bytes(spikes: Tensor, weights: ByteWeights, dtype: torch.dtype) -> Tensor:
    """Return the convolution of (N, C, H, W) uint8 spikes; sums are exact, then rounded to dtype.

    Args:
        spikes: 0 and 1, or small counts, in channels_last memory.
        weights: from `pack_bytes`.
        dtype: float32 or bfloat16.
    """
    zeros = torch.zeros(len(weights.scales), dtype=torch.int64)
    how = (list(weights.stride), list(weights.padding), [1, 1], 1)
    found: Tensor = torch.ops.onednn.qconv_pointwise(
        spikes,
        1.0,
        0,
        weights.packed,
        weights.scales,
        zeros,
        None,
        *how,
        1.0,
        0,
        dtype,
        "none",
        [],
        "",
    )
    return found


def normalized_bits(
    x: Tensor, norm: Norm, decay: float, dynamics: Dynamics, num_steps: int | None = None
) -> Tensor:
    """Do what `normalized_leaky_scan` does in evaluation, without gradient, to uint8 spikes.

    Args:
        x: (T, B, C, H, W) float32 or bfloat16; or, with ``num_steps``, (B, C, H, W).
        norm: the batch norm; its running statistics are used.
        decay: share of the potential that survives a step.
        dynamics: the neuron.
        num_steps: T, where x is constant.

    Returns:
        (T, B, C, H, W) uint8 in channels_last memory.
    """
    folded = x.flatten(0, -4).contiguous(memory_format=torch.channels_last)
    steps = len(x) if num_steps is None else num_steps
    size = x.numel() if num_steps else x.numel() // steps
    shape = (len(folded) * (steps if num_steps else 1), *folded.shape[1:])
    out = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
    span = Span(steps, size, 0 if num_steps else size)
    run_native("forward", dynamics, (folded, None, out), tiles_of_past(norm), span, decay)
    return out.view(steps, -1, *out.shape[1:])


def normalized_rates(x: Tensor, norm: Norm, decay: float, dynamics: Dynamics) -> Tensor:
    """Return what `time_mean` makes of `normalized_leaky_scan` in evaluation; no gradient.

    Args:
        x: (T, B, C, H, W) float32 or bfloat16.
        norm: the batch norm; its running statistics are used.
        decay: share of the potential that survives a step.
        dynamics: the neuron.

    Returns:
        (B, C, H, W) in the dtype of x, in channels_last memory.
    """
    folded = x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    out = torch.empty(x.shape[1:], dtype=x.dtype, memory_format=torch.channels_last)
    tiles = tiles_of_past(norm)
    tiles[3] = 1.0 / len(x)
    span = Span(len(x), out.numel(), out.numel())
    run_native("rates", dynamics, (folded, None, out), tiles, span, decay)
    return out


def join_doubled(low: Tensor, skip: Tensor) -> Tensor:
    """Return the twice enlarged (nearest neighbor) low map and the skip connection side by side.

    Four channels are moved as one float32, which torch is faster with than with bytes.

    Args:
        low: (N, C, H, W) uint8 in channels_last memory.
        skip: (N, D, 2 H, 2 W), the same.

    Returns:
        (N, C + D, 2 H, 2 W), the same.
    """
    if low.shape[1] % 4 or skip.shape[1] % 4:
        return torch.cat([F.interpolate(low, scale_factor=2.0, mode="nearest"), skip], 1)
    large = F.interpolate(_seen_as(low, torch.float32), scale_factor=2.0, mode="nearest")
    return _seen_as(torch.cat([large, _seen_as(skip, torch.float32)], 1), torch.uint8)


def _seen_as(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.permute(0, 2, 3, 1).contiguous().view(dtype).permute(0, 3, 1, 2)
