"""The format of N-MNIST and N-Caltech101: 5 bytes an event, no header.

Bytes: x, y, then 24 bits, the upper byte first: one bit polarity, 23 bits microseconds (Orchard
et al. 2015, "Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades").
An event at row 240 is none: from it on, 2**13 us are added to all times.
"""

from pathlib import Path

import numpy as np

from spikeseg.errors import CorruptFileError
from spikeseg.events.formats import FORMATS, Events, Sensor

_SIZE = 5
_OVERFLOW_ROW, _OVERFLOW = 240, 1 << 13
_SENSOR = (34, 34)


class NMnist:
    """The sensor is that of N-MNIST, 34 x 34, unless another is passed."""

    title = "N-MNIST (.bin)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether the name ends in .bin; the content has no mark."""
        return suffix == ".bin"

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        content = path.read_bytes()
        if len(content) % _SIZE:
            raise CorruptFileError(
                f"{path} has {len(content)} bytes; an event has {_SIZE}, so the last one is cut. "
                "Copy it again."
            )
        x, y, upper, middle, low = np.frombuffer(content, np.uint8).reshape(-1, _SIZE).T
        t = (upper.astype(np.int64) & 0x7F) << 16 | middle.astype(np.int64) << 8 | low
        is_event = y != _OVERFLOW_ROW
        t = (t + np.cumsum(~is_event) * _OVERFLOW)[is_event]
        height, width = sensor or _SENSOR
        x, y, p = x[is_event], y[is_event], upper[is_event] >> 7
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("nmnist")(NMnist())
