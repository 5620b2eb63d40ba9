"""EVT 2.0 of Prophesee: words of 32 bits; the upper bits of the time come in words of their own.

Word (Prophesee, "EVT 2.0 Format"): bits 31 to 28 type; of an event (type 0 OFF, 1 ON) 27 to 22
the low 6 bits of the time in microseconds, 21 to 11 x, 10 to 0 y; of type 8 the upper 28 bits of
the time.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeseg.events.formats import FORMATS, Events, Sensor
from spikeseg.events.formats._prophesee import (
    check_types,
    need_sensor,
    parse_header,
    unwrap,
    words,
)

_ON, _TIME_HIGH = 1, 8
_TYPES = (0, 1, 8, 10, 14, 15)
_ROUND = 1 << 34


class Evt2:
    """Events before the first word with a time are left out: theirs is unknown."""

    title = "EVT 2.0 (.raw)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether the header says EVT 2.0."""
        return parse_header(head).evt_version() == "2.0"

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        content = path.read_bytes()
        header = parse_header(content)
        height, width = need_sensor(path, sensor or header.sensor())
        word = words(path, content, header.size, "<u4")
        check_types(path, (word >> 28).astype(np.uint8), _TYPES, "EVT 2.0")
        word, t = _events(word)
        x, y = (word >> 11) & 0x7FF, word & 0x7FF
        return Events(t, x, y, word >> 28, height, width, str(path))


FORMATS.register("evt2")(Evt2())


def _events(word: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the words that are events with a known time, and these times."""
    kind = word >> 28
    is_time = kind == _TIME_HIGH
    high = unwrap((word[is_time] & 0xFFFFFFF).astype(np.int64) << 6, _ROUND)
    latest = np.cumsum(is_time) - 1
    chosen = (kind <= _ON) & (latest >= 0)
    events = word[chosen]
    return events, high[latest[chosen]] + ((events >> 22) & 0x3F)
