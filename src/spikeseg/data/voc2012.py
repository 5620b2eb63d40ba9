"""PASCAL VOC2012: objects of 20 classes in photographs, and what is not an object.

Everingham et al. 2010, doi:10.1007/s11263-009-0275-4; the augmented training list and its masks
come from Hariharan et al. 2011, doi:10.1109/ICCV.2011.6126343. The data are not part of this
package; the photographs are under flickr's terms of use.
"""

from functools import partial

import numpy as np

from spikeseg.config import IGNORE_INDEX, DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData
from spikeseg.data._options import Split, reject_options, require_root, split_items
from spikeseg.data._resizing import resize_image, resize_mask
from spikeseg.data._samples import LazySamples
from spikeseg.data._voc_files import CONTENTS, VocFiles, VocItem, find_files
from spikeseg.errors import ConfigError, DataError
from spikeseg.images import read_mask_page, read_page

CLASSES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat"),
    *("chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant"),
    *("sheep", "sofa", "train", "tvmonitor"),
)
OFFICIAL = {"train.txt": 1464, "trainaug.txt": 10582, "train_aug.txt": 10582, "val.txt": 1449}
"""How many images the whole lists have."""
PAPER_SIZE, _SMALLEST = 64, 8


@DATASETS.register("voc2012")
def voc2012(config: DataConfig) -> SegmentationData:
    """Return the images of the training list, and those of ``val.txt`` held out.

    Items are numbered along the training list and then along ``val.txt``; ``config.test`` may hold
    out another block, such as the end of the training list to choose settings on. No image of
    ``val.txt`` is ever trained on. ``trainaug.txt`` takes the place of ``train.txt`` if it exists.

    ``config.protocol`` is

    * ``clean`` (default): images in their own size, or ``image_size`` in both directions (masks at
      pixel centers); 255 is ignored in training and in scores.
    * ``paper``: as the code of Kim et al. 2022 (doi:10.1088/2634-4386/ac9b86) has it: everything on
      a grid of 64 x 64 (or ``image_size``), masks at the upper left corner of a grid cell, and 255
      made background in training. Scores ignore 255. Images are in 0..1 as ever: that code's
      subtraction of mean colors belongs to the coding of the input.
    """
    reject_options(config, "num_images", "seed")
    is_paper = config.protocol == "paper"
    size = PAPER_SIZE if is_paper and config.image_size is None else config.image_size
    if size is not None and size < _SMALLEST:
        raise ConfigError(f"data.image_size is {size}; it must be at least {_SMALLEST} pixels.")
    files = find_files(require_root(config, CONTENTS))
    split = _split(config, files)
    items = (*files.train, *files.val)
    train = partial(_read, items, size, is_paper, is_paper)
    test = partial(_read, items, size, is_paper, False)
    return SegmentationData(
        name="voc2012",
        class_names=CLASSES,
        in_channels=3,
        train=LazySamples(train, split.train),
        test=LazySamples(test, split.test),
        split=_words(split, files),
        notes=(*_subset(files), _protocol(is_paper, size)),
    )


def _split(config: DataConfig, files: VocFiles) -> Split:
    first, count = len(files.train), len(files.train) + len(files.val)
    split = split_items(config, count, "image", f"{first}-{count - 1}")
    train = tuple(k for k in split.train if k < first)
    if not train:
        raise ConfigError(
            f"data.test is {config.test!r}: all {first} images of {files.train_list}, so that none "
            "is left to train on. Hold out fewer, or leave data.test out to test on val.txt."
        )
    return Split(train, split.test)


def _words(split: Split, files: VocFiles) -> str:
    first, count = len(files.train), len(files.train) + len(files.val)
    if split.test == tuple(range(first, count)):
        which = f"images {first} to {count - 1} held out, all of val.txt"
    else:
        which = f"images {split.test[0]} to {split.test[-1]} held out as one block"
    return (
        f"{which} ({len(split.test)} of {count}, counted from 0 along {files.train_list} and then "
        f"val.txt); training on {len(split.train)} images of {files.train_list}, none of val.txt"
    )


def _subset(files: VocFiles) -> list[str]:
    found = {files.train_list: len(files.train), "val.txt": len(files.val)}
    return [
        f"{name} names {count} images, the whole list {OFFICIAL[name]}: scores cannot be compared "
        "with published ones"
        for name, count in found.items()
        if count != OFFICIAL[name]
    ]


def _protocol(is_paper: bool, size: int | None) -> str:
    if size is None:
        return "protocol clean: images in their own size; 255 is ignored in training and in scores"
    grid = f"scores are of the {size} x {size} grid and not of the original pixels"
    if is_paper:
        return (
            f"protocol paper: 255 is background (class 0) in training and ignored in scores; {grid}"
        )
    return f"protocol clean: 255 is ignored in training and in scores; {grid}"


def _read(
    items: tuple[VocItem, ...], size: int | None, is_paper: bool, fills_void: bool, number: int
) -> Sample:
    item = items[number]
    image, mask = read_page(item.image, 0), read_mask_page(item.mask, 0)
    unknown = np.setdiff1d(mask, [*range(len(CLASSES)), IGNORE_INDEX])
    if unknown.size:
        raise DataError(
            f"{item.mask} has the value {unknown[0]}; allowed are 0 (background) to "
            f"{len(CLASSES) - 1} ({CLASSES[-1]}) and 255 (ignore). Use the original palette PNG: "
            "one that was converted to grey holds the brightness of the colors."
        )
    if size is not None:
        image = resize_image(image, size)
        mask = resize_mask(mask, size, "corner" if is_paper else "center")
    if fills_void:
        mask = np.where(mask == IGNORE_INDEX, 0, mask).astype(np.uint8)
    return Sample(item.name, image, mask)
