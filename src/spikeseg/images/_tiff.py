"""TIFF pages through tifffile, and through Pillow where tifffile lacks the decompressor."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from spikeseg.errors import DataError
from spikeseg.images import _pillow
from spikeseg.images.info import ImageInfo

_MIN_IS_WHITE, _PALETTE = 0, 3


def inspect(path: Path) -> ImageInfo:
    """Return the header of a TIFF; its pages are counted, not decoded."""
    with tifffile.TiffFile(path) as file:
        _check_whole(file, path)
        page: Any = file.pages[0]
        has_colors = page.photometric == _PALETTE and not _is_grey(page)
        channels = 3 if has_colors or _samples(page) >= 3 else 1
        height, width = page.imagelength, page.imagewidth
        return ImageInfo(path, "TIFF", len(file.pages), channels, height, width)


def decode(path: Path, pages: Sequence[int], is_mask: bool) -> list[NDArray[Any]]:
    """Return pages as (H, W) or (H, W, S); a mask keeps raw values and palette indices."""
    try:
        with tifffile.TiffFile(path) as file:
            return [_page(file.pages[k], is_mask) for k in pages]
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        return _pillow.decode(path, pages, is_mask)


def _samples(page: Any) -> int:
    """Return the number of channels of a page, alpha included."""
    return int(page.samplesperpixel)


def _palette(page: Any) -> NDArray[np.uint8]:
    """Return the (3, N) colors of a palette; writers disagree on the low byte of its 16 bits."""
    return np.asarray(page.colormap >> 8, np.uint8)


def _is_grey(page: Any) -> bool:
    """Return whether a palette holds only greys."""
    return bool((_palette(page) == _palette(page)[0]).all())


def _page(page: Any, is_mask: bool) -> NDArray[Any]:
    pixels: NDArray[Any] = page.asarray()
    if _samples(page) > 1 and page.planarconfig == 2:
        pixels = np.moveaxis(pixels, 0, -1)
    if is_mask:
        return pixels
    if page.photometric == _PALETTE:
        colors: NDArray[Any] = np.moveaxis(_palette(page)[:, pixels], 0, -1)
        return colors[..., 0] if _is_grey(page) else colors
    if page.photometric == _MIN_IS_WHITE:
        return ~pixels
    return pixels


def _check_whole(file: Any, path: Path) -> None:
    """Raise DataError if the chain of pages breaks off: tifffile only logs that, and goes on."""
    if len(file.pages) == 0:
        raise DataError(f"{path} is cut short: it has no whole page. Copy the file again.")
    last, layout, handle = file.pages[-1].offset, file.tiff, file.filehandle
    handle.seek(last)
    (tags,) = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))
    handle.seek(last + layout.tagnosize + tags * layout.tagsize)
    (following,) = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))
    if following:
        raise DataError(
            f"{path} is cut short: page {len(file.pages)} should start at byte {following}, but "
            f"cannot be read there (the file has {handle.size} bytes). Copy the file again."
        )
    first = file.pages[0]
    if len(file.pages) == 1 and file.series[0].size > first.size:
        raise DataError(
            f"{path} holds a stack of shape {tuple(file.series[0].shape)} as one block with a "
            "single page header; a stack needs one header per page. Save it again as a plain "
            "multi-page TIFF."
        )
