"""The simulated event camera against closed forms, and against a slow twin of single pixels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.errors import ConfigError, ShapeError
from spikeseg.events import EventCamera, Events, simulate_events

PIXEL_COUNT = 40_000
"""Of pictures on which noise is counted."""


def seen(logs, times, seed: int = 0, **camera: float) -> Events:
    """Return what a camera sees of one pixel (N,) or of pictures (N, H, W)."""
    logs = np.asarray(logs, float)
    pictures = logs.reshape(len(logs), 1, 1) if logs.ndim == 1 else logs
    return simulate_events(
        pictures, np.asarray(times), EventCamera(**camera), np.random.default_rng(seed)
    )


seen([0.0, 1.0], [0, 10])  # compiled before a test is timed


def blank(seconds: float, seed: int = 0, **camera: float) -> Events:
    """Return what a camera sees of pictures that do not change."""
    return seen(np.zeros((2, 200, 200)), [0, round(1e6 * seconds)], seed, **camera)


def twin(logs: list[float], times: list[int], on: float, off: float, wait: float) -> list:
    """Return (t, polarity) of one pixel, crossing by crossing, as the definition has it."""
    events, reference, sent = [], logs[0], -math.inf
    for a, b, t0, t1 in zip(logs, logs[1:], times, times[1:], strict=False):
        while True:
            if b >= reference + on:
                reference, p = reference + on, 1
            elif b <= reference - off:
                reference, p = reference - off, 0
            else:
                break
            t = t0 + (reference - a) / (b - a) * (t1 - t0)
            if t - sent >= wait:
                events.append((math.floor(t), p))
                sent = t
    return [event for event in events if event[0] < times[-1]]


@given(threshold=st.floats(0.05, 0.5), rise=st.floats(-4, 4), end=st.integers(1000, 10**6))
def test_a_linear_change_fires_at_known_times(threshold: float, rise: float, end: int) -> None:
    events = seen([0.7, 0.7 + rise], [0, end], on_threshold=threshold, off_threshold=threshold)
    count = math.floor(abs(rise) / threshold - 1e-9)
    expected = [end * k * threshold / abs(rise) for k in range(1, count + 1)]
    assert abs(len(events) - count) <= (abs(abs(rise) / threshold % 1 - 0.5) > 0.4999)
    for t, due in zip(events.t, expected, strict=False):
        assert due - 1 - 1e-3 <= t <= due + 1e-3
    assert (events.polarity == (rise > 0)).all()


walks = st.lists(st.floats(-1, 1), min_size=2, max_size=12)


@given(logs=walks, on=st.floats(0.05, 0.4), off=st.floats(0.05, 0.4), wait=st.floats(0, 3000))
def test_a_pixel_fires_as_its_slow_twin(logs, on: float, off: float, wait: float) -> None:
    times = [1000 * k * (k + 1) for k in range(len(logs))]
    events = seen(logs, times, on_threshold=on, off_threshold=off, refractory_us=wait)
    assert list(zip(events.t.tolist(), events.polarity.tolist(), strict=True)) == twin(
        logs, times, on, off, wait
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_pixels_are_independent_and_events_are_in_the_order_of_time(seed: int) -> None:
    logs = np.random.default_rng(seed).normal(0, 0.5, (6, 3, 4))
    times = [0, 500, 900, 2000, 2100, 4000]
    events = seen(logs, times)
    for y in range(3):
        for x in range(4):
            here = (events.y == y) & (events.x == x)
            found = list(zip(events.t[here].tolist(), events.polarity[here].tolist(), strict=True))
            assert found == twin(logs[:, y, x].tolist(), times, 0.2, 0.2, 0.0)


@given(logs=walks)
def test_light_and_dark_exchanged_exchange_on_and_off(logs: list[float]) -> None:
    times = np.arange(len(logs)) * 1000
    first, second = seen(logs, times), seen([-v for v in logs], times)
    np.testing.assert_array_equal(first.t, second.t)
    np.testing.assert_array_equal(first.polarity, 1 - second.polarity)


def test_events_within_the_refractory_time_are_lost() -> None:
    # A crossing every 100 us; after 250 us of silence the third one is the next that is sent.
    events = seen([0.0, 10.05], [0, 10050], on_threshold=0.1, refractory_us=250)
    np.testing.assert_allclose(events.t, 100 + 300 * np.arange(34), atol=1)


def test_latency_delays_and_jitter_spreads_evenly() -> None:
    rise = np.zeros((3, 100, 100))
    rise[1:] = 0.25
    events = seen(rise, [0, 1000, 5000], latency_us=50, jitter_us=400)
    late = events.t - 800 - 50
    assert len(events) == 10_000
    assert late.min() >= -1
    assert late.max() < 400
    assert abs(late.mean() - 199.5) < 4 * 400 / math.sqrt(12 * 10_000)


def test_what_would_come_after_the_last_picture_is_not_sent() -> None:
    assert len(seen([0.0, 0.25], [0, 1000], latency_us=199)) == 1
    assert len(seen([0.0, 0.25], [0, 1000], latency_us=201)) == 0


def test_a_leak_makes_on_events_at_its_rate() -> None:
    events = blank(1.05, leak_hz=10)
    assert len(events) == 10 * PIXEL_COUNT
    assert events.polarity.all()
    np.testing.assert_allclose(np.unique(events.t), 100_000 * np.arange(1, 11), atol=1)


@pytest.mark.parametrize("rate", [0.3, 2.0])
def test_noise_is_a_poisson_process_of_both_polarities(rate: float) -> None:
    events, mean = blank(0.5, shot_hz=rate), rate * 0.5 * PIXEL_COUNT
    assert abs(len(events) - mean) < 4 * math.sqrt(mean)
    assert abs(events.polarity.mean() - 0.5) < 4 * 0.5 / math.sqrt(mean)
    counts = np.bincount(events.y.astype(int) * 200 + events.x, minlength=PIXEL_COUNT)
    silent = math.exp(-rate * 0.5)
    assert abs((counts == 0).mean() - silent) < 4 * math.sqrt(silent / PIXEL_COUNT)


def test_mismatch_spreads_the_thresholds_as_a_share() -> None:
    rise = np.zeros((2, 200, 200))
    rise[1] = 0.399
    events = seen(rise, [0, 399_000], mismatch=0.1)
    first = np.full(PIXEL_COUNT, -1)
    pixels = events.y.astype(int) * 200 + events.x
    first[pixels[::-1]] = events.t[::-1]
    thresholds = first[first >= 0] / 1e6
    assert abs(thresholds.mean() - 0.2) < 4 * 0.02 / 200
    assert abs(thresholds.std() - 0.02) < 4 * 0.02 / math.sqrt(2 * PIXEL_COUNT)


def test_the_same_seed_gives_the_same_events() -> None:
    first, second, other = (blank(0.1, seed, shot_hz=5) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.t, second.t)
    assert not np.array_equal(first.t, other.t)


@pytest.mark.parametrize(
    ("name", "value"),
    [("on_threshold", 0.0), ("off_threshold", -1.0), ("leak_hz", -0.1), ("jitter_us", math.nan)],
)
def test_a_camera_that_cannot_be_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} of the event camera is {value}"):
        EventCamera(**{name: value})


@pytest.mark.parametrize(
    ("logs", "times", "said"),
    [
        (np.zeros((3, 2, 2)), [0, 1], "(3, 2, 2)"),
        (np.zeros((1, 2, 2)), [0], "2 or more"),
        (np.zeros((3, 2, 2)), [0, 5, 5], "picture 2 is at 5"),
    ],
)
def test_pictures_that_do_not_fit_their_times_are_refused(logs, times, said: str) -> None:
    with pytest.raises(ShapeError) as caught:
        seen(logs, times)
    assert said in str(caught.value)
