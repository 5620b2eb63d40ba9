"""Formats of event files: a plug point, one file each.

A format says by the first bytes and the ending of a name whether a file is one of its own, and
reads it. `spikeseg.events.read_events` asks each.
"""

from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from spikeseg.events.stream import Events, Sensor
from spikeseg.registry import Registry

__all__ = ["FORMATS", "EventFormat", "Events", "Sensor", "extent"]


class EventFormat(Protocol):
    """A member of the plug point."""

    title: str
    """What the format is, in words."""

    def claims(self, head: bytes, suffix: str) -> bool:
        """Return whether a file is of this format.

        Args:
            head: its first 4096 bytes.
            suffix: of its name, in lower case, with the dot.
        """
        ...

    def read(self, path: Path, sensor: Sensor | None) -> Events:
        """Return the events of a file.

        Args:
            path: the file.
            sensor: height and width as the user says, above what the file says; or None.

        Raises:
            DataError: the events contradict themselves or the sensor.
            CorruptFileError: the file is cut short or damaged.
            FormatVersionError: the file is of a version of the format that is not read.
            ConfigError: a package that is needed is not installed.
        """
        ...


FORMATS: Registry[EventFormat] = Registry("event format", "spikeseg.events.formats")


def extent(x: NDArray[Any], y: NDArray[Any]) -> Sensor:
    """Return the smallest sensor (height, width) that has all these pixels; (1, 1) if none."""
    return _end(y), _end(x)


def _end(values: NDArray[Any]) -> int:
    """Return the largest value and one more; 1 for what `Events` refuses anyway."""
    counts = values.size > 0 and values.dtype.kind in "iub"
    return max(1, int(values.max()) + 1) if counts else 1
