"""The events of a window out of a long recording of DSEC, without reading the rest.

``ms_to_idx[m]`` is the number of the first event at ``1000 m`` microseconds or later, before
``t_offset`` is added (Gehrig et al. 2021, dsec.ifi.uzh.ch/data-format).
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import CorruptFileError, DataError
from spikeseg.events.formats._extras import need
from spikeseg.events.formats.dsec import NAMES, SENSOR, check_names, read_values
from spikeseg.events.stream import Events


def read_dsec_window(path: str | Path, start: int, end: int) -> Events:
    """Return the events with ``start <= t < end``, times in microseconds with ``t_offset`` added.

    Args:
        path: an ``events.h5`` with ``ms_to_idx``.
        start: of the window.
        end: of the window; the first instant after it.

    Raises:
        DataError: the recording does not cover the window, lacks a data set, or ``ms_to_idx`` does
            not fit its events.
        CorruptFileError: the file is cut short or damaged.
        ConfigError: h5py or numcodecs is needed and not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist; the events.h5 of a sequence of DSEC is needed.")
    h5py = need("h5py", path, "HDF5")
    try:
        with h5py.File(path, "r") as file:
            check_names(path, file)
            offset = int(file["t_offset"][()]) if "t_offset" in file else 0
            first, last = _numbers(path, file, start - offset, end - offset)
            t, x, y, p = (read_values(path, file["events"][n], first, last) for n in NAMES)
    except (OSError, RuntimeError) as error:
        raise CorruptFileError(
            f"{path} is cut short or damaged ({error}). Copy it again."
        ) from error
    _check_times(path, t, start - offset, end - offset)
    events = Events(t.astype(np.int64) + offset, x, y, p, *SENSOR, str(path))
    return events.between(start, end)


def _numbers(path: Path, file: Any, start: int, end: int) -> tuple[int, int]:
    """Return the numbers of the first event, and after the last, of whole milliseconds."""
    if "ms_to_idx" not in file:
        raise DataError(f"{path} has no ms_to_idx; restore the events.h5 of DSEC.")
    table, count = file["ms_to_idx"], file["events/t"].shape[0]
    from_ms, to_ms = start // 1000, -(-end // 1000)
    if not 0 <= from_ms < to_ms <= len(table):
        raise DataError(
            f"{path} covers 0 to {len(table)} ms after its t_offset, but the window is from "
            f"{start / 1000} to {end / 1000} ms. The timestamps of the labels are out of step with "
            "these events; restore both from one sequence."
        )
    known = read_values(path, table, from_ms, min(to_ms + 1, len(table)))
    ends = (int(known[0]), int(known[-1]) if to_ms < len(table) else count)
    if not 0 <= ends[0] <= ends[1] <= count:
        raise DataError(
            f"{path}: ms_to_idx leads from event {ends[0]} to {ends[1]}, but there are {count} "
            "events. Restore the file."
        )
    return ends


def _check_times(path: Path, t: NDArray[Any], start: int, end: int) -> None:
    """Check that the events of whole milliseconds lie in them."""
    lowest, highest = start // 1000 * 1000, -(-end // 1000) * 1000 + 999
    if len(t) and not lowest <= t[0] <= t[-1] <= highest:
        raise DataError(
            f"{path}: ms_to_idx leads to events from {t[0]} to {t[-1]} us for the window from "
            f"{start} to {end} us; it does not fit these events. Restore the file."
        )


def read_dsec_map(path: str | Path) -> NDArray[np.float32]:
    """Return where each pixel of the camera lies without distortion, (480, 640, 2): x and y.

    Args:
        path: a ``rectify_map.h5``.

    Raises:
        DataError: no such file or data set, another shape, or a place that is no number.
        CorruptFileError: the file is cut short or damaged.
        ConfigError: h5py or numcodecs is needed and not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist; the rectify_map.h5 of a sequence is needed.")
    h5py = need("h5py", path, "HDF5")
    try:
        with h5py.File(path, "r") as file:
            if "rectify_map" not in file:
                raise DataError(f"{path} has no rectify_map; restore the file of DSEC.")
            places = read_values(path, file["rectify_map"])
    except (OSError, RuntimeError) as error:
        raise CorruptFileError(
            f"{path} is cut short or damaged ({error}). Copy it again."
        ) from error
    if places.shape != (*SENSOR, 2) or not np.isfinite(places).all():
        raise DataError(
            f"{path}: rectify_map has shape {places.shape}; {(*SENSOR, 2)} finite numbers "
            "are needed."
        )
    return places.astype(np.float32, copy=False)
