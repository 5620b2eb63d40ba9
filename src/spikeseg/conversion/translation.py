"""One torch operation, one transform; the arguments are torch's."""

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.conversion.refusals import refuse
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    Convolution,
    MaxPooling,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import Array, Pair


def _array(tensor: Tensor | None) -> Array | None:
    return None if tensor is None else tensor.detach().cpu().numpy().astype(np.float32)


def _pair(value: Any) -> Pair:
    if isinstance(value, tuple | list):
        return (int(value[0]), int(value[-1]))
    return (int(value), int(value))


def _weight(tensor: Tensor) -> Array:
    array = _array(tensor)
    assert array is not None
    return array


def convolution(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Convolution:
    """Translate a 2-D convolution with zero padding."""
    taps = _pair(dilation)
    if padding == "same":
        total = [taps[i] * (weight.shape[2 + i] - 1) for i in (0, 1)]
        before = [t // 2 for t in total]
        padded = (before[0], total[0] - before[0], before[1], total[1] - before[1])
    else:
        rows, columns = (0, 0) if padding == "valid" else _pair(padding)
        padded = (rows, rows, columns, columns)
    return Convolution(_weight(weight), _array(bias), _pair(stride), padded, taps, groups)


def convolution_layer(layer: nn.Conv2d) -> Convolution:
    """Translate a convolution layer."""
    if layer.padding_mode != "zeros":
        raise refuse(f"padding_mode is {layer.padding_mode!r}", "'zeros'")
    return convolution(
        layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups
    )


def transposed_convolution(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> TransposedConvolution:
    """Translate a 2-D transposed convolution."""
    return TransposedConvolution(
        _weight(weight),
        _array(bias),
        _pair(stride),
        _pair(padding),
        _pair(output_padding),
        _pair(dilation),
        groups,
    )


def transposed_convolution_layer(layer: nn.ConvTranspose2d) -> TransposedConvolution:
    """Translate a transposed convolution layer."""
    return transposed_convolution(
        layer.weight,
        layer.bias,
        layer.stride,
        layer.padding,
        layer.output_padding,
        layer.groups,
        layer.dilation,
    )


def batch_norm(
    mean: Tensor | None,
    var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    eps: float = 1e-5,
) -> ChannelAffine:
    """Translate a batch norm in evaluation mode: a scale and a shift for each channel."""
    if mean is None or var is None:
        raise refuse("track_running_stats is off", "batch norm with running statistics")
    if training:
        raise refuse("training is True in evaluation mode", "training=self.training")
    scale = 1.0 / torch.sqrt(var.double() + eps)
    if weight is not None:
        scale = scale * weight
    shift = -mean.double() * scale
    if bias is not None:
        shift = shift + bias
    return ChannelAffine(_weight(scale), _array(shift))


def batch_norm_layer(layer: nn.BatchNorm2d) -> ChannelAffine:
    """Translate a batch norm layer."""
    return batch_norm(
        layer.running_mean, layer.running_var, layer.weight, layer.bias, eps=layer.eps
    )


def average_pooling(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> AveragePooling:
    """Translate average pooling."""
    if ceil_mode or divisor_override is not None:
        raise refuse("ceil_mode or divisor_override is set", "average pooling without them")
    if not count_include_pad and _pair(padding) != (0, 0):
        raise refuse("padding is left out of the mean", "count_include_pad=True")
    kernel = _pair(kernel_size)
    return AveragePooling(kernel, _pair(stride) if stride else kernel, _pair(padding))


def adaptive_pooling(before: Pair, after: Pair) -> AveragePooling:
    """Translate adaptive average pooling from ``before`` to ``after`` (height, width)."""
    if before[0] % after[0] or before[1] % after[1]:
        raise refuse(
            f"{before[0]} x {before[1]} pixels are pooled to {after[0]} x {after[1]}, by windows "
            "of unlike size",
            "whole windows; choose an image size at which they divide",
        )
    kernel = (before[0] // after[0], before[1] // after[1])
    return AveragePooling(kernel, kernel, only_for=before)


def max_pooling(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> MaxPooling:
    """Translate max pooling."""
    if return_indices:
        raise refuse("return_indices is set", "max pooling without indices")
    kernel = _pair(kernel_size)
    step = _pair(stride) if stride else kernel
    return MaxPooling(kernel, step, _pair(padding), _pair(dilation), bool(ceil_mode))


def upsampling(
    mode: str, align_corners: bool | None, scale: Any, before: Pair, after: Pair
) -> Upsampling:
    """Translate an interpolation from ``before`` to ``after`` (height, width).

    ``scale`` is torch's ``scale_factor``: 2.1 also enlarges 4 pixels to 8, but to other values.
    """
    if mode not in ("nearest", "nearest-exact", "bilinear"):
        raise refuse(f"the interpolation is {mode!r}", "'nearest' and 'bilinear'")
    if after[0] % before[0] or after[1] % before[1]:
        raise refuse(
            f"{before[0]} x {before[1]} is interpolated to {after[0]} x {after[1]}",
            "enlargement by whole factors; an image size that the strides divide may give them, "
            "and network.upsampling transposed does without (fcn_vgg9)",
        )
    if scale is not None and any(factor % 1 for factor in np.atleast_1d(scale)):
        raise refuse(f"the scale factor is {scale}", "enlargement by whole factors")
    kind: Literal["nearest", "bilinear"] = "bilinear" if mode == "bilinear" else "nearest"
    return Upsampling((after[0] // before[0], after[1] // before[1]), kind, bool(align_corners))


def clipping(low: float | None, high: float | None) -> float | None:
    """Return the ceiling of a clamp from 0, or ``None`` if it has none."""
    if low != 0 or (high is not None and high <= 0):
        raise refuse(
            f"values are clipped to {low}..{high}",
            "clipping from 0 to a positive number or to none",
        )
    return None if high is None else float(high)


def slope(negative_slope: float) -> None:
    """Check that the negative side of a leaky ReLU is 0."""
    if negative_slope != 0:
        raise refuse(
            f"the negative slope is {negative_slope}, and a spike has no sign",
            "ReLU; train with ReLU, or set the slope to 0 and train a little longer",
        )
