"""Which synapses exist, counted exactly: borders, strides, dilation, groups and compositions.

The support of every transform is a product of three: which output channels, rows and columns an
input channel, row and column reach. So is the support of a chain of transforms, and the fan-out of
neuron (c, y, x) is a product of three numbers. Weights that happen to be zero count as synapses.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spikeseg.graph.transforms import (
    AveragePooling,
    ChannelPadding,
    ChannelSelection,
    Convolution,
    Padding,
    Resizing,
    Shape,
    Transform,
    TransposedConvolution,
    Upsampling,
    output_channels,
    output_length,
    output_shape,
)

Matrix = NDArray[np.bool_]


def windows(length: int, out: int, taps: int, stride: int, dilation: int, before: int) -> Matrix:
    """Return the (out, length) support of sliding windows with ``before`` leading zeros."""
    start = np.arange(out)[:, None, None] * stride - before
    source = start + dilation * np.arange(taps)[None, :, None]
    hit: Matrix = (source == np.arange(length)[None, None, :]).any(axis=1)
    return hit


def _upsampled(transform: Upsampling, length: int, out: int, axis: int) -> Matrix:
    place = np.arange(out)
    source = np.arange(length)[None, :]
    if transform.mode == "nearest":
        nearest: Matrix = (place // transform.factor[axis])[:, None] == source
        return nearest
    if transform.mode == "zeros":
        alone: Matrix = place[:, None] == source * transform.factor[axis]
        return alone
    return _interpolated(length, out, transform.align_corners)


def _interpolated(length: int, out: int, align_corners: bool) -> Matrix:
    """Return the (out, length) support of bilinear interpolation, in whole numbers: exact."""
    place = np.arange(out)
    if align_corners:
        unit = max(out - 1, 1)
        position = place * (length - 1)
    else:
        unit = 2 * out
        position = np.clip((2 * place + 1) * length - out, 0, (length - 1) * unit)
    touched: Matrix = np.abs(position[:, None] - unit * np.arange(length)[None, :]) < unit
    return touched


def spatial_support(transform: Transform, length: int, axis: int) -> Matrix:
    """Return which outputs each input row (``axis`` 0) or column (1) reaches, (out, length)."""
    out = output_length(transform, length, axis)
    match transform:
        case Convolution():
            taps = transform.weight.shape[2 + axis]
            before = transform.padding[2 * axis]
            stride, dilation = transform.stride[axis], transform.dilation[axis]
            return windows(length, out, taps, stride, dilation, before)
        case TransposedConvolution():
            taps = transform.weight.shape[2 + axis]
            before, stride = transform.padding[axis], transform.stride[axis]
            return windows(out, length, taps, stride, transform.dilation[axis], before).T
        case AveragePooling():
            kernel, before = transform.kernel[axis], transform.padding[axis]
            return windows(length, out, kernel, transform.stride[axis], 1, before)
        case Upsampling():
            return _upsampled(transform, length, out, axis)
        case Resizing():
            return _interpolated(length, out, transform.align_corners)
        case Padding():
            return windows(length, out, 1, 1, 1, transform.padding[2 * axis])
        case _:
            return np.eye(length, dtype=bool)


def channel_support(transform: Transform, channels: int) -> Matrix:
    """Return which output channels each input channel reaches, (out, channels)."""
    out = output_channels(transform, channels)
    if isinstance(transform, Convolution | TransposedConvolution):
        per_out, per_in = out // transform.groups, channels // transform.groups
        group_out, group_in = np.arange(out) // per_out, np.arange(channels) // per_in
        grouped: Matrix = group_out[:, None] == group_in[None, :]
        return grouped
    if isinstance(transform, ChannelSelection):
        chosen: Matrix = np.asarray(transform.channels)[:, None] == np.arange(channels)[None, :]
        return chosen
    before = transform.before if isinstance(transform, ChannelPadding) else 0
    placed: Matrix = np.arange(out)[:, None] == np.arange(channels)[None, :] + before
    return placed


def _reached(supports: list[Callable[[int], Matrix]], size: int) -> NDArray[np.int64]:
    """Return how many outputs of a chain each of ``size`` inputs reaches."""
    chain: NDArray[np.float32] | None = None
    for support in supports:  # in float32, whose products are fast and exact below 2^24
        step = support(size if chain is None else chain.shape[0]).astype(np.float32)
        chain = step if chain is None else np.minimum(step @ chain, 1)
    if chain is None:
        return np.ones(size, np.int64)
    counts: NDArray[np.int64] = chain.sum(axis=0, dtype=np.int64)
    return counts


def fan_out(transforms: tuple[Transform, ...], shape: Shape) -> NDArray[np.int64]:
    """Return the number of synapses of each source neuron, (C, H, W).

    Args:
        transforms: a connection's chain.
        shape: (C, H, W) of the source population.
    """

    def along(axis: int) -> list[Callable[[int], Matrix]]:
        return [lambda n, t=t: spatial_support(t, n, axis) for t in transforms]  # type: ignore[misc]

    channels = _reached([lambda n, t=t: channel_support(t, n) for t in transforms], shape[0])  # type: ignore[misc]
    rows, columns = (_reached(along(axis), shape[1 + axis]) for axis in (0, 1))
    counts: NDArray[np.int64] = np.einsum("c,y,x->cyx", channels, rows, columns)
    return counts


def num_synapses(transforms: tuple[Transform, ...], shape: Shape) -> int:
    """Return the number of synapses of a connection from a population of ``shape`` (C, H, W)."""
    return int(fan_out(transforms, shape).sum())


def num_multiplications(transforms: tuple[Transform, ...], shape: Shape) -> int:
    """Return the multiply-accumulates of one analog pass; zeros at borders are not counted.

    Each convolution of the chain counts on its own, as a dense network computes it.

    Args:
        transforms: a connection's chain.
        shape: (C, H, W) of the source population.
    """
    total = 0
    for transform in transforms:
        if isinstance(transform, Convolution | TransposedConvolution):
            total += num_synapses((transform,), shape)
        shape = output_shape((transform,), shape)
    return total
