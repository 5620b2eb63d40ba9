"""What is known of an image file before its pixels are decoded."""

from dataclasses import dataclass
from pathlib import Path

FORMATS = "PNG, JPEG, TIFF and multi-page TIFF; grey, RGB or palette; 8 or 16 bits a channel"
"""What is read, in words, for messages and help."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""Name endings (lower case) of files that are taken for images."""


@dataclass(frozen=True)
class ImageInfo:
    """The header of an image file.

    Attributes:
        path: the file.
        format: ``PNG``, ``JPEG`` or ``TIFF``.
        pages: how many pages a stack has; 1 for a single image.
        channels: 1 (grey) or 3 (RGB) that ``read_page`` gives; an alpha channel does not count.
        height: of page 0, in pixels.
        width: of page 0, in pixels.
    """

    path: Path
    format: str
    pages: int
    channels: int
    height: int
    width: int
