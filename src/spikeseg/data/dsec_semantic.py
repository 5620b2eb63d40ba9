"""DSEC-Semantic: driving in and around Zurich, eleven classes, 640 x 440 pixels.

Gehrig et al. 2021 (DSEC, doi:10.1109/LRA.2021.3068942); masks: Sun et al. 2022 ("ESS",
arXiv:2203.10016), made by a network from the frames. The data are not part of this package.
"""

from functools import partial

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, SegmentationData
from spikeseg.data._dsec_files import CLASSES, CONTENTS, find_windows, read_window
from spikeseg.data._event_labels import check_size, grid_note
from spikeseg.data._event_views import choose_view
from spikeseg.data._options import reject_options, require_root
from spikeseg.data._samples import samples_of

TRAIN = tuple(f"zurich_city_{k}_a" for k in ("00", "01", "02", "04", "05", "06", "07", "08"))
TEST = ("zurich_city_13_a", "zurich_city_14_c", "zurich_city_15_a")
_NUM_STEPS, _STEP_COUNT, _FRAME_COUNT = 5, 4, 8


@DATASETS.register("dsec_semantic")
def dsec_semantic(config: DataConfig) -> SegmentationData:
    """Return the 100 ms before masks; the split is the published one, by sequences.

    Of each sequence every second mask is taken, from the seventh on, as the loader of ESS has it.
    Events are those of the left camera, moved by ``rectify_map.h5`` to the nearest pixel; the 40
    lowest rows, which masks do not have, are cut off. Any view, 5 steps if not said; counts are
    clipped at 4 in a step or voxel and at 8 in a frame. ``image_size`` scales images and masks to a
    square grid.
    """
    reject_options(config, "test", "num_images", "seed", "protocol")
    size = check_size(config)
    view = choose_view(config, _NUM_STEPS, _STEP_COUNT, _FRAME_COUNT)
    root = require_root(config, CONTENTS)
    train, missing_train = find_windows(root / "train", TRAIN)
    test, missing_test = find_windows(root / "test", TEST)
    missing = missing_train + missing_test
    notes = ["masks were made by a network from frames: scores say how far it is agreed with"]
    if missing:
        notes.append(
            f"not all sequences are there ({', '.join(missing)} are missing): scores cannot be "
            "compared with published ones"
        )
    make = partial(read_window, view, size)
    return SegmentationData(
        name="dsec_semantic",
        class_names=CLASSES,
        in_channels=2 * view.layout.num_steps,
        train=samples_of(make, train),
        test=samples_of(make, test),
        split=f"{', '.join(n for n in TEST if n not in missing)} held out ({len(test)} masks of "
        f"{len(train) + len(test)}); training on {len(train)} of "
        f"{len(TRAIN) - len(missing_train)} other sequences; of each, every second mask from the "
        "seventh on",
        notes=(*notes, *grid_note(size)),
        events=view.layout,
    )
