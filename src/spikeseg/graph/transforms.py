"""The closed set of transforms: everything linear that lies between two populations.

Each is affine in its input of shape (C, H, W); ``bias`` may be ``None``. A new kind touches four
places by nature: here, ``support`` (which synapses exist), the engine (how it is computed) and
tracing (where it comes from).
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ShapeError

Array = NDArray[np.float32]
Shape = tuple[int, int, int]
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Convolution:
    """2-D cross-correlation.

    Attributes:
        weight: (C_out, C_in / groups, K_h, K_w).
        bias: (C_out,) or ``None``.
        stride: rows, columns.
        padding: zeros added as (top, bottom, left, right).
        dilation: rows, columns.
        groups: channel groups.
    """

    weight: Array
    bias: Array | None = None
    stride: Pair = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1


@dataclass(frozen=True, eq=False)
class TransposedConvolution:
    """The transpose of a convolution, for upsampling.

    Attributes:
        weight: (C_in, C_out / groups, K_h, K_w).
        bias: (C_out,) or ``None``.
        stride: rows, columns.
        padding: rows and columns cut off at each border.
        output_padding: rows and columns added at the bottom and right.
        dilation: rows, columns.
        groups: channel groups.
    """

    weight: Array
    bias: Array | None = None
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    output_padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class AveragePooling:
    """The mean over windows; padded zeros count, as in ``count_include_pad=True``.

    Attributes:
        kernel: rows, columns.
        stride: rows, columns.
        padding: rows, columns at each border.
        only_for: the (height, width) that the windows were chosen for, as adaptive pooling chooses
            them; maps of another size are refused. ``None`` takes any size.
    """

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    only_for: Pair | None = None


@dataclass(frozen=True)
class Upsampling:
    """Enlargement by a whole factor.

    Attributes:
        factor: rows, columns.
        mode: ``nearest``, ``bilinear`` or ``zeros``, which puts each value into the top left corner
            of a block of zeros.
        align_corners: of ``bilinear``, as in torch.
    """

    factor: Pair
    mode: Literal["nearest", "bilinear", "zeros"] = "nearest"
    align_corners: bool = False


@dataclass(frozen=True)
class Resizing:
    """Bilinear resizing to so many pixels more or less, whatever the size: n to n + change.

    Attributes:
        change: rows, columns; negative trims, as (-1, -1) does 17 x 17 pixels to 16 x 16.
        align_corners: as in torch.
    """

    change: Pair
    align_corners: bool = False


@dataclass(frozen=True, eq=False)
class ChannelAffine:
    """``scale * x + bias`` for each channel: a batch norm that no convolution can absorb.

    Attributes:
        weight: (C,), the scale.
        bias: (C,) or ``None``.
    """

    weight: Array
    bias: Array | None = None


@dataclass(frozen=True)
class ChannelPadding:
    """Places the channels among others that are zero: one part of a concatenation.

    Attributes:
        before: zero channels in front.
        after: zero channels behind.
    """

    before: int
    after: int


@dataclass(frozen=True)
class ChannelSelection:
    """Puts channels into another order, leaves some out or repeats them.

    Attributes:
        channels: for each output channel, the input channel that it is; -1 is a channel of zeros.
    """

    channels: tuple[int, ...]


@dataclass(frozen=True)
class Padding:
    """Adds rows and columns of zeros, or cuts rows and columns off.

    Attributes:
        padding: (top, bottom, left, right); positive adds zeros, negative cuts off.
    """

    padding: tuple[int, int, int, int]


Transform = (
    Convolution
    | TransposedConvolution
    | AveragePooling
    | Upsampling
    | Resizing
    | ChannelAffine
    | ChannelPadding
    | ChannelSelection
    | Padding
)
Weighted = Convolution | TransposedConvolution | ChannelAffine
W = TypeVar("W", Convolution, TransposedConvolution, ChannelAffine)


def without_bias(transform: Transform) -> Transform:
    """Return the linear part of a transform."""
    return replace(transform, bias=None) if isinstance(transform, Weighted) else transform


def scaled(transform: W, weight: float, bias: float) -> W:
    """Return the transform with its weights and its bias multiplied by one number each."""
    old = transform.bias
    return replace(
        transform,
        weight=np.asarray(transform.weight * np.float32(weight), np.float32),
        bias=None if old is None else np.asarray(old * np.float32(bias), np.float32),
    )


def output_channels(transform: Transform, channels: int) -> int:
    """Return the number of channels after a transform."""
    match transform:
        case Convolution():
            channels = transform.weight.shape[0]
        case TransposedConvolution():
            channels = transform.weight.shape[1] * transform.groups
        case ChannelPadding():
            channels += transform.before + transform.after
        case ChannelSelection():
            channels = len(transform.channels)
    return channels


def _check_channels(transform: Transform, channels: int, shape: Shape) -> None:
    expected = _input_channels(transform)
    if expected not in (None, channels):
        raise ShapeError(
            f"{type(transform).__name__} has weights for {expected} channels and gets "
            f"{channels}, from an input of shape {shape}; make the two agree."
        )
    last = max(transform.channels) if isinstance(transform, ChannelSelection) else -1
    if last >= channels:
        raise ShapeError(
            f"ChannelSelection takes channel {last} of {channels}, from an input of shape {shape}; "
            "take channels that there are."
        )


def _input_channels(transform: Transform) -> int | None:
    """Return the number of channels that the weights are made for; ``None`` is any."""
    match transform:
        case Convolution():
            return int(transform.weight.shape[1]) * transform.groups
        case TransposedConvolution() | ChannelAffine():
            return int(transform.weight.shape[0])
        case _:
            return None


def _taps(transform: Convolution | TransposedConvolution, axis: int) -> int:
    taps: int = transform.weight.shape[2 + axis]
    return taps


def _pooled_length(transform: AveragePooling, length: int, axis: int) -> int:
    only = transform.only_for
    if only is not None and only[axis] != length:
        raise ShapeError(
            f"the network pools over parts of the whole image, here over a map of {only[0]} x "
            f"{only[1]} pixels, and gets one with {length} {'columns' if axis else 'rows'}; such a "
            "graph takes one image size only. Convert the network again with images of the new "
            "size, or use images of the old one."
        )
    total = length + 2 * transform.padding[axis]
    return (total - transform.kernel[axis]) // transform.stride[axis] + 1


def output_length(transform: Transform, length: int, axis: int) -> int:
    """Return the height (``axis`` 0) or width (1) after a transform of one of ``length``."""
    match transform:
        case Convolution():
            reach = transform.dilation[axis] * (_taps(transform, axis) - 1) + 1
            total = length + sum(transform.padding[2 * axis : 2 * axis + 2])
            return (total - reach) // transform.stride[axis] + 1
        case TransposedConvolution():
            reach = transform.dilation[axis] * (_taps(transform, axis) - 1) + 1
            grown = (length - 1) * transform.stride[axis] + reach
            return grown - 2 * transform.padding[axis] + transform.output_padding[axis]
        case AveragePooling():
            return _pooled_length(transform, length, axis)
        case Upsampling():
            return length * transform.factor[axis]
        case Resizing():
            return length + transform.change[axis]
        case Padding():
            return length + sum(transform.padding[2 * axis : 2 * axis + 2])
        case _:
            return length


def output_shape(transforms: tuple[Transform, ...], shape: Shape) -> Shape:
    """Return the (C, H, W) shape after a chain of transforms.

    Raises:
        ShapeError: nothing is left of the image, or weights are made for other channels.
    """
    channels, height, width = shape
    for transform in transforms:
        _check_channels(transform, channels, shape)
        channels = output_channels(transform, channels)
        height, width = (output_length(transform, n, i) for i, n in enumerate((height, width)))
        if min(height, width) < 1:
            raise ShapeError(
                f"{type(transform).__name__} leaves {height} x {width} pixels of an input of shape "
                f"{shape}; use a larger image."
            )
    return channels, height, width
