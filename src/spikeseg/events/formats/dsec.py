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
_NAMES = ("t", "x", "y", "p")
_BLOSC = 32001
_SENSOR = (480, 640)


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
                _check(path, file)
                t, x, y, p = (_values(path, file["events"][name]) for name in _NAMES)
                offset = int(file["t_offset"][()]) if "t_offset" in file else 0
        except (OSError, RuntimeError) as error:
            raise CorruptFileError(
                f"{path} is cut short or damaged ({error}). Copy it again."
            ) from error
        height, width = sensor or _SENSOR
        if t.dtype.kind in "iu":
            t = t.astype(np.int64) + offset
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("dsec")(Dsec())


def _check(path: Path, file: Any) -> None:
    missing = [f"events/{name}" for name in _NAMES if f"events/{name}" not in file]
    if missing:
        raise DataError(
            f"{path} is HDF5 without {', '.join(missing)} (it has {', '.join(file) or 'nothing'}); "
            "events/t, x, y and p are read, as in DSEC."
        )


def _values(path: Path, dataset: Any) -> NDArray[Any]:
    """Return the values of a data set of one dimension."""
    filters = dataset.id.get_create_plist()
    codes = [filters.get_filter(k)[0] for k in range(filters.get_nfilters())]
    if codes != [_BLOSC]:
        return np.asarray(dataset[()])
    blosc = need("numcodecs.blosc", path, "compressed with Blosc").Blosc()
    values = np.empty(dataset.shape, dataset.dtype)
    for k in range(dataset.id.get_num_chunks()):
        (start,) = dataset.id.get_chunk_info(k).chunk_offset
        _, chunk = dataset.id.read_direct_chunk((start,))
        part = np.frombuffer(blosc.decode(chunk), dataset.dtype)
        values[start : start + len(part)] = part[: len(values) - start]
    return values
