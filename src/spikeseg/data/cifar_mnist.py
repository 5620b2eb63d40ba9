"""Handwritten digits on photographs: MNIST pasted on CIFAR-10, with a mask of each digit.

Kim et al. 2022 (doi:10.1088/2634-4386/ac9b86) report on such a set, but how they made it is not
known. This one is our own construction, and scores on it compare with no published ones:

* a photograph of CIFAR-10 is enlarged from 32 x 32 to the image (bilinear);
* 1, 2 or 3 digits of MNIST are drawn, all equally likely;
* each is scaled so that its box of 28 x 28 pixels has 0.4 to 0.6 of the image's side (bilinear; the
  strongest ink is then 1), and put to a random place where it is whole and neither overlaps nor
  touches another one; one that finds no such place in 20 tries is left out, never the first;
* its color is that of three random ones that is farthest from the mean color under it; it is mixed
  in by the ink (0..1) where the ink is 0.5 or more, and nowhere else;
* the mask is 1 + digit on exactly these pixels and 0 (background) on all others; none is ignored.

Test images are made of the test halves of both sets alone, training images of the training halves.
CIFAR-10: Krizhevsky 2009; MNIST: LeCun et al. 1998, doi:10.1109/5.726791. The data are not part of
this package.
"""

from functools import partial
from pathlib import Path

import numpy as np

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData
from spikeseg.data._digit_files import CONTENTS, Bytes, Digits, Half, read_backgrounds, read_digits
from spikeseg.data._options import check_made, reject_options, require_root, split_items
from spikeseg.data._pasting import enlarge, paste_digits
from spikeseg.data._samples import LazySamples

_SMALLEST, _LARGEST = 48, 512


@DATASETS.register("cifar_mnist")
def cifar_mnist(config: DataConfig) -> SegmentationData:
    """Return images of digits: class 0 is background, class 1 + d is the digit d.

    An image depends on the files, on ``(seed, its number, image_size)`` and on whether it is held
    out. Defaults: 2500 images of 64 x 64 from seed 0, the last fifth held out.
    """
    reject_options(config, "protocol")
    count = 2500 if config.num_images is None else config.num_images
    size = 64 if config.image_size is None else config.image_size
    seed = 0 if config.seed is None else config.seed
    check_made(count, size, seed, (_SMALLEST, _LARGEST))
    root = require_root(config, CONTENTS)
    split = split_items(config, count, "image")
    train, test = (_maker(root, half, seed, size) for half in ("train", "test"))
    return SegmentationData(
        name="cifar_mnist",
        class_names=("background", *map(str, range(10))),
        in_channels=3,
        train=LazySamples(train, split.train),
        test=LazySamples(test, split.test),
        split=split.words("image")
        + ". Held-out images are made of the test halves of CIFAR-10 and MNIST, the others of the "
        "training halves",
        notes=(
            f"images are put together by a program (seed {seed}) in a way of our own; scores "
            "cannot be compared with published ones",
        ),
    )


def _maker(root: Path, half: Half, seed: int, size: int) -> "partial[Sample]":
    return partial(_make, read_backgrounds(root, half), read_digits(root, half), seed, size)


def _make(backgrounds: Bytes, digits: Digits, seed: int, size: int, number: int) -> Sample:
    rng = np.random.default_rng([seed, number])
    image = enlarge(backgrounds[rng.integers(len(backgrounds))], size)
    mask = paste_digits(rng, image, digits)
    return Sample(f"image {number}", np.asarray(np.round(255 * image) / 255, np.float32), mask)
