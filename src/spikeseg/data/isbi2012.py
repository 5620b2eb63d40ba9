"""ISBI 2012: electron microscopy of neurites, 30 sections with membrane labels.

Serial-section transmission electron microscopy of the ventral nerve cord of a fruit-fly larva
(Cardona et al. 2010, doi:10.1371/journal.pbio.1000502; challenge: Arganda-Carreras et al. 2015,
doi:10.3389/fnana.2015.00142). The data are not part of this package; their terms allow
non-commercial use.
"""

from functools import partial
from pathlib import Path

import numpy as np

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, Sample, SegmentationData
from spikeseg.data._options import reject_options, require_root, split_items
from spikeseg.data._samples import LazySamples
from spikeseg.errors import DataError
from spikeseg.images import ImageInfo, inspect_image, read_mask_page, read_masks, read_page

VOLUME, LABELS = "train-volume.tif", "train-labels.tif"
DEFAULT_TEST = "24-29"


@DATASETS.register("isbi2012")
def isbi2012(config: DataConfig) -> SegmentationData:
    """Return the labeled sections: class 0 is membrane (0 in the file), 1 is cell (255).

    The last six sections are held out unless ``config.test`` says otherwise.
    """
    reject_options(config, "num_images", "image_size", "seed", "protocol")
    root = require_root(config, f"{VOLUME} and {LABELS} of the ISBI 2012 challenge")
    volume, labels = (_inspect(root, name) for name in (VOLUME, LABELS))
    _check_pair(volume, labels)
    split = split_items(config, volume.pages, "section", DEFAULT_TEST)
    make = partial(_section, volume.path, labels.path)
    return SegmentationData(
        name="isbi2012",
        class_names=("membrane", "cell"),
        in_channels=1,
        train=LazySamples(make, split.train),
        test=LazySamples(make, split.test),
        split=split.words("section")
        + ". The block is contiguous because neighboring sections resemble each other: held-out "
        "sections scattered among training sections would look easier than new tissue is",
        membrane_class=0,
    )


def _inspect(root: Path, name: str) -> ImageInfo:
    path = root / name
    if not path.is_file():
        found = ", ".join(sorted(p.name for p in root.iterdir())[:5]) or "nothing"
        raise DataError(
            f"{path} does not exist (data.root holds: {found}). Pass as data.root the folder with "
            f"{VOLUME} and {LABELS} of the ISBI 2012 challenge."
        )
    return inspect_image(path)


def _check_pair(volume: ImageInfo, labels: ImageInfo) -> None:
    """Raise DataError unless sections and labels agree and all labels are 0 or 255."""
    shapes = [(info.pages, info.height, info.width) for info in (volume, labels)]
    if shapes[0] != shapes[1] or volume.channels != 1:
        raise DataError(
            f"{volume.path} has shape {shapes[0]} (sections, height, width) and {volume.channels} "
            f"channel(s), {labels.path} has shape {shapes[1]}; they must agree and be grey. Use "
            "both files of the same download."
        )
    for page, mask in enumerate(read_masks(labels.path)):
        other = np.setdiff1d(mask, [0, 255])
        if other.size:
            raise DataError(
                f"{labels.path}, section {page}, has the value {other[0]}; labels are 0 (membrane) "
                "or 255 (cell). Use the original file, or dataset 'folder' for masks of your own."
            )


def _section(volume: Path, labels: Path, page: int) -> Sample:
    mask = (read_mask_page(labels, page) == 255).astype(np.uint8)
    return Sample(f"section {page}", read_page(volume, page), mask)
