"""One torch layer or function, one transform. What is not listed here is refused by name."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.errors import UnsupportedLayerError
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    Convolution,
    Transform,
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


def _refuse(what: str, allowed: str) -> UnsupportedLayerError:
    return UnsupportedLayerError(f"{what}; a spiking graph takes {allowed}.")


def _weight(tensor: Tensor) -> Array:
    array = _array(tensor)
    assert array is not None
    return array


def convolution(layer: nn.Conv2d) -> Convolution:
    """Translate a 2-D convolution with zero padding."""
    if layer.padding_mode != "zeros":
        raise _refuse(f"padding_mode is {layer.padding_mode!r}", "'zeros'")
    kernel, dilation = _pair(layer.kernel_size), _pair(layer.dilation)
    if layer.padding == "same":
        total = [dilation[i] * (kernel[i] - 1) for i in (0, 1)]
        before = [t // 2 for t in total]
        padding = (before[0], total[0] - before[0], before[1], total[1] - before[1])
    else:
        rows, columns = (0, 0) if layer.padding == "valid" else _pair(layer.padding)
        padding = (rows, rows, columns, columns)
    return Convolution(
        _weight(layer.weight),
        _array(layer.bias),
        _pair(layer.stride),
        padding,
        dilation,
        layer.groups,
    )


def transposed_convolution(layer: nn.ConvTranspose2d) -> TransposedConvolution:
    """Translate a 2-D transposed convolution."""
    return TransposedConvolution(
        _weight(layer.weight),
        _array(layer.bias),
        _pair(layer.stride),
        _pair(layer.padding),
        _pair(layer.output_padding),
        _pair(layer.dilation),
        layer.groups,
    )


def batch_norm(layer: nn.BatchNorm2d) -> ChannelAffine:
    """Translate a batch norm in evaluation mode: a scale and a shift for each channel."""
    if layer.running_mean is None or layer.running_var is None:
        raise _refuse("track_running_stats is off", "batch norm with running statistics")
    scale = 1.0 / torch.sqrt(layer.running_var.double() + layer.eps)
    if layer.weight is not None:
        scale = scale * layer.weight
    shift = -layer.running_mean.double() * scale
    if layer.bias is not None:
        shift = shift + layer.bias
    return ChannelAffine(_weight(scale), _array(shift))


def average_pooling(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> AveragePooling:
    """Translate average pooling; the arguments are torch's."""
    if ceil_mode or divisor_override is not None:
        raise _refuse("ceil_mode or divisor_override is set", "average pooling without them")
    if not count_include_pad and _pair(padding) != (0, 0):
        raise _refuse("padding is left out of the mean", "count_include_pad=True")
    kernel = _pair(kernel_size)
    return AveragePooling(kernel, kernel if stride is None else _pair(stride), _pair(padding))


def upsampling(
    mode: str, align_corners: bool | None, scale: Any, before: Pair, after: Pair
) -> Upsampling:
    """Translate an interpolation from ``before`` to ``after`` (height, width).

    ``scale`` is torch's ``scale_factor``: 2.1 also enlarges 4 pixels to 8, but to other values.
    """
    if mode not in ("nearest", "bilinear"):
        raise _refuse(f"the interpolation is {mode!r}", "'nearest' and 'bilinear'")
    if after[0] % before[0] or after[1] % before[1]:
        raise _refuse(
            f"{before[0]} x {before[1]} is interpolated to {after[0]} x {after[1]}",
            "enlargement by whole factors",
        )
    if scale is not None and any(factor % 1 for factor in np.atleast_1d(scale)):
        raise _refuse(f"the scale factor is {scale}", "enlargement by whole factors")
    kind: Literal["nearest", "bilinear"] = "nearest" if mode == "nearest" else "bilinear"
    return Upsampling((after[0] // before[0], after[1] // before[1]), kind, bool(align_corners))


def _pooling_layer(layer: nn.AvgPool2d) -> AveragePooling:
    return average_pooling(
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.ceil_mode,
        layer.count_include_pad,
        layer.divisor_override,
    )


LAYERS: dict[type[nn.Module], Callable[[Any], Transform]] = {
    nn.Conv2d: convolution,
    nn.ConvTranspose2d: transposed_convolution,
    nn.BatchNorm2d: batch_norm,
    nn.AvgPool2d: _pooling_layer,
}
"""Layers that become one transform."""

ADVICE: dict[str, str] = {
    "MaxPool2d": "use a strided convolution or average pooling",
    "max_pool2d": "use a strided convolution or average pooling",
    "AdaptiveAvgPool2d": "use AvgPool2d with a fixed kernel",
    "adaptive_avg_pool2d": "use AvgPool2d with a fixed kernel",
    "Linear": "use a 1 x 1 convolution",
    "linear": "use a 1 x 1 convolution",
    "Flatten": "keep the image axes: a segmentation network has no flat layer",
    "flatten": "keep the image axes: a segmentation network has no flat layer",
    "Sigmoid": "train with logits and drop it: the largest logit is the mask",
    "sigmoid": "train with logits and drop it: the largest logit is the mask",
    "Softmax": "train with logits and drop it: the largest logit is the mask",
    "softmax": "train with logits and drop it: the largest logit is the mask",
    "LeakyReLU": "use ReLU: a spike has no sign",
    "leaky_relu": "use ReLU: a spike has no sign",
    "GELU": "use ReLU",
    "SiLU": "use ReLU",
    "ELU": "use ReLU",
    "GroupNorm": "use BatchNorm2d, which folds into the weights",
    "InstanceNorm2d": "use BatchNorm2d, which folds into the weights",
    "LayerNorm": "use BatchNorm2d, which folds into the weights",
    "getattr": "use fixed sizes or scale factors in place of the sizes of tensors",
    "size": "use fixed sizes or scale factors in place of the sizes of tensors",
    "addition of a constant": "put it into the bias of a layer before",
    "a constant tensor": "put it into the weights or the bias of a layer",
    "dropout in evaluation mode": "pass training=self.training, or use nn.Dropout2d",
    "mul": "products of activations are not linear; use addition or concatenation",
}
"""What works in the place of what does not."""

SUPPORTED = (
    "Conv2d, ConvTranspose2d, BatchNorm2d, AvgPool2d, Upsample and interpolate (nearest, "
    "bilinear), cat over channels, addition, dropout and ReLU-like activations"
)
