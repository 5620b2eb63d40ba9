"""What Prophesee's formats share: a header in text, words of a fixed size, a clock that wraps."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import CorruptFileError, DataError
from spikeseg.events.stream import Sensor

_SIZES = (
    re.compile(r"^geometry\s+(?P<width>\d+)\s*x\s*(?P<height>\d+)", re.MULTILINE),
    re.compile(r"^format\b.*\bheight=(?P<height>\d+).*\bwidth=(?P<width>\d+)", re.MULTILINE),
    re.compile(r"^format\b.*\bwidth=(?P<width>\d+).*\bheight=(?P<height>\d+)", re.MULTILINE),
)
_HEIGHT = re.compile(r"^height\s+(\d+)", re.MULTILINE)
_WIDTH = re.compile(r"^width\s+(\d+)", re.MULTILINE)
_VERSION = re.compile(r"^(?:evt\s+|format\s+evt)(\d+(?:\.\d+)?)", re.MULTILINE)
_PLUGINS = {
    "genx320": (320, 320),
    "gen31": (480, 640),
    "gen3": (480, 640),
    "gen41": (720, 1280),
    "gen4": (720, 1280),
    "imx636": (720, 1280),
}


class Header(NamedTuple):
    """The lines of text that a file begins with.

    Attributes:
        text: in lower case, without percent signs.
        size: in bytes; what follows is binary.
    """

    text: str
    size: int

    def evt_version(self) -> str:
        """Return ``"2.0"``, ``"3.0"``, ..., or ``""`` if there is none."""
        found = _VERSION.search(self.text)
        return "" if found is None else found[1] if "." in found[1] else f"{found[1]}.0"

    def sensor(self) -> Sensor | None:
        """Return height and width as the header says, or as its camera has them, or None."""
        for size in _SIZES:
            if found := size.search(self.text):
                return int(found["height"]), int(found["width"])
        height, width = _HEIGHT.search(self.text), _WIDTH.search(self.text)
        if height and width:
            return int(height[1]), int(width[1])
        plugins = (size for name, size in _PLUGINS.items() if f"plugin_{name}_" in self.text)
        return next(plugins, None)


def parse_header(content: bytes) -> Header:
    """Return the header that ``content`` begins with."""
    lines, at = [], 0
    while content.startswith((b"% ", b"%\n"), at) and (end := content.find(b"\n", at)) >= 0:
        lines.append(content[at + 1 : end].decode("ascii", "replace").strip().lower())
        at = end + 1
        if lines[-1] == "end":
            break
    return Header("\n".join(lines), at)


def words(path: Path, content: bytes, start: int, kind: str) -> NDArray[Any]:
    """Return what follows ``start`` as numbers of a NumPy type.

    Raises:
        CorruptFileError: the last number is cut.
    """
    size = np.dtype(kind).itemsize
    left = (len(content) - start) % size
    if left:
        raise CorruptFileError(
            f"{path} is cut short: after its header of {start} bytes come {len(content) - start} "
            f"bytes, of which the last {left} are no whole record ({size} bytes each). Copy it "
            "again."
        )
    return np.frombuffer(content, kind, offset=start)


def unwrap(ticks: NDArray[np.int64], period: int) -> NDArray[np.int64]:
    """Return times of a counter that starts again at 0 after ``period``, as if it did not.

    A fall by more than half a period is taken for a new round; a smaller one stays a fall.

    >>> unwrap(np.array([14, 15, 1, 0]), 16)
    array([14, 15, 17, 16])
    """
    falls = ticks[1:] < ticks[:-1] - period // 2
    rounds = np.concatenate([np.zeros(min(1, len(ticks)), np.int64), np.cumsum(falls)])
    unwrapped: NDArray[np.int64] = ticks + rounds * period
    return unwrapped


def need_sensor(path: Path, sensor: Sensor | None) -> Sensor:
    """Return the sensor.

    Raises:
        DataError: it is None.
    """
    if sensor is None:
        raise DataError(
            f"{path} does not say how large its sensor is, nor a camera that is known; pass "
            "sensor=(height, width)."
        )
    return sensor


def check_types(path: Path, types: NDArray[np.uint8], known: tuple[int, ...], name: str) -> None:
    """Raise CorruptFileError at the first word of a type that the format does not have."""
    table = np.ones(16, bool)
    table[list(known)] = False
    strange = table[types]
    if strange.any():
        at = int(strange.argmax())
        raise CorruptFileError(
            f"{path}: word {at} after the header is of type {types[at]}, which {name} does not "
            f"have (it has {', '.join(map(str, known))}); the file is damaged. Copy it again."
        )
