"""PNG, JPEG and some TIFF through Pillow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spikeseg.images.info import ImageInfo

_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")


def inspect(path: Path) -> ImageInfo:
    """Return the header of an image."""
    with Image.open(path) as image:
        pages = getattr(image, "n_frames", 1)
        channels = 1 if _target(image) in _GREY else 3
        return ImageInfo(path, str(image.format), pages, channels, image.height, image.width)


def decode(path: Path, pages: Sequence[int], is_mask: bool) -> list[NDArray[Any]]:
    """Return pages as (H, W) or (H, W, S); a mask keeps its palette indices."""
    decoded = []
    with Image.open(path) as image:
        for page in pages:
            image.seek(page)
            keeps = is_mask or image.mode == "1"
            pixels = np.asarray(image if keeps else image.convert(_target(image)))
            decoded.append(_as_16_bit(pixels) if image.mode == "I" else pixels)
    return decoded


def _target(image: Image.Image) -> str:
    """Return the mode that an image is converted to: itself if grey, else RGB."""
    if image.mode in ("LA", "La"):
        return "L"
    if image.mode in _GREY or image.mode == "F":
        return image.mode
    if image.mode == "P":
        palette = np.reshape(image.getpalette() or [0, 0, 0], (-1, 3))
        return "L" if (palette == palette[:, :1]).all() else "RGB"
    return "RGB"


def _as_16_bit(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels that Pillow holds in 32 bits as the 16 bits they have in a PNG."""
    fits = pixels.size > 0 and pixels.min() >= 0 and pixels.max() <= 65535
    return pixels.astype(np.uint16) if fits else pixels
