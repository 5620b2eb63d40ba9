"""DDD17 as EV-SegNet has released it: one file of sums and one mask for each frame.

``events/{train,test}/NAME.npy`` is (200, 346, 6): counts of ON and OFF, mean and deviation of the
times of ON, mean and deviation of the times of OFF; ``labels/{train,test}/NAME.png`` are the masks
(generate_dataset.py and show_events.py of github.com/Shathe/Ev-SegNet).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import DataConfig
from spikeseg.data import EventLayout, Sample
from spikeseg.data._event_labels import read_label, scaled
from spikeseg.data._event_views import WindowView
from spikeseg.data._pairs import listed, natural
from spikeseg.errors import ConfigError, CorruptFileError, DataError

CLASSES = ("flat", "construction and sky", "object", "nature", "human", "vehicle")
SIZE = (200, 346)
_SHAPE = (*SIZE, 6)
NOTES = ["masks were made by a network from grey frames: scores say how far it is agreed with"]
_WHOLE_TEST = 3890
"""How many frames the whole test set has."""


@dataclass(frozen=True)
class Frame:
    """A frame: its events and its mask."""

    events: Path
    label: Path


Frames = tuple[Frame, ...]


def frame_view(config: DataConfig, frame_count: int) -> WindowView:
    """Return the only view of sums.

    Raises:
        ConfigError: another one is asked for.
    """
    for name, allowed in (("event_view", (None, "frame")), ("event_steps", (None,))):
        value = getattr(config, name)
        if value not in allowed:
            raise ConfigError(
                f"data.{name} is {value!r}, but the files of EV-SegNet hold sums of 50 ms and no "
                "single events: only data.event_view 'frame' can be made of them. Leave "
                f"data.{name} out, or use the layout of ESS."
            )
    return WindowView("frame", EventLayout(1, frame_count))


def find_evsegnet(root: Path) -> tuple[tuple[Frames, Frames], str, list[str]]:
    """Return the frames of training and test, the split in words, and notes.

    Raises:
        DataError: a folder is missing or empty, or frames and masks are not the same.
    """
    train, test = (_frames(root, part) for part in ("train", "test"))
    notes = list(NOTES)
    if len(test) != _WHOLE_TEST:
        notes.append(
            f"the test set has {len(test)} frames, the whole one {_WHOLE_TEST}: scores cannot be "
            "compared with published ones"
        )
    return (train, test), "the test folder of EV-SegNet held out", notes


def _frames(root: Path, part: str) -> Frames:
    """Return the frames of a folder in natural order."""
    found = {
        kind: _files(root / kind / part, end)
        for kind, end in (("events", ".npy"), ("labels", ".png"))
    }
    lonely = {
        "events": sorted(found["events"].keys() - found["labels"].keys(), key=natural),
        "labels": sorted(found["labels"].keys() - found["events"].keys(), key=natural),
    }
    for kind, names in lonely.items():
        if names:
            other = "masks" if kind == "events" else "events"
            raise DataError(
                f"{root / kind / part} has {len(names)} file(s) without {other}: {listed(names)}. "
                "Events and masks are out of step; unpack the whole release again."
            )
    names = sorted(found["events"], key=natural)
    return tuple(Frame(found["events"][n], found["labels"][n]) for n in names)


def _files(folder: Path, ending: str) -> dict[str, Path]:
    files = {p.stem: p for p in folder.glob(f"*{ending}")} if folder.is_dir() else {}
    if not files:
        what = f"holds no {ending}" if folder.is_dir() else "does not exist"
        raise DataError(
            f"{folder} {what}; data.root has events/ and labels/, each with train/ and test/."
        )
    return files


def read_evsegnet(view: WindowView, size: int | None, frame: Frame) -> Sample:
    """Return a frame: channel 0 is OFF, channel 1 ON.

    Counts are clipped and divided as ``view`` says. In files whose counts are scaled to -1 (none)
    to 1, that range becomes 0 to 1.

    Raises:
        DataError: other shapes or values.
        CorruptFileError: the file is cut short or damaged.
    """
    counts = np.moveaxis(_sums(frame.events)[..., [1, 0]], -1, 0).astype(np.float32)
    if counts.min() < 0:
        if counts.min() < -1 or counts.max() > 1:
            raise DataError(
                f"{frame.events} has counts from {counts.min()} to {counts.max()}; they are 0 and "
                "more, or scaled to -1 to 1. Unpack the release again."
            )
        shares = (counts + 1) / 2
    else:
        shares = np.minimum(counts / view.layout.largest_count, 1)
    mask = read_label(frame.label, SIZE, CLASSES)
    return scaled(Sample(frame.label.stem, np.asarray(shares, np.float32), mask), size)


def _sums(path: Path) -> NDArray[Any]:
    """Return the (200, 346, 6) sums of a file."""
    try:
        with open(path, "rb") as file:
            sums: NDArray[Any] = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFileError(f"{path} cannot be read ({error}). Copy it again.") from error
    if sums.shape != _SHAPE or sums.dtype.kind not in "iuf" or not np.isfinite(sums).all():
        raise DataError(
            f"{path} has shape {sums.shape} and type {sums.dtype}; {_SHAPE} finite numbers are "
            "needed, as EV-SegNet's own codification has them."
        )
    return sums
