"""Read a recording of any known format."""

import re
from pathlib import Path

from spikeseg.errors import DataError, FormatVersionError
from spikeseg.events.formats import FORMATS, EventFormat
from spikeseg.events.stream import Events, Sensor

_HEAD = 4096
_VERSION = re.compile(rb"^% (?:evt|format) ([^\r\n]*)", re.MULTILINE | re.IGNORECASE)


def read_events(path: str | Path, sensor: Sensor | None = None) -> Events:
    """Return the events of a file; its format is told by its first bytes, else by its name.

    Args:
        path: the file; ``docs/events.md`` lists what is read.
        sensor: height and width in pixels, above what the file says. Where neither says, the format
            has a size of its own, or the size is the extent of the events.

    Raises:
        DataError: there is no such file, it is of no known format, time runs backwards, or an event
            lies beyond the sensor.
        CorruptFileError: the file is cut short or damaged.
        FormatVersionError: the file is of a version that is not read.
        ConfigError: HDF5 or Zstandard is needed and not installed.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {what}; an event file is needed ({_formats()}).")
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    return _format_of(path, head).read(path, sensor)


def _format_of(path: Path, head: bytes) -> EventFormat:
    if not head:
        raise DataError(f"{path} is empty; an event file is needed ({_formats()}).")
    for name in FORMATS.names():
        member = FORMATS.get(name)
        if member.claims(head, path.suffix.lower()):
            return member
    version = _VERSION.search(head) if head.startswith(b"%") else None
    if version:
        raise FormatVersionError(
            f"{path} is of Prophesee's format {version[1].decode('ascii', 'replace')!r}; EVT 2.0 "
            "and EVT 3.0 are read. Convert it to one of these with the camera's software."
        )
    raise DataError(
        f"{path} is no event file that can be read: it starts with {head[:12]!r}. Formats: "
        f"{_formats()}."
    )


def _formats() -> str:
    return ", ".join(FORMATS.get(name).title for name in FORMATS.names())
