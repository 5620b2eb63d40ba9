"""A recording: what it takes and refuses, and its parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.errors import DataError
from spikeseg.events import Events


def three(**changes) -> Events:
    parts = {"t": [3, 5, 5], "x": [0, 6, 2], "y": [1, 0, 4], "polarity": [1, 0, 1]}
    return Events(**parts | {"height": 5, "width": 7, "source": "cam.raw"} | changes)


def test_columns_are_kept_in_their_types() -> None:
    events = three(polarity=np.array([True, False, True]))
    kinds = [a.dtype for a in (events.t, events.x, events.y, events.polarity)]
    assert kinds == [np.int64, np.uint16, np.uint16, np.uint8]


def test_a_recording_may_be_empty() -> None:
    assert len(three(t=[], x=[], y=[], polarity=[])) == 0


def test_times_of_a_camera_that_count_from_below_zero_are_taken() -> None:
    assert three(t=[-7, -7, 2]).t.tolist() == [-7, -7, 2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"t": [3, 5, 4]}, "cam.raw: event 2 is at 4 us, but event 1 before it is at 5 us"),
        ({"x": [0, 7, 9]}, "cam.raw: event 1 has x = 7; x is 0 to 6"),
        ({"y": [0, 0, 5]}, "cam.raw: event 2 has y = 5; y is 0 to 4"),
        ({"y": [-1, 0, 0]}, "cam.raw: event 0 has y = -1; y is 0 to 4"),
        ({"x": [0, 70000, 0]}, "event 1 has x = 70000"),
        ({"polarity": [0, 1, 2]}, "event 2 has polarity = 2; polarity is 0 to 1"),
        ({"x": [0, 1]}, "x has 2 values, but t has 3"),
        ({"t": [0.1, 0.2, 0.3]}, "times in microseconds"),
        ({"x": [[0, 1, 2]]}, r"shape \(1, 3\)"),
        ({"height": 0}, "the sensor's height is 0"),
    ],
)
def test_what_contradicts_itself_is_refused_by_event_and_value(changes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        three(**changes)


@given(
    times=st.lists(st.integers(0, 30)).map(sorted), start=st.integers(0, 30), span=st.integers(0)
)
def test_a_part_by_time_has_its_start_and_not_its_stop(times, start: int, span: int) -> None:
    zeros = [0] * len(times)
    part = Events(times, zeros, zeros, zeros, 1, 1).between(start, start + span)
    assert part.t.tolist() == [t for t in times if start <= t < start + span]


def test_a_part_by_number_keeps_sensor_and_source() -> None:
    part = three()[1:]
    assert (part.x.tolist(), part.height, part.width, part.source) == ([6, 2], 5, 7, "cam.raw")


def test_a_part_that_runs_backwards_is_refused() -> None:
    with pytest.raises(DataError, match="times never decrease"):
        three()[::-1]
