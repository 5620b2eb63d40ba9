"""AEDAT 4.0 of iniVation: packets of several streams, each a FlatBuffer, mostly compressed.

A line with the version; a FlatBuffer ``IOHE`` (compression, place of the table at the end, an XML
text that lists the streams); packets of stream number, size and FlatBuffer. One of events
(``EVTS``) is a vector of structures of 16 bytes (iniVation, "AEDAT file formats";
google.github.io/flatbuffers). Frames, IMU samples and triggers are stepped over.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import CorruptFileError, DataError, FormatVersionError, SpikeSegError
from spikeseg.events.formats import FORMATS, Events, Sensor
from spikeseg.events.formats._extras import need
from spikeseg.events.formats._lz4 import decompress

_MARK, _VERSION = b"#!AER-DAT", b"#!AER-DAT4.0\r\n"
_EVENT = np.dtype(
    {
        "names": ["t", "x", "y", "p"],
        "formats": ["<i8", "<i2", "<i2", "u1"],
        "offsets": [0, 8, 10, 12],
        "itemsize": 16,
    }
)
_DAMAGE = (struct.error, ValueError, IndexError, RuntimeError, ElementTree.ParseError)
_Bytes = bytes | memoryview
_Unpack = Callable[[bytes], _Bytes]


class Aedat4:
    """Files with one stream of events are read."""

    title = "AEDAT 4 (.aedat4)"

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether the first line is one of AEDAT, of whatever version."""
        return head.startswith(_MARK)

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events; see `spikeseg.events.formats.EventFormat`."""
        content = path.read_bytes()
        if not content.startswith(_VERSION):
            line = content[:14].split(b"\r")[0].decode("ascii", "replace")
            raise FormatVersionError(
                f"{path} begins with {line!r}; AEDAT 4.0 is read. Convert it with DV."
            )
        try:
            found, said = _decoded(path, content)
        except SpikeSegError:
            raise
        except _DAMAGE as error:
            raise CorruptFileError(
                f"{path} is cut short or damaged ({error}). Copy it again."
            ) from error
        t, x, y, p = (np.ascontiguousarray(found[name]) for name in ("t", "x", "y", "p"))
        height, width = sensor or said
        return Events(t, x, y, p, height, width, str(path))


FORMATS.register("aedat4")(Aedat4())


def _decoded(path: Path, content: bytes) -> tuple[NDArray[np.void], Sensor]:
    """Return all events and the sensor's size."""
    start = len(_VERSION)
    (size,) = struct.unpack_from("<I", content, start)
    header = _table(content, start)
    compression = struct.unpack_from("<i", content, header[0])[0] if header[0] else 0
    end = struct.unpack_from("<q", content, header[1])[0] if header[1] else -1
    stream, sensor = _stream(path, _text(content, header[2]))
    unpack = _unpacker(path, compression)
    end = len(content) if end < 0 else end
    parts = [
        _vector(unpack(packet))
        for number, packet in _packets(content, start + 4 + size, end)
        if number == stream
    ]
    return np.concatenate([np.empty(0, _EVENT), *parts]), sensor


def _packets(content: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield number of the stream and content of each packet."""
    if end > len(content):
        raise ValueError(f"its packets end at byte {end}, but it has {len(content)} bytes")
    while at < end:
        number, size = struct.unpack_from("<ii", content, at)
        if size < 0 or at + 8 + size > end:
            raise ValueError(f"the packet at byte {at} has {size} bytes, {end - at - 8} are left")
        yield number, content[at + 8 : at + 8 + size]
        at += 8 + size


def _unpacker(path: Path, compression: int) -> _Unpack:
    """Return what undoes a compression: 0 none, 1 and 2 LZ4, 3 and 4 Zstandard."""
    if compression == 0:
        return bytes
    if compression in (1, 2):
        return decompress
    if compression in (3, 4):
        zstd = need("numcodecs.zstd", path, "compressed with Zstandard")
        unpack: _Unpack = zstd.Zstd().decode
        return unpack
    raise ValueError(f"no compression has the number {compression}")


def _table(buffer: _Bytes, start: int) -> tuple[int, ...]:
    """Return where the first three fields of a FlatBuffer's root lie, 0 for absent ones.

    Args:
        buffer: that holds it.
        start: of its size, four bytes.
    """
    root = start + 4 + struct.unpack_from("<I", buffer, start + 4)[0]
    fields = root - struct.unpack_from("<i", buffer, root)[0]
    (size,) = struct.unpack_from("<H", buffer, fields)
    known = min(3, (size - 4) // 2)
    offsets = struct.unpack_from(f"<{known}H", buffer, fields + 4) + (0,) * (3 - known)
    return tuple(root + offset if offset else 0 for offset in offsets)


def _text(buffer: bytes, field: int) -> str:
    """Return the text that a field points to, or an empty one."""
    if not field:
        return ""
    at = field + struct.unpack_from("<I", buffer, field)[0]
    (size,) = struct.unpack_from("<I", buffer, at)
    return buffer[at + 4 : at + 4 + size].decode()


def _vector(buffer: _Bytes) -> NDArray[np.void]:
    """Return the events of a packet."""
    field = _table(buffer, 0)[0]
    if not field:
        return np.empty(0, _EVENT)
    at = field + struct.unpack_from("<I", buffer, field)[0]
    (count,) = struct.unpack_from("<I", buffer, at)
    return np.frombuffer(buffer, _EVENT, count=count, offset=at + 4)


def _stream(path: Path, text: str) -> tuple[int, Sensor]:
    """Return number and size (height, width) of the one stream of events."""
    found = [
        node
        for node in ElementTree.fromstring(text).iter("node")
        if node.findtext("attr[@key='typeIdentifier']") == "EVTS"
    ]
    if len(found) != 1:
        raise DataError(
            f"{path} has {len(found)} streams of events; files with one are read. Export the one "
            "that you need."
        )
    (node,) = found
    width, height = (node.findtext(f"node/attr[@key='{key}']") for key in ("sizeX", "sizeY"))
    return int(str(node.get("name"))), (int(str(height)), int(str(width)))
