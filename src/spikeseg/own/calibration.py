"""Reads calibration images, evenly spread over what there is."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikeseg.errors import DataError
from spikeseg.images import find_images, inspect_image, read_page

Picture = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images as they are in their files.

    Attributes:
        pixels: (C, H, W) each, values in 0..1; heights and widths may differ.
        pages: for each, its file and its page, counted from 0.
        available: how many pages there are.
    """

    pixels: tuple[Picture, ...]
    pages: tuple[tuple[Path, int], ...]
    available: int

    @property
    def channels(self) -> int:
        """C, 1 or 3."""
        return int(self.pixels[0].shape[0])

    @property
    def smallest(self) -> tuple[int, int]:
        """The smallest height and the smallest width."""
        heights, widths = zip(*(p.shape[1:] for p in self.pixels), strict=True)
        return min(heights), min(widths)

    def at(self, height: int, width: int) -> Tensor:
        """Return the images at one size, (B, C, height, width).

        What is larger is cropped to its middle; what is smaller is mirrored at its borders.
        """
        return torch.from_numpy(np.stack([_fitted(p, height, width) for p in self.pixels]))


def read_pictures(source: Path, count: int) -> Pictures:
    """Read calibration images.

    Args:
        source: an image, a stack or a folder of them.
        count: how many pages are read at most, evenly spread from the first to the last.

    Raises:
        DataError: there is none, one cannot be read, or they differ in channels.
    """
    infos = [inspect_image(path) for path in find_images(source)]
    for info in infos:
        if info.channels != infos[0].channels:
            raise DataError(
                f"{infos[0].path} has {infos[0].channels} channel(s) and {info.path} has "
                f"{info.channels}; calibration images are all grey (1) or all RGB (3). Convert "
                "them, or take others out of the folder."
            )
    pages = [(info.path, page) for info in infos for page in range(info.pages)]
    chosen = np.linspace(0, len(pages) - 1, min(count, len(pages))).round().astype(int)
    taken = tuple(pages[i] for i in chosen)
    return Pictures(tuple(read_page(path, page) for path, page in taken), taken, len(pages))


def _fitted(pixels: Picture, height: int, width: int) -> Picture:
    _, rows, columns = pixels.shape
    missing = [(0, 0)] + [_halves(max(0, a - b)) for a, b in ((height, rows), (width, columns))]
    pixels = np.pad(pixels, missing, mode="symmetric")
    top, left = (pixels.shape[1] - height) // 2, (pixels.shape[2] - width) // 2
    return pixels[:, top : top + height, left : left + width]


def _halves(total: int) -> tuple[int, int]:
    return total // 2, total - total // 2
