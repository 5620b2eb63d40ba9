"""Procedural cells: electron-microscopy-like images of membranes, made from a seed.

Needs no download. Cells are irregular and of very different sizes, membranes vary in thickness and
are faint where they are cut obliquely, and mitochondria, vesicles and reticulum have dark
boundaries that are not membranes between cells, so that a threshold does not solve it. The scale is
that of ISBI 2012 (about 4 nm a pixel), membranes are about a fifth of the pixels.
"""

from functools import partial

import numpy as np

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData
from spikeseg.data._cell_image import render
from spikeseg.data._cell_shapes import grow
from spikeseg.data._options import check_made, reject_options, split_items
from spikeseg.data._samples import LazySamples

_SMALLEST, _LARGEST = 64, 2048


@DATASETS.register("cells")
def cells(config: DataConfig) -> SegmentationData:
    """Return procedural images: class 0 is membrane, 1 is cell, as in ISBI 2012.

    An image depends on ``(seed, its number, image_size)`` only, and is made when it is first
    indexed. Defaults: 20 images of 256 x 256 from seed 0, the last fifth held out.
    """
    reject_options(config, "root", "protocol")
    count = 20 if config.num_images is None else config.num_images
    size = 256 if config.image_size is None else config.image_size
    seed = 0 if config.seed is None else config.seed
    reason = ", so that an image holds several cells"
    check_made(count, size, seed, (_SMALLEST, _LARGEST), reason)
    split = split_items(config, count, "image")
    make = partial(_make, seed, size)
    return SegmentationData(
        name="cells",
        class_names=("membrane", "cell"),
        in_channels=1,
        train=LazySamples(make, split.train),
        test=LazySamples(make, split.test),
        split=split.words("image") + ". Images are made independently, so any split would do",
        notes=(
            f"images are made by a program (seed {seed}), not recorded; scores on them say "
            "nothing about real tissue",
        ),
        membrane_class=0,
    )


def _make(seed: int, size: int, number: int) -> Sample:
    rng = np.random.default_rng([seed, number])
    membranes = grow(rng, size)
    image = render(rng, membranes)[None]
    return Sample(f"image {number}", image, (~membranes.is_membrane).astype(np.uint8))
