"""Masks that belong to windows of events."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import IGNORE_INDEX, DataConfig
from spikeseg.data import Sample
from spikeseg.data._resizing import resize_image, resize_mask
from spikeseg.errors import ConfigError, DataError
from spikeseg.images import read_mask_page

_SMALLEST = 8


def read_label(path: Path, size: tuple[int, int], classes: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return the class indices of a file.

    Raises:
        DataError: the file cannot be read, has another size, or a value that is no class.
    """
    mask = read_mask_page(path, 0)
    if mask.shape != size:
        raise DataError(
            f"{path} is {mask.shape[0]} x {mask.shape[1]} pixels (height x width); masks of these "
            f"events are {size[0]} x {size[1]}. Restore the file."
        )
    unknown = np.setdiff1d(mask, [*range(len(classes)), IGNORE_INDEX])
    if unknown.size:
        raise DataError(
            f"{path} has the value {unknown[0]}; allowed are 0 ({classes[0]}) to "
            f"{len(classes) - 1} ({classes[-1]}) and 255 (ignore). Restore the file, or use the "
            f"masks of {len(classes)} classes."
        )
    return mask


def check_size(config: DataConfig) -> int | None:
    """Return the grid that images and masks are scaled to, or None.

    Raises:
        ConfigError: it is too small.
    """
    if config.image_size is not None and config.image_size < _SMALLEST:
        raise ConfigError(
            f"data.image_size is {config.image_size}; it must be at least {_SMALLEST} pixels."
        )
    return config.image_size


def scaled(sample: Sample, size: int | None) -> Sample:
    """Return a sample on a grid of size x size, the mask at pixel centers; as it is for None."""
    if size is None:
        return sample
    mask = resize_mask(sample.mask, size, "center")
    return Sample(sample.name, resize_image(sample.image, size), mask)


def grid_note(size: int | None) -> list[str]:
    """Return what must be said of scores on a grid."""
    if size is None:
        return []
    return [f"scores are of the {size} x {size} grid and not of the original pixels"]
