"""From a mask of cell interiors to regions one line apart.

Everything is 2-D and 4-connected: two cells that touch only at a corner are two cells, and a line
that is closed only diagonally still separates.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import DataError


def label_cells(interior: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (H, W) labels of the 4-connected components of an (H, W) bool mask; 0 is outside.

    Raises:
        DataError: ``interior`` is not an (H, W) bool array.

    >>> label_cells(np.array([[True, False], [False, True]])).tolist()
    [[1, 0], [0, 2]]
    """
    from skimage import measure

    require_mask("interior", interior)
    label: Any = measure.label  # not annotated upstream
    return np.asarray(label(interior, connectivity=1), dtype=np.int64)


def thin_membranes(
    interior: NDArray[np.bool_], ignore: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Grow the cells of an (H, W) bool mask until lines of one pixel are left between them.

    This is the border thinning of Arganda-Carreras et al. 2015: the classic watershed of the
    inverted mask (Vincent and Soille 1991). On its two levels the cells stay whole and the
    membranes are one plateau, flooded from all cells at once, one pixel a step. So each pixel goes
    to the cell with the shortest 4-connected way to it through membrane; a pixel where two cells
    meet stays 0 and stops both. Of neighbors reached in the same step, those with an even row +
    column come first, which decides where the line between two equally near cells lies.

    A connected area without any cell is one plateau, thus one basin: an all-membrane image becomes
    one region, as an all-cell image does. A membrane that ends inside one cell vanishes.

    Args:
        interior: (H, W), True inside a cell.
        ignore: (H, W), True where pixels belong to nothing; cells neither grow nor connect through
            them, and they get label 0.

    Returns:
        (H, W) labels from 1; 0 on the lines.

    Raises:
        DataError: a mask is not an (H, W) bool array, or the shapes differ.

    >>> thin_membranes(np.array([[True, False, False, False, True]])).tolist()
    [[1, 1, 0, 2, 2]]
    """
    valid = valid_pixels(interior, ignore)
    areas = label_cells(valid)
    cells = interior & valid
    has_cell = np.bincount(areas[cells], minlength=areas.max() + 1) > 0
    return _flood(label_cells(cells | (valid & ~has_cell[areas])), valid)


def _flood(markers: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return (H, W) ``markers`` grown within ``valid``, one 4-connected step at a time.

    Not scikit-image's watershed: with ``watershed_line`` its regions go on growing behind a line,
    which leaves pixels cut off from their region and lines where a single region is near.
    """
    padded = np.pad(markers, 1)
    labels, width = padded.ravel(), padded.shape[1]
    is_open = np.pad(valid & (markers == 0), 1).ravel()
    steps = np.array([-width, -1, 1, width])
    front = _open_neighbors(np.flatnonzero(labels), steps, is_open)
    while front.size:
        # Pixels of the same parity are no neighbors, so none sees a label given together with it.
        is_odd = (front // width + front % width) % 2 == 1
        _claim(labels, front[~is_odd], steps)
        _claim(labels, front[is_odd], steps)
        is_open[front] = False
        front = _open_neighbors(front[labels[front] > 0], steps, is_open)
    return labels.reshape(padded.shape)[1:-1, 1:-1]


def _open_neighbors(
    pixels: NDArray[np.int64], steps: NDArray[np.int64], is_open: NDArray[np.bool_]
) -> NDArray[np.int64]:
    around = (pixels[:, None] + steps).ravel()
    return np.unique(around[is_open[around]])


def _claim(labels: NDArray[np.int64], pixels: NDArray[np.int64], steps: NDArray[np.int64]) -> None:
    """Label those of ``pixels`` whose labeled neighbors are all of one region, in place."""
    around = labels[pixels[:, None] + steps]
    highest = around.max(axis=1, initial=0)
    is_one_region = ((around == 0) | (around == highest[:, None])).all(axis=1)
    labels[pixels[is_one_region]] = highest[is_one_region]


def valid_pixels(
    interior: NDArray[np.bool_], ignore: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Return (H, W), True where pixels are not ignored.

    Raises:
        DataError: a mask is not an (H, W) bool array, or the shapes differ.
    """
    require_mask("interior", interior)
    if ignore is None:
        return np.ones(interior.shape, dtype=np.bool_)
    require_mask("ignore", ignore)
    if ignore.shape != interior.shape:
        raise DataError(
            f"the ignore mask has shape {ignore.shape}, the interior {interior.shape}; they must "
            "be equal. Make both from the same image."
        )
    return ~ignore


def require_mask(name: str, mask: NDArray[np.bool_]) -> None:
    """Raise a `DataError` if ``mask`` is not an (H, W) bool array with at least one pixel."""
    if mask.dtype != np.bool_ or mask.ndim != 2 or mask.size == 0:
        raise DataError(
            f"{name} has shape {mask.shape} and type {mask.dtype}; it must be a bool array (H, W), "
            "True inside a cell (or where to ignore). Compare the mask first, such as mask > 0 "
            "for labels in which 255 is inside a cell and 0 is membrane."
        )
