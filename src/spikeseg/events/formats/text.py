"""Text: one event a line, ``t x y p``, apart by spaces, tabs or commas.

As in the Event-Camera Dataset (Mueggler et al. 2017) times with a point are seconds; if no time
of the file has a point or an exponent, they are microseconds. ``p`` is 1 or 0, or 1 or -1. Before
the events may come a line of names (``t,x,y,p``) or one of two numbers, width and height of the
sensor. Lines that begin with # are passed over.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import DataError
from spikeseg.events.formats import FORMATS, Events, Sensor, extent
from spikeseg.events.formats._numbers import WRONG, parse

_NAMES = re.compile(
    rb"\s*(?:t|ts|time|timestamp)[\s,]+x[\s,]+y[\s,]+(?:p|pol|polarity)\s*\n", re.IGNORECASE
)
_SIZE = re.compile(rb"\s*(\d+)[ \t,]+(\d+)[ \t\r]*\n")
_MICROSECONDS = 6


class Text:
    """Without a line that says its size, the sensor is the extent of the events."""

    title = "text, t x y p a line (.txt, .csv)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether the name ends like a text."""
        return suffix in (".txt", ".csv")

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        content = path.read_bytes()
        start, said = _beginning(content)
        mantissa, power, (x, y, p) = _columns(path, content, start)
        t = _scaled(path, mantissa, power)
        if (p < 0).any():
            _check_signs(path, p)
            p = (p > 0).astype(np.uint8)
        height, width = sensor or said or extent(x, y)
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("text")(Text())


def _beginning(content: bytes) -> tuple[int, Sensor | None]:
    """Return where the events begin, and the sensor if the first line says it."""
    if names := _NAMES.match(content):
        return names.end(), None
    if size := _SIZE.match(content):
        return size.end(), (int(size[2]), int(size[1]))
    return 0, None


def _columns(
    path: Path, content: bytes, start: int
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int32]]:
    """Return mantissas of the times, their powers of ten for microseconds, and (3, N) x, y, p."""
    text = np.frombuffer(content, np.uint8)
    lines = content.count(b"\n") + 1
    mantissa, power = np.empty(lines, np.int64), np.empty(lines, np.int16)
    places = np.empty((3, lines), np.int32)
    count, wrong, line, in_seconds, begin = parse(text, start, mantissa, power, places)
    if wrong:
        number = line + content.count(b"\n", 0, start)
        said = content[begin : begin + 80].split(b"\n")[0].decode("utf-8", "replace")
        raise DataError(
            f"{path}, line {number} {WRONG[wrong]}: {said!r}. A line is t x y p: time (seconds "
            "with a point, or whole microseconds), column, row, and 1 or 0 (or -1)."
        )
    power[:count] += _MICROSECONDS * in_seconds
    return mantissa[:count], power[:count], places[:, :count]


def _scaled(path: Path, mantissa: NDArray[np.int64], power: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return mantissas times powers of ten, rounded half up.

    Raises:
        DataError: a time is too large for 64 bits.
    """
    t = np.empty_like(mantissa)
    for exponent in np.unique(power).tolist():
        chosen = power == exponent
        part = mantissa[chosen]
        if exponent >= 0:
            scale = 10 ** min(exponent, 30)
            if (np.abs(part) > (2**62) // scale).any():
                raise DataError(f"{path} has times beyond {2**62} us. Are they in nanoseconds?")
            t[chosen] = part * min(scale, 2**62)
        else:
            scale = 10 ** min(-exponent, 18)
            t[chosen] = part // scale + (part % scale * 2 >= scale)
    return t


def _check_signs(path: Path, p: NDArray[Any]) -> None:
    """Raise DataError if polarities are not all 1 or -1."""
    strange = np.abs(p) != 1
    if strange.any():
        at = int(strange.argmax())
        raise DataError(
            f"{path}: event {at} has p = {p[at]}, though others have -1; polarities are 1 and -1, "
            "or 1 and 0, all alike."
        )
