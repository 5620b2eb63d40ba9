"""Resolutions: how much larger or smaller than the image a map is, borders aside."""

from fractions import Fraction

from spikeseg.graph.gates import MaxPooling
from spikeseg.graph.transforms import (
    AveragePooling,
    Convolution,
    Transform,
    TransposedConvolution,
    Upsampling,
)

Scale = tuple[Fraction, Fraction] | None
"""Rows and columns per row and column of the image; ``None`` where pooling has fixed the size."""

IMAGE = (Fraction(1), Fraction(1))


def magnification(transform: Transform, axis: int) -> Fraction:
    """Return how much larger rows (``axis`` 0) or columns (1) get, borders aside.

    >>> magnification(AveragePooling((2, 2), (2, 2)), axis=0)
    Fraction(1, 2)
    """
    match transform:
        case Convolution() | AveragePooling():
            return Fraction(1, transform.stride[axis])
        case TransposedConvolution():
            return Fraction(transform.stride[axis])
        case Upsampling():
            return Fraction(transform.factor[axis])
        case _:
            return Fraction(1)


def scale_after(scale: Scale, transform: Transform | MaxPooling | None) -> Scale:
    """Return the scale of what a transform or a gate gives; ``None`` in place of one is neither."""
    if isinstance(transform, AveragePooling) and transform.only_for:
        return None
    if scale is None or transform is None:
        return scale
    if isinstance(transform, MaxPooling):
        return scale[0] / transform.stride[0], scale[1] / transform.stride[1]
    return scale[0] * magnification(transform, 0), scale[1] * magnification(transform, 1)
