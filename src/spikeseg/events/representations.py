"""What a network is given instead of events: pictures of them, as NumPy arrays.

Channel 0 of a pair holds OFF events, channel 1 ON events.
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ConfigError
from spikeseg.events.stream import Events

Floats = NDArray[np.float32]
Cut = Literal["time", "count"]
Span = tuple[int, int]
"""A start and an end in microseconds; the end is not in it."""


def polarity_counts(events: Events) -> Floats:
    """Return how many events each pixel has of each polarity, (2, H, W).

    >>> polarity_counts(Events([1, 2], [0, 0], [1, 1], [1, 1], height=2, width=1)).tolist()
    [[[0.0], [0.0]], [[0.0], [2.0]]]
    """
    counts: Floats = _counts(events, np.zeros(len(events), np.int64), 1)[0]
    return counts


def steps(events: Events, num_steps: int, by: Cut = "time", span: Span | None = None) -> Floats:
    """Return polarity counts of consecutive parts, (T, 2, H, W).

    Args:
        events: the recording, or a part of it.
        num_steps: T.
        by: ``"time"``: parts that last equally long between the first and the last event;
            ``"count"``: the i-th of N events falls in part ``i * T // N``.
        span: cut this time instead into equally long parts; events outside of it do not count.

    Raises:
        ConfigError: there is no such number of steps, cut or span.

    >>> pair = Events([0, 1, 2, 10], [0] * 4, [0] * 4, [1] * 4, height=1, width=1)
    >>> steps(pair, 2)[:, 1].ravel().tolist(), steps(pair, 2, by="count")[:, 1].ravel().tolist()
    ([3.0, 1.0], [2.0, 2.0])
    """
    _check_positive("num_steps", num_steps)
    if by not in get_args(Cut):
        raise ConfigError(f"steps are cut by {by!r}; they are cut by 'time' or by 'count'.")
    if span is not None:
        _check_span(span)
        events = events.between(*span)
    if by == "count":
        return _counts(events, np.arange(len(events)) * num_steps // max(1, len(events)), num_steps)
    start, end = span or _extent(events)
    return _counts(events, (events.t - start) * num_steps // (end - start), num_steps)


def voxel_grid(events: Events, num_bins: int, span: Span | None = None) -> Floats:
    """Return the sum of polarities (+1, -1) of each pixel, shared between instants, (B, H, W).

    Event i lies at ``t* = (B - 1) (t_i - t_first) / (t_last - t_first)`` and adds its polarity
    times ``max(0, 1 - |b - t*|)`` to bin b (Zhu et al. 2019, "Unsupervised Event-based Learning of
    Optical Flow, Depth, and Egomotion", equations 1 to 3). If all events have one time, they are
    in bin 0. With a ``span``, its first and last microsecond stand in place of ``t_first`` and
    ``t_last``, and events outside of it do not count.

    Raises:
        ConfigError: ``num_bins`` is below 1, or there is no such span.
    """
    _check_positive("num_bins", num_bins)
    if span is not None:
        _check_span(span)
        events = events.between(*span)
    start, end = span or _extent(events)
    place = (events.t - start) * ((num_bins - 1) / max(1, end - start - 1))
    # The last bin has no right neighbor; what rounding lifts above it belongs to it.
    left = np.minimum(place.astype(np.int64), max(0, num_bins - 2))
    share = np.clip(place - left, 0.0, 1.0)
    signs = 2.0 * events.polarity - 1.0
    pixels = _pixels(events)
    size = events.height * events.width
    grid = np.bincount(left * size + pixels, signs * (1 - share), (num_bins + 1) * size)
    grid += np.bincount((left + 1) * size + pixels, signs * share, (num_bins + 1) * size)
    shape = (num_bins + 1, events.height, events.width)
    return grid.reshape(shape)[:num_bins].astype(np.float32)


def time_surface(events: Events, tau_us: float, at: int | None = None) -> Floats:
    """Return how recent the latest event of each pixel and polarity is, (2, H, W) in 0..1.

    A value is ``exp(-(at - t_latest) / tau)``, and 0 where there was no event (Lagorce et al. 2017,
    "HOTS", equation 3, of single pixels).

    Args:
        events: the recording, or a part of it.
        tau_us: time after which a value has fallen to 1/e, in microseconds.
        at: the instant that is looked back from; later events are left out. The last event's time
            if None.

    Raises:
        ConfigError: ``tau_us`` is not above 0.
    """
    if not tau_us > 0:
        raise ConfigError(f"tau_us is {tau_us}; it is a time above 0 in microseconds.")
    seen = events if at is None else events[: int(np.searchsorted(events.t, at, side="right"))]
    surface = np.zeros(2 * seen.height * seen.width)
    if len(seen):
        now = seen.t[-1] if at is None else at
        place = seen.polarity * np.int64(seen.height * seen.width) + _pixels(seen)
        latest = np.full(len(surface), -1)
        # Of several values for one place, that of the largest number, the latest event, is kept.
        np.maximum.at(latest, place, np.arange(len(seen)))
        filled = latest >= 0
        surface[filled] = np.exp(-(now - seen.t[latest[filled]]) / tau_us)
    return surface.reshape(2, seen.height, seen.width).astype(np.float32)


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ConfigError(f"{name} is {value}; it is a whole number of at least 1.")


def _check_span(span: Span) -> None:
    if span[0] >= span[1]:
        raise ConfigError(f"span is {span}; it is a start and a later end, in microseconds.")


def _extent(events: Events) -> Span:
    """Return the span from the first event to the last."""
    return (int(events.t[0]), int(events.t[-1]) + 1) if len(events) else (0, 1)


def _pixels(events: Events) -> NDArray[np.int64]:
    """Return the number of each event's pixel, row by row."""
    pixels: NDArray[np.int64] = events.y * np.int64(events.width) + events.x
    return pixels


def _counts(events: Events, part: NDArray[Any], num_parts: int) -> Floats:
    """Return (parts, 2, H, W) numbers of events."""
    size = events.height * events.width
    place = (part * 2 + events.polarity) * size + _pixels(events)
    counts = np.bincount(place, minlength=num_parts * 2 * size)
    return counts.reshape(num_parts, 2, events.height, events.width).astype(np.float32)
