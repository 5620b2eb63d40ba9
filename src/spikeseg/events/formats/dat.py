"""DAT of Prophesee, version 2: a header of text, then 8 bytes an event.

After the header two bytes: the type of the events (0 or 12: changes of contrast) and their size
(8). An event is its time in microseconds (32 bits), then 14 bits x, 14 bits y and 4 bits
polarity, from the low end (Prophesee, "DAT File Format"). Most files do not say how large the
sensor is.
"""

import re
from pathlib import Path

import numpy as np

from spikeseg.errors import CorruptFileError, FormatVersionError
from spikeseg.events.formats import FORMATS, Events, Sensor, extent
from spikeseg.events.formats._prophesee import Header, parse_header, unwrap, words

_VERSION = re.compile(r"^version\s+(\S+)", re.MULTILINE)
_CONTRAST, _SIZE = (0, 12), 8


class Dat:
    """Without a size in the header, the sensor is the extent of the events."""

    title = "DAT 2 (.dat)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether the header is one of DAT."""
        return head.startswith(b"% Data file containing") or (
            suffix == ".dat" and head.startswith(b"% ")
        )

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        content = path.read_bytes()
        header = parse_header(content)
        _check(path, header, content[header.size : header.size + 2])
        pairs = words(path, content, header.size + 2, "<u8")
        t = unwrap((pairs & 0xFFFFFFFF).astype(np.int64), 1 << 32)
        place = (pairs >> 32).astype(np.uint32)
        x, y, p = place & 0x3FFF, (place >> 14) & 0x3FFF, place >> 28
        height, width = sensor or header.sensor() or extent(x, y)
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("dat")(Dat())


def _check(path: Path, header: Header, kind: bytes) -> None:
    """Raise an error unless these are events of version 2 that tell changes of contrast."""
    found = _VERSION.search(header.text)
    if found and found[1] != "2":
        raise FormatVersionError(
            f"{path} is DAT of version {found[1]}; version 2 is read. Convert it with the camera's "
            "software."
        )
    if len(kind) < 2:
        raise CorruptFileError(f"{path} ends after its header. Copy it again.")
    if kind[0] not in _CONTRAST or kind[1] != _SIZE:
        raise FormatVersionError(
            f"{path} holds events of type {kind[0]} and {kind[1]} bytes; types 0 and 12 (changes "
            f"of contrast) of {_SIZE} bytes are read."
        )
