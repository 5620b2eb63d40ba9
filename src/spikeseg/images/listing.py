"""The image files of a folder."""

from pathlib import Path

from spikeseg.errors import DataError
from spikeseg.images.info import SUFFIXES


def find_images(source: Path) -> list[Path]:
    """Return ``source`` if it is a file, or the images of a folder, sorted by name.

    Raises:
        DataError: it does not exist, or is a folder without an image.
    """
    if not source.exists():
        raise DataError(f"{source} does not exist; pass an image, a TIFF stack or a folder.")
    if not source.is_dir():
        return [source]
    found = sorted(p for p in source.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(f"{source} holds no image; {', '.join(sorted(SUFFIXES))} are read.")
    return found
