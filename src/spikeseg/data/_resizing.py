"""Images and masks on a square grid, without regard to their proportions."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray


def resize_image(image: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return a (C, H, W) image in 0..1 as (C, size, size).

    Bilinear at pixel centers; a Gaussian takes out before what the grid cannot hold (scikit-image's
    ``resize`` with its defaults, which is what the code of Kim et al. 2022 calls).
    """
    down, across = (_weights(n, size) for n in image.shape[1:])
    return np.asarray(np.clip(down @ image @ across.T, 0, 1), np.float32)


@lru_cache(maxsize=256)
def _weights(length: int, size: int) -> NDArray[np.float64]:
    """Return (size, length): what each pixel gives to each grid cell along one axis.

    Scaling works on each axis alone, so that two small products do what scikit-image does to all
    pixels, several times faster.
    """
    from skimage.transform import resize

    axis: NDArray[np.float64] = resize(  # type: ignore[no-untyped-call]
        np.eye(length), (size, length), order=1, mode="reflect", anti_aliasing=True
    )
    return axis


def resize_mask(
    mask: NDArray[np.uint8], size: int, at: Literal["center", "corner"]
) -> NDArray[np.uint8]:
    """Return a (H, W) mask as (size, size), each value that of one pixel.

    Args:
        mask: class indices.
        size: height and width of the result.
        at: the point of a grid cell whose pixel is taken: its center, or its upper left corner, as
            OpenCV's nearest-neighbor interpolation has it.

    >>> resize_mask(np.arange(16, dtype=np.uint8).reshape(4, 4), 2, "corner").tolist()
    [[0, 2], [8, 10]]
    >>> resize_mask(np.arange(16, dtype=np.uint8).reshape(4, 4), 2, "center").tolist()
    [[5, 7], [13, 15]]
    """
    half = 1 if at == "center" else 0
    rows, columns = ((2 * np.arange(size) + half) * n // (2 * size) for n in mask.shape)
    return np.ascontiguousarray(mask[np.ix_(rows, columns)])
