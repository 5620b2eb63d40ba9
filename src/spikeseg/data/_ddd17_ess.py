"""DDD17 as ESS has repacked it: all events of a drive in two plain files, and numbered masks.

A folder ``dirN`` holds ``events.dat.t`` (int64 nanoseconds), ``events.dat.xyp`` (int16 triples),
``index/index_50ms.npy`` and ``segmentation_masks/segmentation_NNNNNNNN.png``. Row NNNNNNNN - 1 of
the index is the frame's time, the number of the first event after it, and that of the first event
of the 50 ms before (datasets/extract_data_tools/example_loader_ddd17.py of github.com/uzh-rpg/ess).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.data import Sample
from spikeseg.data._ddd17_evsegnet import CLASSES, NOTES, SIZE
from spikeseg.data._event_labels import read_label, scaled
from spikeseg.data._event_views import WindowView
from spikeseg.data._pairs import listed, natural
from spikeseg.errors import CorruptFileError, DataError
from spikeseg.events import Events

WINDOW_US = 50_000
_NUM_DRIVES, _TEST, _LEFT_OUT = 7, 1, 4
_SENSOR = (260, 346)
_INDEX = Path("index", "index_50ms.npy")


@dataclass(frozen=True, eq=False)
class Drive:
    """A folder, how many events it has, and its index."""

    folder: Path
    count: int
    index: NDArray[np.int64]

    def events(self, first: int, last: int) -> Events:
        """Return the events of these numbers; no others are read."""
        t = np.memmap(self.folder / "events.dat.t", "<i8", "r", shape=(self.count,))
        xyp = np.memmap(self.folder / "events.dat.xyp", "<i2", "r", shape=(self.count, 3))
        x, y, p = np.asarray(xyp[first:last]).T
        source = f"{self.folder} (events {first} to {last})"
        return Events(np.asarray(t[first:last]) // 1000, x, y, p, *_SENSOR, source)


@dataclass(frozen=True)
class Window:
    """A mask, and the row of the index that it belongs to."""

    drive: Drive
    label: Path
    row: int


Windows = tuple[Window, ...]


def find_ess(root: Path) -> tuple[tuple[Windows, Windows], str, list[str]]:
    """Return the windows of training and test, the split in words, and notes.

    Folders are counted from 0 in natural order. Number 1 is the test set of EV-SegNet, number 4 has
    a single mask and is left out, the others are trained on (github.com/uzh-rpg/ess, issue 11; the
    loader there calls number 1 ``valid`` and number 4 ``test``).

    Raises:
        DataError: folders or files are missing, or masks and index are out of step.
        CorruptFileError: the files of events are cut short.
    """
    folders = sorted((p for p in root.glob("dir*") if p.is_dir()), key=lambda p: natural(p.name))
    if len(folders) != _NUM_DRIVES:
        raise DataError(
            f"{root} has {len(folders)} folders dir...: {listed([p.name for p in folders])}; ESS "
            f"has {_NUM_DRIVES}, and the split goes by their order. Unpack the whole archive."
        )
    test = _windows(folders[_TEST])
    used = [p for k, p in enumerate(folders) if k not in (_TEST, _LEFT_OUT)]
    train = tuple(window for folder in used for window in _windows(folder))
    words = (
        f"{folders[_TEST].name} held out, the test set of EV-SegNet ({folders[_LEFT_OUT].name} is "
        "left out of both)"
    )
    return (train, test), words, list(NOTES)


def _windows(folder: Path) -> Windows:
    """Return the windows of a drive, in natural order of their masks."""
    drive = _open(folder)
    labels = sorted(folder.glob("segmentation_masks/*.png"), key=lambda p: natural(p.name))
    if not labels:
        raise DataError(
            f"{folder} has no masks in segmentation_masks/; unpack segmentation_masks.zip there."
        )
    return tuple(Window(drive, label, _row(drive, label)) for label in labels)


def _row(drive: Drive, label: Path) -> int:
    digits = label.stem.rsplit("_", 1)[-1]
    number = int(digits) if digits.isdigit() else 0
    if not 1 <= number <= len(drive.index):
        raise DataError(
            f"{label} is the mask of frame {digits}, but {drive.folder / _INDEX} has frames 1 to "
            f"{len(drive.index)}: masks and events are out of step. Unpack both from one archive."
        )
    return number - 1


def _open(folder: Path) -> Drive:
    """Return a drive whose files fit each other."""
    times, places, index = (folder / name for name in ("events.dat.t", "events.dat.xyp", _INDEX))
    for path in (times, places, index):
        if not path.is_file():
            raise DataError(f"{path} does not exist; unpack the whole archive of ESS.")
    count, rest = divmod(times.stat().st_size, 8)
    if rest or not count or places.stat().st_size != 6 * count:
        raise CorruptFileError(
            f"{times} has {times.stat().st_size} bytes and {places.name} {places.stat().st_size}; "
            "8 and 6 bytes an event are needed, of equally many. Unpack the archive again."
        )
    return Drive(folder, count, _read_index(index, count))


def _read_index(path: Path, count: int) -> NDArray[np.int64]:
    try:
        with open(path, "rb") as file:
            index: NDArray[Any] = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFileError(f"{path} cannot be read ({error}). Unpack it again.") from error
    if index.ndim != 2 or index.shape[1] != 3 or index.dtype.kind not in "iu":
        raise DataError(
            f"{path} has shape {index.shape} and type {index.dtype}; rows of three whole numbers "
            "are needed: a time and two numbers of events."
        )
    wrong = (index[:, 1] > count) | (np.maximum(index[:, 2], 0) > index[:, 1])
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{path}: row {row} leads from event {index[row, 2]} to {index[row, 1]}, but there are "
            f"{count} events: index and events are out of step. Unpack both from one archive."
        )
    return index.astype(np.int64, copy=False)


def read_ess(view: WindowView, size: int | None, window: Window) -> Sample:
    """Return the 50 ms before a mask; the 60 lowest rows, which masks do not have, are cut off.

    Raises:
        DataError: no event of the window lies in the 50 ms before the mask, events contradict
            themselves, or the mask has another size or values.
    """
    time_ns, last, first = (int(v) for v in window.drive.index[window.row])
    events, end = window.drive.events(max(0, first), last), time_ns // 1000 + 1
    if len(events) and not len(events.between(end - WINDOW_US, end)):
        raise DataError(
            f"{events.source}: they are from {events.t[0]} to {events.t[-1]} us, but "
            f"{window.label.name} belongs to the 50 ms before {end - 1} us: masks and events are "
            "out of step. Unpack both from one archive."
        )
    image = view(events, end - WINDOW_US, end)[:, : SIZE[0]]
    mask = read_label(window.label, SIZE, CLASSES)
    name = f"{window.drive.folder.name} {window.label.stem.rsplit('_', 1)[-1]}"
    return scaled(Sample(name, np.ascontiguousarray(image), mask), size)
