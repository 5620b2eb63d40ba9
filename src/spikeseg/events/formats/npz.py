"""NumPy arrays ``t``, ``x``, ``y``, ``p`` in one .npz, and the sensor as ``sensor_wh``."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import CorruptFileError, DataError
from spikeseg.events.formats import FORMATS, Events, Sensor, extent

_NAMES = ("t", "x", "y", "p")
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class Npz:
    """Without ``sensor_wh`` (width, height), the sensor is the extent of the events."""

    title = "NumPy arrays t, x, y, p (.npz)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether it is a zip file called .npz."""
        return head.startswith(b"PK") and suffix == ".npz"

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        arrays = _arrays(path)
        missing = [name for name in _NAMES if name not in arrays]
        if missing:
            raise DataError(
                f"{path} lacks {', '.join(missing)}: it holds {', '.join(arrays) or 'nothing'}; t "
                "(microseconds), x, y and p (1 is brighter, 0 darker) are needed."
            )
        t, x, y, p = (arrays[name] for name in _NAMES)
        height, width = sensor or _said(path, arrays.get("sensor_wh")) or extent(x, y)
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("npz")(Npz())


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file that events consist of."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            wanted = {*_NAMES, "sensor_wh"} & set(file.files)
            return {name: file[name] for name in file.files if name in wanted}
    except _DAMAGE as error:
        raise CorruptFileError(
            f"{path} cannot be read ({error}). Write or copy it again."
        ) from error


def _said(path: Path, size: NDArray[Any] | None) -> Sensor | None:
    """Return the sensor that the file tells, or None."""
    if size is None:
        return None
    if size.shape != (2,) or size.dtype.kind not in "iu":
        raise DataError(
            f"{path}: sensor_wh has shape {size.shape} and type {size.dtype}; it is two whole "
            "numbers, width and height. Pass sensor=(height, width) or write the file again."
        )
    return int(size[1]), int(size[0])
