"""Files in, files out: one image, a stack of pages, or a folder of images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import DataError, ShapeError
from spikeseg.images import find_images, inspect_image, read_page, write_masks
from spikeseg.progress import Progress, silent

Segment = Callable[[NDArray[np.float32]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Written:
    """What was written for one input file.

    Attributes:
        path: the file of masks.
        shape: (pages, height, width).
    """

    path: Path
    shape: tuple[int, ...]


def segment_files(
    source: Path, out: Path, segment: Segment, values: list[int], progress: Progress = silent
) -> list[Written]:
    """Segment an image file, or every image of a folder.

    Args:
        source: PNG, JPEG or TIFF, also with several pages, or a folder of them.
        out: the file of masks (PNG or TIFF), or for a folder a folder of TIFFs with equal stems.
        segment: (C, H, W) image to (H, W) class indices.
        values: the grey value written for each class.
        progress: is told the pages done.

    Raises:
        DataError: nothing to read, or a file that cannot be read or written.
        ShapeError: an image that the network does not take.
    """
    jobs = _jobs(source, out)
    pages = [inspect_image(path).pages for path, _ in jobs]
    table = np.array(values, np.uint8)
    written, done = [], 0
    for (path, target), count in zip(jobs, pages, strict=True):
        masks = []
        for page in range(count):
            try:
                masks.append(table[segment(read_page(path, page))])
            except ShapeError as error:
                raise ShapeError(f"{path}: {error}") from error
            done += 1
            progress("segment", done, sum(pages))
        write_masks(target, np.stack(masks))
        written.append(Written(target, (count, *masks[0].shape)))
    return written


def _jobs(source: Path, out: Path) -> list[tuple[Path, Path]]:
    """Return the files to read and to write, and refuse what cannot be written beforehand."""
    found = find_images(source)
    if source.is_dir():
        if out.suffix:
            raise DataError(f"--out is {out}, but {source} is a folder; pass a folder for --out.")
        return _checked([(path, out / f"{path.stem}.tif") for path in found])
    suffix = out.suffix.lower()
    if suffix not in (".png", ".tif", ".tiff"):
        raise DataError(f"--out is {out}; masks are written to .png (one page), .tif or .tiff.")
    if suffix == ".png" and inspect_image(source).pages > 1:
        raise DataError(f"{source} has several pages, and a PNG holds one; use --out NAME.tif.")
    return _checked([(source, out)])


def _checked(jobs: list[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Refuse to write over an input, or two masks under one name."""
    inputs = {source.resolve() for source, _ in jobs}
    first: dict[Path, Path] = {}
    for source, target in jobs:
        if target.resolve() in inputs:
            raise DataError(f"{target} would be written over an image; use another --out.")
        if target in first:
            raise DataError(
                f"{first[target].name} and {source.name} in {source.parent} would both be written "
                f"to {target.name}; masks are named like their images. Rename one."
            )
        first[target] = source
    return jobs
