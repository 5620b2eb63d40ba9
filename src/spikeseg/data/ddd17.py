"""DDD17 with semantic masks: a car's event camera, six classes, 346 x 200 pixels.

Binas et al. 2017, arXiv:1711.01458; masks: Alonso and Murillo 2019 ("EV-SegNet", arXiv:1811.12039),
made by a network from the grey frames, so that scores on them say how well that network is agreed
with. Repacked with all events by Sun et al. 2022 ("ESS", arXiv:2203.10016). The data are not part
of this package.
"""

from functools import partial
from pathlib import Path

from spikeseg.config import DataConfig
from spikeseg.data import DATASETS, SegmentationData
from spikeseg.data._ddd17_ess import find_ess, read_ess
from spikeseg.data._ddd17_evsegnet import CLASSES, find_evsegnet, frame_view, read_evsegnet
from spikeseg.data._event_labels import check_size, grid_note
from spikeseg.data._event_views import choose_view
from spikeseg.data._options import reject_options, require_root
from spikeseg.data._pairs import listed
from spikeseg.data._samples import samples_of
from spikeseg.errors import DataError

CONTENTS = "events/ and labels/ of EV-SegNet, or the folders dir0, dir1, ... of ESS"
_NUM_STEPS, _STEP_COUNT, _FRAME_COUNT = 5, 4, 8


@DATASETS.register("ddd17")
def ddd17(config: DataConfig) -> SegmentationData:
    """Return windows of 50 ms and the masks at their ends; the split is the published one.

    Two layouts are told apart by what is in ``config.root``:

    * EV-SegNet's release has no single events but sums of 50 ms: ``event_view`` is ``frame``.
    * ESS has all events: any view, 5 steps if not said. Counts are clipped at 4 in a step or voxel
      and at 8 in a frame.

    ``image_size`` scales images and masks to a square grid, as Kim et al. 2022 do (64).
    """
    reject_options(config, "test", "num_images", "seed", "protocol")
    size = check_size(config)
    root = require_root(config, CONTENTS)
    if _is_evsegnet(root):
        view = frame_view(config, _FRAME_COUNT)
        frames, words, notes = find_evsegnet(root)
        train, test = (samples_of(partial(read_evsegnet, view, size), part) for part in frames)
    else:
        view = choose_view(config, _NUM_STEPS, _STEP_COUNT, _FRAME_COUNT)
        windows, words, notes = find_ess(root)
        train, test = (samples_of(partial(read_ess, view, size), part) for part in windows)
    return SegmentationData(
        name="ddd17",
        class_names=CLASSES,
        in_channels=2 * view.layout.num_steps,
        train=train,
        test=test,
        split=f"{words} ({len(test)} of {len(train) + len(test)}); training on {len(train)}",
        notes=(*notes, *grid_note(size)),
        events=view.layout,
    )


def _is_evsegnet(root: Path) -> bool:
    """Tell the layouts apart."""
    released = (root / "events").is_dir() and (root / "labels").is_dir()
    repacked = any(root.glob("dir*/events.dat.t"))
    if released == repacked:
        found = listed(sorted(p.name for p in root.iterdir())) or "nothing"
        what = "both layouts" if released else "neither layout"
        raise DataError(
            f"{root} holds {what} of DDD17 (it has: {found}). Pass as data.root a folder with "
            f"{CONTENTS}."
        )
    return released
