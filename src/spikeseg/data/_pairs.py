"""Pairs of image and mask files of the ``folder`` dataset, and all that can be wrong with them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import DataError
from spikeseg.images import (
    FORMATS,
    SUFFIXES,
    ImageInfo,
    inspect_image,
    read_mask_page,
    read_page,
)

MaskReader = Callable[[Path, int], NDArray[np.uint8]]
_LISTED = 5
"""How many offenders a message names before it only counts them."""


@dataclass(frozen=True)
class Pair:
    """An image file and its mask file, checked.

    Attributes:
        image: header of the image.
        mask: header of the mask; same pages and size.
        values: for each page, the sorted values that occur in the mask.
    """

    image: ImageInfo
    mask: ImageInfo
    values: tuple[tuple[int, ...], ...]


def find_pairs(
    root: Path, read_mask: MaskReader = read_mask_page, suffix: str = ""
) -> tuple[list[Pair], list[str]]:
    """Return the pairs in natural order of their names, and notes on ignored files.

    Every file is decoded once, so that a damaged one is found now and not during training.

    Args:
        root: the folder with ``images`` and ``masks``.
        read_mask: returns the (H, W) class indices of a page of a mask.
        suffix: what the names of masks may have after those of their images.

    Raises:
        DataError: names everything that is wrong (the first few of each kind).
    """
    notes: list[str] = []
    images = _files(root, "images", notes)
    masks = _files(root, "masks", notes, suffix)
    problems = _unpaired(images, masks)
    pairs = []
    for stem in sorted(images.keys() & masks.keys(), key=natural):
        try:
            pairs.append(_pair(images[stem], masks[stem], read_mask))
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(f"{root} cannot be used as it is:\n  " + listed(problems, "\n  "))
    return pairs, notes


def natural(name: str) -> tuple[list[str | int], str]:
    """Return a sort key that puts ``s2`` before ``s10``."""
    parts: list[str | int] = [
        int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", name.lower())
    ]
    return parts, name


def listed(items: list[str], separator: str = ", ") -> str:
    """Return the first few items in words, and how many more there are."""
    more = [f"and {len(items) - _LISTED} more"] if len(items) > _LISTED else []
    return separator.join([*items[:_LISTED], *more])


def _files(root: Path, folder: str, notes: list[str], suffix: str = "") -> dict[str, Path]:
    """Return the image files in a folder by their stems, without ``suffix``."""
    where = root / folder
    if not where.is_dir():
        found = listed(sorted(p.name for p in root.iterdir())) or "nothing"
        raise DataError(
            f"{root} has no folder {folder}/ (it holds: {found}). Put images into images/ and, "
            "under equal names, their masks into masks/; pass the folder that holds both."
        )
    visible = [p for p in sorted(where.iterdir()) if not p.name.startswith(".")]
    files: dict[str, Path] = {}
    for path in (p for p in visible if p.suffix.lower() in SUFFIXES and p.is_file()):
        stem = path.stem.removesuffix(suffix)
        if stem in files:
            raise DataError(
                f"{where} has both {files[stem].name} and {path.name}; images and masks are "
                "paired by name without suffix, which must be unique. Rename or remove one."
            )
        files[stem] = path
    if not files:
        raise DataError(f"{where} holds no image; formats read: {FORMATS}.")
    if ignored := [p.name for p in visible if p not in files.values()]:
        notes.append(f"ignored in {folder}/, no images by their names: {listed(ignored)}")
    return files


def _unpaired(images: dict[str, Path], masks: dict[str, Path]) -> list[str]:
    problems = []
    for stems, what in (
        (images.keys() - masks.keys(), "image(s) without a mask of the same name in masks/"),
        (masks.keys() - images.keys(), "mask(s) without an image of the same name in images/"),
    ):
        if stems:
            names = listed(sorted(stems, key=natural))
            problems.append(f"{len(stems)} {what}: {names}. Add or remove these files.")
    return problems


def _pair(image_path: Path, mask_path: Path, read_mask: MaskReader) -> Pair:
    image, mask = inspect_image(image_path), inspect_image(mask_path)
    if image.pages != mask.pages:
        raise DataError(
            f"{image_path} has {image.pages} page(s), {mask_path} has {mask.pages}; each page "
            "needs its mask. Give both the same number of pages."
        )
    _check_size(image, mask, (image.height, image.width), (mask.height, mask.width))
    values = []
    for page in range(image.pages):
        pixels, labels = read_page(image_path, page), read_mask(mask_path, page)
        _check_size(image, mask, pixels.shape[1:], labels.shape)
        if len(pixels) != image.channels:
            raise DataError(
                f"{image_path}: page {page} has {len(pixels)} channel(s), page 0 has "
                f"{image.channels}; the pages of a stack must agree. Save all as grey or as RGB."
            )
        values.append(tuple(np.unique(labels).tolist()))
    return Pair(image, mask, tuple(values))


def _check_size(
    image: ImageInfo, mask: ImageInfo, size: tuple[int, ...], mask_size: tuple[int, ...]
) -> None:
    if size != mask_size:
        raise DataError(
            f"{image.path} is {size[0]} x {size[1]} pixels, {mask.path} is {mask_size[0]} x "
            f"{mask_size[1]}; an image and its mask must have the same size. Export the mask at "
            "the size of the image."
        )
