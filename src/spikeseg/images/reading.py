"""Read images and label masks, whole or page by page."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spikeseg.errors import DataError
from spikeseg.images import _pillow, _tiff
from spikeseg.images.info import FORMATS, ImageInfo

_SIGNATURES: dict[bytes, ModuleType] = {
    b"\x89PNG": _pillow,
    b"\xff\xd8\xff": _pillow,
    b"II*\x00": _tiff,
    b"MM\x00*": _tiff,
    b"II+\x00": _tiff,
    b"MM\x00+": _tiff,
}
_JPEG = b"\xff\xd8\xff"
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What the decoders raise on damaged files."""


def inspect_image(path: str | Path) -> ImageInfo:
    """Return pages, channels and size of an image without decoding its pixels.

    Raises:
        DataError: the file is missing, damaged or of an unknown format.
    """
    path = Path(path)
    backend = _backend(path)
    try:
        info: ImageInfo = backend.inspect(path)
    except DataError:
        raise
    except _BROKEN as error:
        raise _damaged(path, error) from error
    return info


def read_image(path: str | Path) -> NDArray[np.float32]:
    """Return all pages of an image as (N, C, H, W) float32 in 0..1.

    Values are divided by the largest that 8 or 16 bits can hold, not by the largest found. C is
    1 (grey) or 3 (RGB, palettes included); an alpha channel is dropped. RGB PNGs of 16 bits are
    read with 8.

    Raises:
        DataError: the file is missing, damaged, of an unknown format or pixel type, or its pages
            differ in size.
    """
    info = inspect_image(path)
    return np.stack(_alike([_as_image(p, info.path) for p in _pages(info, None, False)], info.path))


def read_page(path: str | Path, page: int) -> NDArray[np.float32]:
    """Return one page as (C, H, W) float32 in 0..1; the others are not decoded.

    Raises:
        DataError: as `read_image`, or there is no such page.
    """
    info = inspect_image(path)
    return _as_image(_pages(info, page, False)[0], info.path)


def read_masks(path: str | Path) -> NDArray[np.uint8]:
    """Return all pages of a label image as (N, H, W) uint8, the values as they are in the file.

    Palette images keep their indices, bilevel images are 0 and 1, 16-bit labels must fit 0..255.
    An alpha channel is dropped; RGB is taken for grey if the three channels agree.

    Raises:
        DataError: as `read_image`; or a JPEG (its labels are not exact), more than one channel, or
            labels above 255.
    """
    info = inspect_image(path)
    return np.stack(_alike([_as_mask(p, info.path) for p in _pages(info, None, True)], info.path))


def read_mask_page(path: str | Path, page: int) -> NDArray[np.uint8]:
    """Return one page of a label image as (H, W) uint8; the others are not decoded.

    Raises:
        DataError: as `read_masks`, or there is no such page.
    """
    info = inspect_image(path)
    return _as_mask(_pages(info, page, True)[0], info.path)


def _backend(path: Path) -> ModuleType:
    """Return the decoder of a file, told by its first bytes."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {what}; an image file is needed ({FORMATS}).")
    with open(path, "rb") as file:
        start = file.read(4)
    for signature, backend in _SIGNATURES.items():
        if start.startswith(signature):
            return backend
    what = f"starts with the bytes {start!r}" if start else "is empty"
    raise DataError(f"{path} {what}: no image that can be read. Formats read: {FORMATS}.")


def _pages(info: ImageInfo, page: int | None, is_mask: bool) -> list[NDArray[Any]]:
    """Return all pages as they are in the file, or one of them."""
    if page is not None and not 0 <= page < info.pages:
        raise DataError(f"{info.path} has no page {page}; its pages are 0 to {info.pages - 1}.")
    if is_mask and info.format == "JPEG":
        raise DataError(
            f"{info.path} is a JPEG, whose lossy compression changes labels. Masks are read from "
            "PNG and TIFF; export the mask again as one of these."
        )
    numbers: Sequence[int] = range(info.pages) if page is None else [page]
    try:
        pages: list[NDArray[Any]] = _backend(info.path).decode(info.path, numbers, is_mask)
    except _BROKEN as error:
        raise _damaged(info.path, error) from error
    return pages


def _damaged(path: Path, error: Exception) -> DataError:
    reason = str(error) or type(error).__name__
    return DataError(
        f"{path} cannot be decoded ({reason}): it is damaged, cut short, or stored in a way that "
        f"is not read. Copy or export it again. Formats read: {FORMATS}."
    )


def _as_image(pixels: NDArray[Any], path: Path) -> NDArray[np.float32]:
    """Return (C, H, W) float32 in 0..1 of (H, W) or (H, W, S) integers."""
    if pixels.dtype not in (np.bool_, np.uint8, np.uint16):
        raise DataError(
            f"{path} has {pixels.dtype} pixels; 8 and 16 bit unsigned integers are read. Convert "
            "it, with black at 0 and white at 255 or 65535."
        )
    channels = np.atleast_3d(pixels)
    channels = channels[..., : 3 if channels.shape[-1] >= 3 else 1]
    largest = 1 if pixels.dtype == np.bool_ else np.iinfo(pixels.dtype).max
    scaled = channels.astype(np.float32) / np.float32(largest)
    return np.ascontiguousarray(np.moveaxis(scaled, -1, 0))


def _as_mask(pixels: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Return (H, W) uint8 labels of one decoded page."""
    if pixels.ndim == 3:
        if pixels.shape[-1] > 2 and not (pixels[..., :1] == pixels[..., :3]).all():
            raise DataError(
                f"{path} has {pixels.shape[-1]} channels that differ; a mask has one channel with "
                "a class index per pixel. Export it as indexed or grey."
            )
        pixels = pixels[..., 0]
    if pixels.dtype != np.bool_ and not np.issubdtype(pixels.dtype, np.integer):
        raise DataError(f"{path} has {pixels.dtype} pixels; masks hold integers from 0 to 255.")
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high > 255:
        raise DataError(
            f"{path} has labels from {low} to {high}; a mask holds class indices from 0 to 254, "
            "and 255 for pixels to ignore. Renumber the classes."
        )
    return np.ascontiguousarray(pixels, np.uint8)


def _alike(pages: list[NDArray[Any]], path: Path) -> list[NDArray[Any]]:
    """Return the pages if they agree in shape."""
    for number, page in enumerate(pages):
        if page.shape != pages[0].shape:
            raise DataError(
                f"{path}: page {number} has shape {page.shape}, page 0 has {pages[0].shape}; the "
                "pages of a stack must agree. Split the stack into files of one size."
            )
    return pages
