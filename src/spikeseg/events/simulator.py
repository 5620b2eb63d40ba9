"""A simulated event camera: pictures of log intensity to the events that a camera would send.

The model is that of Rebecq et al. 2018 ("ESIM: an Open Event Camera Simulator"), with the noise of
Hu et al. 2021 ("v2e: From Video Frames to Realistic DVS Events", arXiv:2006.07722)
in its simplest form.
"""

from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ConfigError, ShapeError
from spikeseg.events.stream import Events

_LOWEST = 0.1
"""No pixel's threshold is below this share of the camera's."""


@dataclass(frozen=True)
class EventCamera:
    """An event camera with ideal pixels, but for what is set.

    Attributes:
        on_threshold: rise of the natural log of intensity that makes an ON event, above 0.
        off_threshold: fall that makes an OFF event, above 0.
        mismatch: standard deviation of each pixel's own thresholds, as a share of them (normal; at
            least 0.1 of the camera's threshold remains).
        refractory_us: an event within this time after the last one sent by its pixel is lost.
        latency_us: from a crossing to its event.
        jitter_us: what is added to the latency at most, uniform.
        leak_hz: ON events of a pixel that sees no change: its reference drifts down.
        shot_hz: events of a pixel out of nothing, ON or OFF alike, as a Poisson process.

    Raises:
        ConfigError: a threshold is not above 0, or another value is negative.
    """

    on_threshold: float = 0.2
    off_threshold: float = 0.2
    mismatch: float = 0.0
    refractory_us: float = 0.0
    latency_us: float = 0.0
    jitter_us: float = 0.0
    leak_hz: float = 0.0
    shot_hz: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            is_threshold = field.name.endswith("threshold")
            if not (value > 0 if is_threshold else value >= 0) or not np.isfinite(value):
                allowed = "a number above 0" if is_threshold else "0 (off) or a number above it"
                raise ConfigError(f"{field.name} of the event camera is {value}; it is {allowed}.")


def simulate_events(
    log_intensity: NDArray[Any],
    times_us: NDArray[Any],
    camera: EventCamera,
    rng: np.random.Generator,
) -> Events:
    """Return what a camera sends while it looks at pictures that change linearly in between.

    A pixel keeps a reference, at first its log intensity in the first picture. When the log
    intensity reaches ``reference + on_threshold``, that instant is an ON crossing and the sum the
    new reference; OFF likewise downwards. Crossings within the refractory time move the reference
    but send nothing. An event has the time of its crossing, later by latency and jitter, cut to
    whole microseconds; what would come at the last picture's time or later is not sent.

    Args:
        log_intensity: (N, H, W) natural logs of intensity.
        times_us: (N,) times of the pictures in microseconds, rising.
        camera: the camera.
        rng: what mismatch, jitter and noise are drawn from.

    Raises:
        ShapeError: shapes do not fit, fewer than two pictures, or times that do not rise.

    >>> rise = np.array([0.0, 1.0]).reshape(2, 1, 1)
    >>> camera = EventCamera(on_threshold=0.25)
    >>> events = simulate_events(rise, np.array([0, 1000]), camera, np.random.default_rng(0))
    >>> events.t.tolist(), events.polarity.tolist()
    ([250, 500, 750], [1, 1, 1])
    """
    _check(log_intensity, times_us)
    height, width = log_intensity.shape[1:]
    logs = np.ascontiguousarray(log_intensity, np.float64).reshape(len(times_us), -1)
    times = np.asarray(times_us, np.float64)
    on, off = (
        threshold * np.maximum(_LOWEST, 1 + camera.mismatch * rng.standard_normal(logs.shape[1]))
        for threshold in (camera.on_threshold, camera.off_threshold)
    )
    drift = camera.leak_hz * 1e-6 * on
    crossings = _crossings(logs, times, on, off, drift, camera.refractory_us)
    t = crossings[0] + camera.latency_us + camera.jitter_us * rng.random(len(crossings[0]))
    noise = _shot_noise(camera.shot_hz, times[0], times[-1], logs.shape[1], rng)
    t, pixel, polarity = (
        np.concatenate(pair) for pair in zip((t, *crossings[1:]), noise, strict=True)
    )
    order = np.argsort(t, kind="stable")
    order = order[: np.searchsorted(t[order], times[-1])]
    y, x = np.divmod(pixel[order], width)
    whole = np.floor(t[order]).astype(np.int64)
    return Events(whole, x, y, polarity[order], height, width, "simulated events")


def _check(log_intensity: NDArray[Any], times_us: NDArray[Any]) -> None:
    shape = log_intensity.shape
    if len(shape) != 3 or np.shape(times_us) != shape[:1] or len(times_us) < 2:
        raise ShapeError(
            f"pictures have shape {shape} and their times {np.shape(times_us)}; (N, H, W) and (N,) "
            "with N of 2 or more are needed."
        )
    if not (np.diff(times_us) > 0).all():
        at = int((np.diff(times_us) <= 0).argmax())
        raise ShapeError(
            f"picture {at + 1} is at {times_us[at + 1]} us and the one before at {times_us[at]} "
            "us; times of pictures rise."
        )


def _shot_noise(
    rate_hz: float, start: float, end: float, num_pixels: int, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return times, pixels and polarities of events out of nothing."""
    count = rng.poisson(rate_hz * 1e-6 * (end - start) * num_pixels)
    return rng.uniform(start, end, count), rng.integers(num_pixels, size=count), _sides(rng, count)


def _sides(rng: np.random.Generator, count: int) -> NDArray[Any]:
    return rng.integers(2, size=count).astype(np.uint8)


def _crossings(
    logs: NDArray[Any],
    times: NDArray[Any],
    on: NDArray[Any],
    off: NDArray[Any],
    drift: NDArray[Any],
    refractory: float,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return times, pixels and polarities, pixel by pixel."""
    room = 4 * logs.shape[1]
    while True:
        t, pixel, polarity = np.empty(room), np.empty(room, np.int64), np.empty(room, np.uint8)
        count = _walk(logs, times, on, off, drift, refractory, t, pixel, polarity)
        if count <= room:
            return t[:count], pixel[:count], polarity[:count]
        room = count


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk(
    logs: Any,
    times: Any,
    on: Any,
    off: Any,
    drift: Any,
    refractory: float,
    t: Any,
    pixel: Any,
    polarity: Any,
) -> int:
    """Write the crossings that are sent into the last three arrays; return how many there are."""
    count = 0
    for p in range(logs.shape[1]):
        reference, last = logs[0, p], -np.inf
        for n in range(len(times) - 1):
            start = logs[n, p] + drift[p] * (times[n] - times[0])
            end = logs[n + 1, p] + drift[p] * (times[n + 1] - times[0])
            while end >= reference + on[p] or end <= reference - off[p]:
                rises = end >= reference + on[p]
                reference += on[p] if rises else -off[p]
                share = (reference - start) / (end - start)
                now = times[n] + share * (times[n + 1] - times[n])
                if now - last < refractory:
                    continue
                last = now
                if count < len(t):
                    t[count], pixel[count], polarity[count] = now, p, rises
                count += 1
    return count
