"""Views of windows of events, and the options that choose one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.config import DataConfig
from spikeseg.data import EventLayout, load
from spikeseg.data._event_views import choose_view
from spikeseg.errors import ConfigError
from spikeseg.events import Events
from tests.event_files import columns, recordings

H, W = 3, 4
START, END = 100, 700
drawn = recordings(largest_gap=50, width=W, height=H).map(
    lambda events: Events(*columns(events), height=H, width=W)
)


def view(kind: str | None = None, steps: int | None = None):
    """Return a view of 6 steps by default, counts clipped at 2 in a step and 3 in a frame."""
    config = DataConfig("moving_shapes", event_view=kind, event_steps=steps)  # type: ignore[arg-type]
    return choose_view(config, 6, 2, 3)


def inside(events: Events):
    for t, x, y, p in zip(events.t, events.x, events.y, events.polarity, strict=True):
        if START <= t < END:
            yield int(t) - START, x, y, int(p)


@given(events=drawn)
def test_steps_have_off_and_on_of_each_part_in_turn_clipped(events: Events) -> None:
    expected = np.zeros((12, H, W))
    for t, x, y, p in inside(events):
        expected[2 * (t // 100) + p, y, x] += 1
    np.testing.assert_allclose(view()(events, START, END), np.minimum(expected / 2, 1))


@given(events=drawn)
def test_a_frame_is_the_sum_of_the_window(events: Events) -> None:
    expected = np.zeros((2, H, W))
    for _, x, y, p in inside(events):
        expected[p, y, x] += 1
    found = view("frame")(events, START, END)
    np.testing.assert_allclose(found, np.minimum(expected / 3, 1), rtol=1e-6)


@given(events=drawn, bins=st.integers(2, 5))
def test_voxels_are_parted_by_their_sign(events: Events, bins: int) -> None:
    signed = np.zeros((bins, H, W))
    for t, x, y, p in inside(events):
        place = (bins - 1) * t / (END - START - 1)
        for b in range(bins):
            signed[b, y, x] += (2 * p - 1) * max(0.0, 1 - abs(b - place))
    found = view("voxel", bins)(events, START, END)
    np.testing.assert_allclose(found[1::2], np.clip(signed / 2, 0, 1), atol=1e-5)
    np.testing.assert_allclose(found[::2], np.clip(-signed / 2, 0, 1), atol=1e-5)


@given(events=drawn)
def test_a_time_surface_looks_back_from_the_end_of_the_window(events: Events) -> None:
    expected = np.zeros((2, H, W))
    for t, x, y, p in inside(events):
        expected[p, y, x] = np.exp(-(END - START - t) / 300)
    found = view("time_surface")(events, START, END)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "steps", "layout"),
    [
        (None, None, EventLayout(6, 2)),
        ("steps", 9, EventLayout(9, 2)),
        ("frame", None, EventLayout(1, 3)),
        ("voxel", 4, EventLayout(4, 2)),
        ("time_surface", None, EventLayout(1, 1)),
    ],
)
def test_a_view_says_how_its_channels_lie(kind, steps, layout: EventLayout) -> None:
    assert view(kind, steps).layout == layout


@pytest.mark.parametrize(
    ("kind", "steps", "said"),
    [
        ("frame", 4, "whole window"),
        ("time_surface", 4, "whole window"),
        ("voxel", 1, "2 to 100"),
        ("steps", 0, "1 to 100"),
        ("steps", 101, "1 to 100"),
    ],
)
def test_steps_that_a_view_does_not_have_are_refused(kind, steps: int, said: str) -> None:
    with pytest.raises(ConfigError, match=f"data.event_steps is {steps}.*{said}"):
        view(kind, steps)


@pytest.mark.parametrize("options", [{"event_view": "frame"}, {"event_steps": 3}])
def test_a_dataset_without_events_refuses_a_view_of_them(options: dict) -> None:
    with pytest.raises(ConfigError, match=f"data.{next(iter(options))}.*no events"):
        load(DataConfig("cells", num_images=2, **options))
