"""A folder of your own: ``images/`` and, under equal names, masks in ``masks/``.

Any mix of PNG, JPEG (images only) and TIFF; the pages of stacks pair up. Masks hold class indices
0, 1, ..., and 255 where a pixel is to be ignored; masks of only 0 and 255 are taken as binary.
``classes.txt`` beside the two folders may name the classes, one per line. With ``label_colors.txt``
in its place (lines ``red green blue name``, as CamVid has it), masks hold colors.
"""

from functools import partial
from pathlib import Path

import numpy as np

from spikeseg.config import IGNORE_INDEX, DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData
from spikeseg.data._classes import Classes, find_classes
from spikeseg.data._colors import FILE, SUFFIX, ColorTable, read_colors
from spikeseg.data._options import reject_options, require_root, split_items
from spikeseg.data._pairs import MaskReader, Pair, find_pairs
from spikeseg.data._samples import LazySamples
from spikeseg.errors import DataError
from spikeseg.images import read_mask_page, read_page

_Pages = tuple[tuple[Pair, int], ...]


@DATASETS.register("folder")
def folder(config: DataConfig) -> SegmentationData:
    """Return the pairs in ``config.root`` in natural order of their names, page by page.

    All files are checked now and decoded again when indexed. The last fifth is held out unless
    ``config.test`` says otherwise.
    """
    reject_options(config, "num_images", "image_size", "seed", "protocol")
    root = require_root(config, "the folders images/ and masks/")
    colors = read_colors(root / FILE)
    read_mask = read_mask_page if colors is None else colors.read_mask
    pairs, notes = find_pairs(root, read_mask, "" if colors is None else SUFFIX)
    classes = find_classes(root, pairs) if colors is None else _colored(colors, root)
    pages = tuple((pair, page) for pair in pairs for page in range(pair.image.pages))
    split = split_items(config, len(pages), "image")
    channels = max(pair.image.channels for pair in pairs)
    if grey := [p.image.path.name for p in pairs if p.image.channels < channels]:
        notes.append(f"{len(grey)} grey image file(s) are read as RGB, as others are: {grey[0]}...")
    make = partial(_read, pages, channels, classes.is_binary, read_mask)
    return SegmentationData(
        name="folder",
        class_names=classes.names,
        in_channels=channels,
        train=LazySamples(make, split.train),
        test=LazySamples(make, split.test),
        split=split.words("image") + ", in natural order of their names",
        notes=(*classes.notes, *notes),
    )


def _colored(colors: ColorTable, root: Path) -> Classes:
    """Return the classes of a table of colors."""
    if (root / "classes.txt").exists():
        raise DataError(
            f"{root} has both classes.txt and {FILE}; the one is for masks of class indices, the "
            "other for masks of colors. Remove one."
        )
    ignored = "Void is ignored" if IGNORE_INDEX in colors.indices else "none is ignored"
    note = (
        f"masks hold colors: the {len(colors.codes)} of {FILE} are {len(colors.names)} classes; "
        + ignored
    )
    return Classes(colors.names, False, (note,))


def _read(
    pages: _Pages, channels: int, is_binary: bool, read_mask: MaskReader, item: int
) -> Sample:
    pair, page = pages[item]
    image = read_page(pair.image.path, page)
    mask = read_mask(pair.mask.path, page)
    if is_binary:
        mask = (mask == 255).astype(np.uint8)
    name = pair.image.path.stem + (f" page {page}" if pair.image.pages > 1 else "")
    return Sample(name, np.repeat(image, channels // len(image), axis=0), mask)
