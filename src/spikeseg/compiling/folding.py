"""Folds the transforms of a connection into one kernel, exactly, borders included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikeseg.chips import Window
from spikeseg.chips.boxes import Shape
from spikeseg.compiling.resolution import Doubles, resized_kernel
from spikeseg.errors import CompileError
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    ChannelSelection,
    Convolution,
    Padding,
    Resizing,
    Transform,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import output_shape


@dataclass(frozen=True, eq=False)
class Folded:
    """A chain of transforms as one kernel.

    Attributes:
        weight: (K_h, K_w, C_in, C_out).
        bias: (C_out,).
        window: how the kernel slides.
    """

    weight: Doubles
    bias: Doubles
    window: Window


def fold(transforms: Sequence[Transform], shape: Shape, where: str) -> Folded:
    """Return the one kernel that does what a chain does.

    Channels may be scaled, placed or chosen anywhere. One change of resolution may come before the
    convolution: average pooling without overlap gives a larger stride, repeated pixels (nearest)
    give a transposed kernel.

    Args:
        transforms: of a connection.
        shape: (C, H, W) of its source.
        where: the connection, for messages.

    Raises:
        CompileError: a chain that no single kernel can express; names the transform and what works.
    """
    _refuse_resizing(transforms, where)
    eye = np.eye(shape[0])[None, None]
    folded = Folded(eye, np.zeros(shape[0]), Window())
    spatial: AveragePooling | Upsampling | Padding | None = None
    for transform in transforms:
        waits = spatial is not None  # what mixes channels without a bias commutes with it
        if _is_pointwise(transform) and not (waits and _is_biased(transform)):
            folded = _mixed(folded, transform)
        elif spatial is None and _is_point(folded) and isinstance(transform, _BEFORE):
            spatial, entered = transform, shape
        elif _is_point(folded) and isinstance(transform, _WEIGHTED):
            size = entered if spatial is not None else shape
            folded = _slid(folded, transform, spatial, size, where)
            spatial = None
        else:
            raise CompileError(
                f"{where}: {type(transform).__name__} follows another transform with which it "
                "cannot be folded into one kernel. Put neurons between the two, or one after the "
                "other into the network as its own layer."
            )
        shape = output_shape((transform,), shape)
    if spatial is not None:
        same = ChannelAffine(np.ones(len(folded.bias), np.float32))
        folded = _slid(folded, same, spatial, entered, where)
    return folded


def _refuse_resizing(transforms: Sequence[Transform], where: str) -> None:
    if any(isinstance(transform, Resizing) for transform in transforms):
        raise CompileError(
            f"{where}: bilinear resizing has other weights in every pixel, so no chip kernel "
            "expresses it. Use network.name fcn, or end a transposed convolution at the size "
            "itself (network.upsampling transposed), and train again."
        )


_WEIGHTED = Convolution | TransposedConvolution | ChannelAffine
_BEFORE = AveragePooling | Upsampling | Padding


def _is_point(folded: Folded) -> bool:
    """Return whether every pixel hears only the pixel in its place."""
    return folded.weight.shape[:2] == (1, 1) and folded.window == Window()


def _is_pointwise(transform: Transform) -> bool:
    if isinstance(transform, Convolution):
        return (
            transform.weight.shape[2:] == (1, 1)
            and transform.stride == (1, 1)
            and not any(transform.padding)
        )
    return isinstance(transform, ChannelAffine | ChannelPadding | ChannelSelection)


def _is_biased(transform: Transform) -> bool:
    return getattr(transform, "bias", None) is not None


def _mixed(folded: Folded, transform: Transform) -> Folded:
    """Return what follows when output channels are mixed."""
    matrix, offset = _channel_map(transform, len(folded.bias))
    return replace(folded, weight=folded.weight @ matrix, bias=folded.bias @ matrix + offset)


def _channel_map(transform: Transform, channels: int) -> tuple[Doubles, Doubles]:
    """Return the (C_in, C_out) matrix and the (C_out,) bias of a pointwise transform."""
    match transform:
        case Convolution():
            matrix = _expanded(transform)[0, 0]
        case ChannelAffine():
            matrix = np.diag(transform.weight.astype(np.float64))
        case ChannelPadding():
            matrix = np.pad(np.eye(channels), ((0, 0), (transform.before, transform.after)))
        case ChannelSelection():
            chosen = np.asarray(transform.channels)[None, :]
            matrix = (np.arange(channels)[:, None] == chosen).astype(np.float64)
        case _:
            raise AssertionError(transform)
    bias = getattr(transform, "bias", None)
    return matrix, np.zeros(matrix.shape[1]) if bias is None else bias.astype(np.float64)


def _expanded(transform: Convolution | TransposedConvolution) -> Doubles:
    """Return the weights as (K_h, K_w, C_in, C_out), groups written out with zeros."""
    weight, groups = transform.weight.astype(np.float64), transform.groups
    if isinstance(transform, Convolution):
        weight = weight.transpose(2, 3, 1, 0)
        per_out = weight.shape[3] // groups
        parts = [weight[..., g * per_out : (g + 1) * per_out] for g in range(groups)]
    else:
        weight = weight.transpose(2, 3, 0, 1)
        per_in = weight.shape[2] // groups
        parts = [weight[:, :, g * per_in : (g + 1) * per_in] for g in range(groups)]
    rows, columns = parts[0].shape[2:]
    whole = np.zeros((*weight.shape[:2], rows * groups, columns * groups))
    for g, part in enumerate(parts):
        whole[:, :, g * rows : (g + 1) * rows, g * columns : (g + 1) * columns] = part
    return whole


def _slid(
    folded: Folded,
    transform: Convolution | TransposedConvolution | ChannelAffine,
    spatial: AveragePooling | Upsampling | Padding | None,
    shape: Shape,
    where: str,
) -> Folded:
    """Return channels mixed, then a change of resolution, then a convolution, as one kernel."""
    if isinstance(transform, ChannelAffine):
        transform = _as_convolution(transform)
    if np.any(folded.bias) and (spatial is not None or _pads(transform)):
        raise CompileError(
            f"{where}: a bias comes before a convolution with padded borders, so it is not the "
            "same in all pixels. Leave that bias out, or put neurons between the two."
        )
    weight = _expanded(transform)
    kernel, window = resized_kernel(weight, transform, spatial, shape, where)
    bias = folded.bias @ weight.sum(axis=(0, 1))
    if transform.bias is not None:
        bias = bias + transform.bias
    return Folded(np.einsum("ab,yxbc->yxac", folded.weight[0, 0], kernel), bias, window)


def _as_convolution(affine: ChannelAffine) -> Convolution:
    weight = np.diag(affine.weight).astype(np.float32)
    return Convolution(weight[:, :, None, None], affine.bias)


def _pads(transform: Convolution | TransposedConvolution) -> bool:
    return any(transform.padding) or isinstance(transform, TransposedConvolution)
