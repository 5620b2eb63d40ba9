"""Connections as torch operations on batches of spikes."""

import torch
import torch.nn.functional as F
from torch import Tensor

from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    Connection,
    Convolution,
    Transform,
    TransposedConvolution,
    Upsampling,
)


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

    def __call__(self, x: Tensor) -> Tensor:
        """Return the current that ``x`` causes, (N, C, H, W)."""
        for transform, weight, bias in self._steps:
            x = _apply(transform, weight, bias, x)
        return x


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
        case ChannelAffine():
            assert weight is not None
            x = x * weight[:, None, None]
            return x if bias is None else x + bias[:, None, None]
        case ChannelPadding():
            return F.pad(x, (0, 0, 0, 0, transform.before, transform.after))


def _convolve(t: Convolution, weight: Tensor, bias: Tensor | None, x: Tensor) -> Tensor:
    top, bottom, left, right = t.padding
    if top == bottom and left == right:
        return F.conv2d(x, weight, bias, t.stride, (top, left), t.dilation, t.groups)
    x = F.pad(x, (left, right, top, bottom))
    return F.conv2d(x, weight, bias, t.stride, 0, t.dilation, t.groups)


def _upsample(t: Upsampling, x: Tensor) -> Tensor:
    size = (x.shape[2] * t.factor[0], x.shape[3] * t.factor[1])
    if t.mode == "nearest":
        return F.interpolate(x, size=size, mode="nearest")
    return F.interpolate(x, size=size, mode="bilinear", align_corners=t.align_corners)
