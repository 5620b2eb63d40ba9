"""Connections as torch operations on batches of spikes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    ChannelSelection,
    Connection,
    Convolution,
    Padding,
    Resizing,
    Transform,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import Pair, Weighted


class Current:
    """A connection, ready to turn (N, C, H, W) spikes into (N, C, H, W) currents.

    Args:
        connection: the connection.
        like: a tensor whose device and dtype are used.
    """

    def __init__(self, connection: Connection, like: Tensor) -> None:
        self.source = connection.source
        self._steps = [
            (t, _tensor(getattr(t, "weight", None), like), _tensor(getattr(t, "bias", None), like))
            for t in connection.transforms
        ]

    def replace_tensors(self, make: Callable[[Tensor], Tensor]) -> None:
        """Put another tensor in the place of every weight and bias, such as a parameter."""
        self._steps = [
            (t, None if w is None else make(w), None if b is None else make(b))
            for t, w, b in self._steps
        ]

    def transforms(self) -> tuple[Transform, ...]:
        """Return the connection's chain with the tensors as they are now."""
        return tuple(_with_tensors(*step) for step in self._steps)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the current that ``x`` causes, (N, C, H, W)."""
        for transform, weight, bias in self._steps:
            x = _apply(transform, weight, bias, x)
        return x


def received(
    currents: list[Current], spikes: dict[str, Tensor], images: Tensor, num_steps: int
) -> Tensor:
    """Return the current into a population, (T, B, C, H, W).

    Args:
        currents: of the connections into the population.
        spikes: (T * B, C, H, W) of the populations that fire.
        images: (B, C, H, W), the constant input.
        num_steps: T.
    """
    constant = [c(images) for c in currents if c.source not in spikes]
    moving = [c(spikes[c.source]) for c in currents if c.source in spikes]
    steady = sum(constant[1:], constant[0])[None] if constant else None
    if not moving:
        assert steady is not None
        return steady.expand(num_steps, *steady.shape[1:])
    total = sum(moving[1:], moving[0])
    total = total.view(num_steps, images.shape[0], *total.shape[1:])
    return total if steady is None else total + steady


def _with_tensors(transform: Transform, weight: Tensor | None, bias: Tensor | None) -> Transform:
    if not isinstance(transform, Weighted):
        return transform
    assert weight is not None
    return replace(
        transform,
        weight=np.ascontiguousarray(weight.detach().cpu().numpy(), np.float32),
        bias=None if bias is None else bias.detach().cpu().numpy().astype(np.float32),
    )


def _tensor(array: object, like: Tensor) -> Tensor | None:
    if array is None:
        return None
    tensor = torch.as_tensor(array, dtype=like.dtype, device=like.device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _apply(transform: Transform, weight: Tensor | None, bias: Tensor | None, x: Tensor) -> Tensor:
    match transform:
        case Convolution():
            assert weight is not None
            return _convolve(transform, weight, bias, x)
        case TransposedConvolution():
            assert weight is not None
            return F.conv_transpose2d(
                x,
                weight,
                bias,
                transform.stride,
                transform.padding,
                transform.output_padding,
                transform.groups,
                transform.dilation,
            )
        case AveragePooling():
            return F.avg_pool2d(x, transform.kernel, transform.stride, transform.padding)
        case Upsampling():
            return _upsample(transform, x)
        case Resizing():
            return _resize(transform, x)
        case ChannelAffine():
            assert weight is not None
            x = x * weight[:, None, None]
            return x if bias is None else x + bias[:, None, None]
        case ChannelPadding():
            return F.pad(x, (0, 0, 0, 0, transform.before, transform.after))
        case ChannelSelection():
            return _select(transform, x)
        case Padding():
            return _pad(transform, x)


def _convolve(t: Convolution, weight: Tensor, bias: Tensor | None, x: Tensor) -> Tensor:
    x, stride, padding = laid_out(t, x)
    return F.conv2d(x, weight, bias, stride, padding, t.dilation, t.groups)


def laid_out(t: Convolution, x: Tensor) -> tuple[Tensor, Pair, Pair]:
    """Return what a torch convolution is given: a map, strides and symmetric padding.

    Uneven padding is added here. Where there is a single output column, the map is cut to what it
    sees and the stride is 1: oneDNN errs in bfloat16 and in bytes if it is given another one.
    """
    top, bottom, left, right = t.padding
    extent = t.dilation[1] * (t.weight.shape[3] - 1) + 1
    if t.stride[1] > 1 and x.shape[3] + left + right < extent + t.stride[1]:
        return F.pad(x, (left, right, top, bottom))[..., :extent], (t.stride[0], 1), (0, 0)
    if top == bottom and left == right:
        return x, t.stride, (top, left)
    return F.pad(x, (left, right, top, bottom)), t.stride, (0, 0)


def _pad(t: Padding, x: Tensor) -> Tensor:
    """Add zeros first, then cut: the two may meet at the same side of a small map."""
    top, bottom, left, right = t.padding
    sides = (left, right, top, bottom)
    grown = F.pad(x, [max(side, 0) for side in sides])
    return F.pad(grown, [min(side, 0) for side in sides]) if min(sides) < 0 else grown


def _select(t: ChannelSelection, x: Tensor) -> Tensor:
    chosen = torch.tensor(t.channels, device=x.device)
    return x[:, chosen.clamp(min=0)] * (chosen >= 0).to(x.dtype)[:, None, None]


def _resize(t: Resizing, x: Tensor) -> Tensor:
    size = (x.shape[2] + t.change[0], x.shape[3] + t.change[1])
    return F.interpolate(x, size=size, mode="bilinear", align_corners=t.align_corners)


def _upsample(t: Upsampling, x: Tensor) -> Tensor:
    size = (x.shape[2] * t.factor[0], x.shape[3] * t.factor[1])
    if t.mode == "zeros":
        enlarged = x.new_zeros(*x.shape[:2], *size)
        enlarged[..., :: t.factor[0], :: t.factor[1]] = x
        return enlarged
    if t.mode == "nearest":
        return F.interpolate(x, size=size, mode="nearest")
    return F.interpolate(x, size=size, mode="bilinear", align_corners=t.align_corners)
