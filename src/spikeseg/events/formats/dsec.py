"""HDF5 as DSEC has it: ``events/t``, ``x``, ``y``, ``p``, and ``t_offset`` that is added to ``t``.

Times are microseconds (Gehrig et al. 2021, dsec.ifi.uzh.ch/data-format). The data set's own files
are compressed with Blosc, which h5py does not have; their chunks are taken as they lie and undone
by numcodecs. Needs the extra ``events``.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import CorruptFileError, DataError
from spikeseg.events.formats import FORMATS, Events, Sensor
from spikeseg.events.formats._extras import need

_MARK = b"\x89HDF\r\n\x1a\n"
NAMES = ("t", "x", "y", "p")
_BLOSC = 32001
SENSOR = (480, 640)


class Dsec:
    """The sensor is that of DSEC, 480 x 640, unless another is passed."""

    title = "HDF5 as in DSEC (.h5)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether it is an HDF5 file."""
        return head.startswith(_MARK)

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        h5py = need("h5py", path, "HDF5")
        try:
            with h5py.File(path, "r") as file:
                check_names(path, file)
                t, x, y, p = (read_values(path, file["events"][name]) for name in NAMES)
                offset = int(file["t_offset"][()]) if "t_offset" in file else 0
        except (OSError, RuntimeError) as error:
            raise CorruptFileError(
                f"{path} is cut short or damaged ({error}). Copy it again."
            ) from error
        height, width = sensor or SENSOR
        if t.dtype.kind in "iu":
            t = t.astype(np.int64) + offset
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("dsec")(Dsec())


def check_names(path: Path, file: Any) -> None:
    """Raise DataError if a data set of events is missing."""
    missing = [f"events/{name}" for name in NAMES if f"events/{name}" not in file]
    if missing:
        raise DataError(
            f"{path} is HDF5 without {', '.join(missing)} (it has {', '.join(file) or 'nothing'}); "
            "events/t, x, y and p are read, as in DSEC."
        )


def read_values(path: Path, dataset: Any, first: int = 0, last: int | None = None) -> NDArray[Any]:
    """Return the values ``first`` to before ``last`` (all by default) along the first axis."""
    last = len(dataset) if last is None else last
    filters = dataset.id.get_create_plist()
    codes = [filters.get_filter(k)[0] for k in range(filters.get_nfilters())]
    if codes != [_BLOSC]:
        return np.asarray(dataset[first:last])
    blosc = need("numcodecs.blosc", path, "compressed with Blosc").Blosc()
    values = np.empty((last - first, *dataset.shape[1:]), dataset.dtype)
    wanted = (slice(first, last), *(slice(0, n) for n in dataset.shape[1:]))
    for cut in dataset.iter_chunks(wanted) if first < last else ():
        start = tuple(c.start // n * n for c, n in zip(cut, dataset.chunks, strict=True))
        _, chunk = dataset.id.read_direct_chunk(start)
        part = np.frombuffer(blosc.decode(chunk), dataset.dtype).reshape(dataset.chunks)
        inside = tuple(slice(c.start - s, c.stop - s) for c, s in zip(cut, start, strict=True))
        values[(slice(cut[0].start - first, cut[0].stop - first), *cut[1:])] = part[inside]
    return values
