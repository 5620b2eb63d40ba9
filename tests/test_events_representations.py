"""Representations against slow twins that go from event to event."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.errors import ConfigError
from spikeseg.events import Events, polarity_counts, steps, time_surface, voxel_grid
from tests.event_files import columns, recordings

H, W = 3, 4
drawn = recordings(largest_gap=50, width=W, height=H).map(
    lambda events: Events(*columns(events), height=H, width=W)
)


def rows(events: Events):
    return zip(
        events.t.tolist(),
        events.x.tolist(),
        events.y.tolist(),
        events.polarity.tolist(),
        strict=True,
    )


@given(events=drawn)
def test_polarity_counts_are_those_of_a_loop(events: Events) -> None:
    expected = np.zeros((2, H, W), np.float32)
    for _, x, y, p in rows(events):
        expected[p, y, x] += 1
    counts = polarity_counts(events)
    assert counts.dtype == np.float32
    np.testing.assert_array_equal(counts, expected)


@given(events=drawn, num_steps=st.integers(1, 9))
def test_steps_of_equal_time_are_those_of_a_loop(events: Events, num_steps: int) -> None:
    expected = np.zeros((num_steps, 2, H, W))
    for t, x, y, p in rows(events):
        first, last = int(events.t[0]), int(events.t[-1])
        expected[(t - first) * num_steps // (last - first + 1), p, y, x] += 1
    np.testing.assert_array_equal(steps(events, num_steps), expected)


@given(
    events=drawn, num_steps=st.integers(1, 9), start=st.integers(0, 500), long=st.integers(1, 900)
)
def test_steps_of_a_span_count_what_lies_in_it(
    events: Events, num_steps: int, start: int, long: int
) -> None:
    expected = np.zeros((num_steps, 2, H, W))
    for t, x, y, p in rows(events):
        if start <= t < start + long:
            expected[(t - start) * num_steps // long, p, y, x] += 1
    found = steps(events, num_steps, span=(start, start + long))
    np.testing.assert_array_equal(found, expected)


@given(
    events=drawn, num_bins=st.integers(2, 9), start=st.integers(0, 500), long=st.integers(2, 900)
)
def test_voxels_of_a_span_are_those_of_a_loop(
    events: Events, num_bins: int, start: int, long: int
) -> None:
    expected = np.zeros((num_bins, H, W))
    for t, x, y, p in rows(events):
        place = (num_bins - 1) * (t - start) / (long - 1)
        for b in range(num_bins):
            inside = start <= t < start + long
            expected[b, y, x] += inside * (2 * p - 1) * max(0.0, 1 - abs(b - place))
    found = voxel_grid(events, num_bins, (start, start + long))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("picture", [steps, voxel_grid])
def test_a_span_that_ends_before_it_begins_is_refused(picture) -> None:
    events = Events([0], [0], [0], [1], height=1, width=1)
    with pytest.raises(ConfigError, match="later end"):
        picture(events, 2, span=(5, 5))


@given(events=drawn, num_steps=st.integers(1, 9))
def test_steps_of_equal_count_hold_equally_many_events(events: Events, num_steps: int) -> None:
    sums = steps(events, num_steps, by="count").sum(axis=(1, 2, 3))
    assert sums.max() - sums.min() <= 1


@given(events=drawn, num_steps=st.integers(1, 9))
def test_steps_of_equal_count_are_those_of_a_loop(events: Events, num_steps: int) -> None:
    expected = np.zeros((num_steps, 2, H, W))
    for k, (_, x, y, p) in enumerate(rows(events)):
        expected[k * num_steps // len(events), p, y, x] += 1
    np.testing.assert_array_equal(steps(events, num_steps, by="count"), expected)


@given(events=drawn, num_bins=st.integers(1, 7))
def test_a_voxel_grid_is_that_of_the_equation(events: Events, num_bins: int) -> None:
    expected = np.zeros((num_bins, H, W))
    for t, x, y, p in rows(events):
        first, last = int(events.t[0]), int(events.t[-1])
        place = (num_bins - 1) * (t - first) / (last - first) if last > first else 0.0
        for b in range(num_bins):
            expected[b, y, x] += (1 if p else -1) * max(0.0, 1 - abs(b - place))
    np.testing.assert_allclose(voxel_grid(events, num_bins), expected, atol=1e-5)


@given(events=drawn, tau=st.floats(1, 1000), back=st.none() | st.integers(0, 2500))
def test_a_time_surface_is_that_of_a_loop(events: Events, tau: float, back: int | None) -> None:
    expected = np.zeros((2, H, W))
    now = back if back is not None else int(events.t[-1]) if len(events) else 0
    for t, x, y, p in rows(events):
        if t <= now:
            expected[p, y, x] = math.exp(-(now - t) / tau)
    np.testing.assert_allclose(time_surface(events, tau, at=back), expected, rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda e: steps(e, 0), "num_steps is 0"),
        (lambda e: steps(e, 2, by="events"), "cut by 'events'"),
        (lambda e: voxel_grid(e, 0), "num_bins is 0"),
        (lambda e: time_surface(e, 0.0), "tau_us is 0.0"),
        (lambda e: time_surface(e, math.nan), "tau_us is nan"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make(Events([1], [0], [0], [1], 1, 1))
