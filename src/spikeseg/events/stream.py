"""Events of one sensor in the order of time, checked when they are made."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import DataError

Sensor = tuple[int, int]
"""Height and width of a sensor in pixels."""

_LARGEST = 65536


@dataclass(frozen=True, eq=False)
class Events:
    """What an event camera saw: N changes of brightness, each at a pixel and a time.

    Whole numbers of any type are taken and stored in the types below.

    Attributes:
        t: (N,) int64 microseconds that never decrease; where 0 lies is the camera's matter.
        x: (N,) uint16 columns, from 0 at the left.
        y: (N,) uint16 rows, from 0 at the top.
        polarity: (N,) uint8, 1 if the pixel became brighter (ON), 0 if darker (OFF).
        height: of the sensor, in pixels.
        width: of the sensor, in pixels.
        source: where the events come from, for messages; a file's path.

    Raises:
        DataError: arrays of different lengths or not of whole numbers, time that runs backwards, a
            pixel beyond the sensor, or a polarity that is neither 0 nor 1; names the event (counted
            from 0), its value and what is allowed.

    >>> events = Events([5, 9, 9], [0, 1, 1], [2, 0, 2], [1, 0, 1], height=3, width=2)
    >>> len(events), len(events.between(5, 9)), events[1:].t
    (3, 1, array([9, 9]))
    >>> Events([5, 4], [0, 0], [0, 0], [1, 1], height=3, width=2, source="a.raw")
    Traceback (most recent call last):
    spikeseg.errors.DataError: a.raw: event 1 is at 4 us, but event 0 before it is at 5 us; ...
    """

    t: NDArray[Any]
    x: NDArray[Any]
    y: NDArray[Any]
    polarity: NDArray[Any]
    height: int
    width: int
    source: str = "events"

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            _check_size(self.source, name, getattr(self, name))
        for name, kept in (("t", np.int64), ("x", np.uint16), ("y", np.uint16)):
            self._store(name, np.dtype(kept))
        self._store("polarity", np.dtype(np.uint8))

    def __len__(self) -> int:
        return len(self.t)

    def __getitem__(self, which: slice) -> "Events":
        """Return the events of a slice of numbers; steps must be positive."""
        return replace(
            self, t=self.t[which], x=self.x[which], y=self.y[which], polarity=self.polarity[which]
        )

    def between(self, start: int, stop: int) -> "Events":
        """Return the events with ``start <= t < stop``, in microseconds."""
        first, last = np.searchsorted(self.t, [start, stop])
        return self[first:last]

    def _store(self, name: str, kept: "np.dtype[Any]") -> None:
        """Check an array and keep it in its type."""
        values = _whole_numbers(self.source, name, getattr(self, name))
        if name != "t" and len(values) != len(self.t):
            raise DataError(
                f"{self.source}: {name} has {len(values)} values, but t has {len(self.t)}; every "
                "event has one of each."
            )
        if name == "t":
            _check_order(self.source, values)
        else:
            limit = {"x": self.width, "y": self.height, "polarity": 2}[name]
            _check_range(self.source, name, values, limit)
        object.__setattr__(self, name, values.astype(kept, copy=False))


def _whole_numbers(source: str, name: str, values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iub":
        raise DataError(
            f"{source}: {name} is an array of shape {array.shape} and type {array.dtype}; a row of "
            "whole numbers is needed (times in microseconds)."
        )
    return array


def _check_size(source: str, name: str, size: int) -> None:
    if not 1 <= size <= _LARGEST:
        raise DataError(
            f"{source}: the sensor's {name} is {size}; it is 1 to {_LARGEST} pixels. Pass the "
            "sensor's height and width."
        )


def _check_order(source: str, t: NDArray[Any]) -> None:
    """Raise DataError at the first event whose time is below that of the event before it."""
    back = t[1:] < t[:-1]
    if back.any():
        at = int(back.argmax()) + 1
        raise DataError(
            f"{source}: event {at} is at {t[at]} us, but event {at - 1} before it is at "
            f"{t[at - 1]} us; times never decrease. Sort the events by time, or export the "
            "recording again."
        )


def _check_range(source: str, name: str, values: NDArray[Any], limit: int) -> None:
    """Raise DataError at the first value that is not in 0..limit-1."""
    if len(values) == 0 or (values.min() >= 0 and values.max() < limit):
        return
    at = int(((values < 0) | (values >= limit)).argmax())
    what = (
        "" if name == "polarity" else " on this sensor (pass sensor=(height, width) if it is not)"
    )
    raise DataError(
        f"{source}: event {at} has {name} = {int(values[at])}; {name} is 0 to {limit - 1}{what}."
    )
