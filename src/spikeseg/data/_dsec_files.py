"""The files of DSEC-Semantic: sequences with events, a map that rectifies them, and masks."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.data import Sample
from spikeseg.data._event_labels import read_label, scaled
from spikeseg.data._event_views import WindowView
from spikeseg.data._pairs import listed, natural
from spikeseg.errors import DataError
from spikeseg.events import Events, read_dsec_map, read_dsec_window

CLASSES = (
    *("background", "building", "fence", "person", "pole", "road", "sidewalk", "vegetation"),
    *("car", "wall", "traffic sign"),
)
CONTENTS = "train/ and test/, each with sequences such as zurich_city_00_a/"
SIZE = (440, 640)
WINDOW_US = 100_000
_FIRST, _STEP = 6, 2
_LABELS = ("semantic/left/11classes", "semantic/11classes", "11classes")
_TIMES = (
    *(
        "semantic/timestamps.txt",
        "semantic/left/timestamps.txt",
        "semantic/semantic_timestamps.txt",
    ),
    *(f"{folder}{{0}}_semantic_timestamps.txt" for folder in ("semantic/left/", "semantic/", "")),
)


@dataclass(frozen=True)
class Window:
    """A mask, its time in microseconds, and the folder of its events."""

    events: Path
    label: Path
    time: int


def find_windows(root: Path, names: tuple[str, ...]) -> tuple[tuple[Window, ...], list[str]]:
    """Return the windows of the named sequences, and which of these are missing.

    Raises:
        DataError: there is none, a sequence is not whole, or masks and times are out of step.
    """
    there = [name for name in names if (root / name).is_dir()]
    if not there:
        raise DataError(
            f"{root} has none of the sequences {', '.join(names)}. Pass as data.root the folder "
            f"with {CONTENTS}."
        )
    windows = tuple(window for name in there for window in _windows(root / name))
    return windows, [name for name in names if name not in there]


def _windows(sequence: Path) -> tuple[Window, ...]:
    events = sequence / "events" / "left"
    for path in (events / "events.h5", events / "rectify_map.h5"):
        if not path.is_file():
            raise DataError(f"{path} does not exist; add the events of {sequence.name} from DSEC.")
    labels, times = _labels(sequence), _times(sequence)
    if len(labels) != len(times):
        raise DataError(
            f"{sequence} has {len(labels)} masks and {len(times)} timestamps: they are out of "
            "step. Restore both from DSEC-Semantic."
        )
    windows = zip(labels[_FIRST::_STEP], times[_FIRST::_STEP], strict=True)
    found = tuple(Window(events, label, int(time)) for label, time in windows)
    if not found:
        raise DataError(
            f"{sequence} has {len(labels)} masks; more than {_FIRST} are needed, since the first "
            f"{_FIRST} are not used. Restore the masks."
        )
    return found


def _labels(sequence: Path) -> list[Path]:
    for place in _LABELS:
        for folder in (sequence / place / "data", sequence / place):
            if found := sorted(folder.glob("*.png"), key=lambda p: natural(p.name)):
                return found
    raise DataError(f"{sequence} has no masks *.png in any of {listed(list(_LABELS))}.")


def _times(sequence: Path) -> NDArray[np.int64]:
    places = [sequence / place.format(sequence.name) for place in _TIMES]
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        raise DataError(
            f"{sequence} has no timestamps of its masks; semantic/timestamps.txt or "
            f"{sequence.name}_semantic_timestamps.txt is needed."
        )
    words = path.read_text(encoding="utf-8", errors="replace").split()
    if wrong := [word for word in words if not word.isdigit()]:
        raise DataError(f"{path} has {wrong[0]!r}; whole microseconds are needed, one a line.")
    times = np.array(words, np.int64)
    if (np.diff(times) <= 0).any():
        at = int((np.diff(times) <= 0).argmax()) + 1
        raise DataError(
            f"{path}: timestamp {at} is {times[at]}, but the one before is {times[at - 1]}; times "
            "rise. Restore the file."
        )
    return times


def read_window(view: WindowView, size: int | None, window: Window) -> Sample:
    """Return the 100 ms before a mask.

    Raises:
        DataError: the recording does not cover the window, or a file contradicts itself.
        CorruptFileError: a file is cut short or damaged.
        ConfigError: h5py or numcodecs is needed and not installed.
    """
    start = window.time - WINDOW_US
    events = read_dsec_window(window.events / "events.h5", start, window.time)
    seen = _rectified(events, _map(window.events / "rectify_map.h5"))
    mask = read_label(window.label, SIZE, CLASSES)
    name = f"{window.events.parent.parent.name} {window.label.stem}"
    return scaled(Sample(name, view(seen, start, window.time), mask), size)


@lru_cache(maxsize=16)
def _map(path: Path) -> NDArray[Any]:
    return read_dsec_map(path)


def _rectified(events: Events, rectify: NDArray[Any]) -> Events:
    """Return the events where an ideal camera would have seen them, on the rows of the masks."""
    x, y = np.rint(rectify[events.y, events.x]).astype(np.int64).T
    height, width = SIZE
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    t, polarity = events.t[inside], events.polarity[inside]
    return Events(t, x[inside], y[inside], polarity, height, width, events.source)
