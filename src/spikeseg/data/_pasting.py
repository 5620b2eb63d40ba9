"""Digits pasted on photographs: where, how large, in which color, and the exact mask of it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spikeseg.data._digit_files import Bytes, Digits

LEAST, MOST = 0.4, 0.6
"""Side of a digit's box of 28 x 28 pixels after scaling, as fractions of the image."""
_TRIES = 20


def enlarge(photograph: Bytes, size: int) -> NDArray[np.float64]:
    """Return a (h, h, 3) photograph as (3, size, size) in 0..1, bilinear at pixel centers."""
    zoom = (size / photograph.shape[0], size / photograph.shape[1], 1)
    large = ndimage.zoom(photograph / 255, zoom, order=1, mode="nearest", grid_mode=True)
    return np.ascontiguousarray(np.moveaxis(large, -1, 0))


def paste_digits(
    rng: np.random.Generator, image: NDArray[np.float64], digits: Digits
) -> NDArray[np.uint8]:
    """Paste 1 to 3 random digits into a (3, H, H) image; return the (H, H) mask.

    The mask is 1 + digit on the pixels that were changed, and 0 on all others. Digits neither
    overlap nor touch; one that finds no free place in 20 tries is left out (never the first).
    """
    mask = np.zeros(image.shape[1:], np.uint8)
    for _ in range(rng.integers(1, 4)):
        which = int(rng.integers(len(digits.labels)))
        ink = _scaled(rng, digits.images[which], len(mask))
        place = _free_place(rng, mask, ink.shape)
        if place is not None:
            _paint(rng, image[:, *place], ink)
            mask[place][ink >= 0.5] = 1 + digits.labels[which]
    return mask


def _scaled(rng: np.random.Generator, digit: Bytes, size: int) -> NDArray[np.float64]:
    """Return the ink of a digit at a random size, 1 at its strongest, cut to where it is >= 0.5."""
    zoom = round(size * rng.uniform(LEAST, MOST)) / len(digit)
    ink = ndimage.zoom(digit / 255, zoom, order=1, mode="nearest", grid_mode=True)
    ink /= ink.max()
    rows, columns = (np.flatnonzero((ink >= 0.5).any(axis=axis)) for axis in (1, 0))
    return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _free_place(
    rng: np.random.Generator, mask: NDArray[np.uint8], shape: tuple[int, ...]
) -> tuple[slice, slice] | None:
    """Return a window of a shape with no digit in it nor at its border, or None."""
    for _ in range(_TRIES):
        top, left = (int(rng.integers(n - m + 1)) for n, m in zip(mask.shape, shape, strict=True))
        around = (
            slice(max(0, top - 1), top + shape[0] + 1),
            slice(max(0, left - 1), left + shape[1] + 1),
        )
        if not mask[around].any():
            return slice(top, top + shape[0]), slice(left, left + shape[1])
    return None


def _paint(rng: np.random.Generator, window: NDArray[np.float64], ink: NDArray[np.float64]) -> None:
    """Mix a color into a (3, h, w) window, by the ink, where that is 0.5 or more.

    Of three random colors it is the one farthest from the mean color that it covers.
    """
    is_ink = ink >= 0.5
    ground = window[:, is_ink].mean(axis=1)
    colors = rng.random((3, 3))
    color = colors[np.abs(colors - ground).sum(axis=1).argmax()]
    mixed = ink * color[:, None, None] + (1 - ink) * window
    window[:, is_ink] = mixed[:, is_ink]
