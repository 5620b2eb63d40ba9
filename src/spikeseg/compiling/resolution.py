"""A change of resolution and the convolution after it, as one kernel with another window."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Window
from spikeseg.chips.boxes import Shape
from spikeseg.errors import CompileError
from spikeseg.graph import (
    AveragePooling,
    Convolution,
    Padding,
    TransposedConvolution,
    Upsampling,
)

Doubles = NDArray[np.float64]


def resized_kernel(
    weight: Doubles,
    transform: Convolution | TransposedConvolution,
    spatial: AveragePooling | Upsampling | Padding | None,
    shape: Shape,
    where: str,
) -> tuple[Doubles, Window]:
    """Return a change of resolution and the convolution after it as one kernel and its window.

    Args:
        weight: (K_h, K_w, C_in, C_out) of the convolution.
        transform: the convolution.
        spatial: what comes before it.
        shape: (C, H, W) of what enters ``spatial``.
        where: the connection, for messages.

    Raises:
        CompileError: no kernel expresses the two.
    """
    window = _window(transform)
    if spatial is None:
        return weight, window
    if isinstance(transform, TransposedConvolution):
        raise CompileError(
            f"{where}: {type(spatial).__name__} before a transposed convolution cannot be folded "
            "into one kernel. Use one of the two alone."
        )
    if isinstance(spatial, Padding):
        return weight, _framed(transform, window, spatial, where)
    if isinstance(spatial, AveragePooling):
        return _pooled(weight, window, spatial, shape, where)
    return _enlarged(weight, window, spatial, where)


def _window(transform: Convolution | TransposedConvolution) -> Window:
    if isinstance(transform, Convolution):
        top, _, left, _ = transform.padding
        return Window(transform.stride, (top, left), transform.dilation)
    return Window(transform.stride, transform.padding, transform.dilation, transposed=True)


def _framed(transform: Convolution, window: Window, frame: Padding, where: str) -> Window:
    """Return the window of a convolution after rows and columns of zeros were added, or cut."""
    sides = zip(frame.padding, transform.padding, strict=True)
    if any(added < 0 < padded for added, padded in sides):
        raise CompileError(
            f"{where}: a border of {frame.padding} is cut off and a convolution then pads "
            f"{transform.padding}; no kernel sees zeros where there are neurons. Cut after the "
            "convolution, or convolve without padding."
        )
    (top, _, left, _), (y, x) = frame.padding, window.padding
    return replace(window, padding=(y + top, x + left))


def _pooled(
    weight: Doubles, window: Window, pooling: AveragePooling, shape: Shape, where: str
) -> tuple[Doubles, Window]:
    """Return pooling and convolution as one convolution with a larger stride."""
    if (
        pooling.kernel != pooling.stride
        or any(pooling.padding)
        or any(n % s for n, s in zip(shape[1:], pooling.stride, strict=True))
    ):
        raise CompileError(
            f"{where}: average pooling with kernel {pooling.kernel}, stride {pooling.stride}, "
            f"padding {pooling.padding} of {shape[1]} x {shape[2]} pixels overlaps or leaves "
            "pixels over; on a chip the kernel equals the stride, which divides the size. Train "
            "with such pooling, or with a strided convolution in its place, as unet, deeplab and "
            "fcn (network.name) have it."
        )
    steps = pooling.stride
    share = np.full(steps, 1.0 / (steps[0] * steps[1]))
    spread = [(n - 1) * d + 1 for n, d in zip(weight.shape[:2], window.dilation, strict=True)]
    wide = np.zeros((*spread, *weight.shape[2:]))
    wide[:: window.dilation[0], :: window.dilation[1]] = weight
    kernel = np.einsum("yxbc,uv->yuxvbc", wide, share)
    size = (spread[0] * steps[0], spread[1] * steps[1], *weight.shape[2:])
    stride = window.stride[0] * steps[0], window.stride[1] * steps[1]
    padding = window.padding[0] * steps[0], window.padding[1] * steps[1]
    return kernel.reshape(size), Window(stride, padding)


def _enlarged(
    weight: Doubles, window: Window, enlargement: Upsampling, where: str
) -> tuple[Doubles, Window]:
    """Return enlargement and convolution as one transposed convolution.

    Pixel i becomes the pixels f i + a; the convolution gives target o = f i + a + p - k, so its
    tap in the transposed kernel is a - k + K - 1, and the padding K - 1 - p.
    """
    if enlargement.mode == "bilinear":
        raise CompileError(
            f"{where}: bilinear upsampling has other weights at the border, so no chip kernel "
            "expresses it. Use network.upsampling nearest or transposed, and train again."
        )
    if window.stride != (1, 1) or window.dilation != (1, 1):
        raise CompileError(
            f"{where}: a convolution with stride {window.stride}, dilation {window.dilation} "
            "follows an enlargement; on a chip it has stride 1 and dilation 1."
        )
    (rows, columns), (fy, fx) = weight.shape[:2], enlargement.factor
    copies = (fy, fx) if enlargement.mode == "nearest" else (1, 1)
    kernel = np.zeros((rows + copies[0] - 1, columns + copies[1] - 1, *weight.shape[2:]))
    for a in range(copies[0]):
        for b in range(copies[1]):
            kernel[a : a + rows, b : b + columns] += weight[::-1, ::-1]
    padding = rows - 1 - window.padding[0], columns - 1 - window.padding[1]
    return kernel, Window((fy, fx), padding, transposed=True)
