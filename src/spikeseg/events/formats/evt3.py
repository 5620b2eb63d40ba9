"""EVT 3.0 of Prophesee: words of 16 bits, each of which changes a part of the decoder's state.

Word (Prophesee, "EVT 3.0 Format"): bits 15 to 12 type, the rest its value. Types: 0 sets y, 2 is an
event at x (bit 11 the polarity), 3 sets x and polarity of a vector, 4 and 5 are vectors of 12 and 8
pixels, 6 and 8 set the lower and upper 12 bits of the time in microseconds.
"""

from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from spikeseg.events.formats import FORMATS, Events, Sensor
from spikeseg.events.formats._prophesee import check_types, need_sensor, parse_header, words

_TYPES = (0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15)
_BITS = np.array([v.bit_count() for v in range(4096)], np.uint8)
_compiled = numba.njit(nogil=True, cache=True)


class Evt3:
    """Events before the first upper part of the time are left out: theirs is unknown."""

    title = "EVT 3.0 (.raw)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether the header says EVT 3.0."""
        return parse_header(head).evt_version() == "3.0"

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        content = path.read_bytes()
        header = parse_header(content)
        height, width = need_sensor(path, sensor or header.sensor())
        word = words(path, content, header.size, "<u2")
        check_types(path, (word >> 12).astype(np.uint8), _TYPES, "EVT 3.0")
        t, x, y, p = _decoded(word)
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("evt3")(Evt3())


def _decoded(word: NDArray[np.uint16]) -> list[NDArray[Any]]:
    """Return times, columns, rows and polarities."""
    kind = word >> 12
    pixels = _BITS[word[(kind == 4) | (kind == 5)] & 0xFFF].sum(dtype=np.int64)
    room = int(pixels) + int((kind == 2).sum())
    t, p = np.empty(room, np.int64), np.empty(room, np.uint8)
    x, y = np.empty(room, np.uint16), np.empty(room, np.uint16)
    count = _decode(word, t, x, y, p)
    return [column[:count] for column in (t, x, y, p)]


@_compiled
def _decode(word: Any, t: Any, x: Any, y: Any, p: Any) -> Any:
    """Fill the arrays and return how many events there are."""
    high, low, rounds = np.int64(-1), np.int64(0), np.int64(0)
    row, base, polarity, count = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for w in word:
        kind, value = w >> 12, np.int64(w & 0xFFF)
        if kind == 0:
            row = value & 0x7FF
        elif kind == 6:
            low = value
        elif kind == 8:
            rounds += high - value > 2048
            # The lower part follows; until then the old one would be ahead of time.
            low = low if value == high else np.int64(0)
            high = value
        elif kind == 3:
            base, polarity = value & 0x7FF, value >> 11
        elif kind == 2 and high >= 0:
            t[count] = (rounds << 24) + (high << 12) + low
            x[count], y[count], p[count] = value & 0x7FF, row, value >> 11
            count += 1
        elif kind == 4 or kind == 5:
            size = 12 if kind == 4 else 8
            for k in range(size):
                if value >> k & 1 and high >= 0:
                    t[count] = (rounds << 24) + (high << 12) + low
                    x[count], y[count], p[count] = base + k, row, polarity
                    count += 1
            base += size
    return count
