"""EVT 2.0, EVT 3.0 and DAT: written event by event, read back, cut and spoilt."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from spikeseg.errors import CorruptFileError, DataError, FormatVersionError
from spikeseg.events import read_events
from tests.event_files import PROPHESEE, columns, dat, evt2, evt3, recordings, write

WRITERS = {"a2.raw": evt2, "a3.raw": evt3, "a.dat": dat}
FEW = [(70, 3, 4, 1), (70, 5, 4, 1), (70, 9, 4, 1), (4099, 9, 4, 0), (70000, 630, 470, 1)]
drawn = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def assert_holds(path: Path, expected, sensor=None) -> None:
    events = read_events(path, sensor)
    np.testing.assert_array_equal([events.t, events.x, events.y, events.polarity], expected)


@pytest.mark.parametrize("name", WRITERS)
@drawn
@given(events=recordings())
def test_what_is_written_is_read(tmp_path: Path, name: str, events) -> None:
    assert_holds(write(tmp_path, name, WRITERS[name](events)), columns(events))


@drawn
@given(events=recordings(largest_gap=1, width=30, height=1))
def test_neighbors_in_vectors_of_evt3_are_read(tmp_path: Path, events) -> None:
    assert_holds(write(tmp_path, "a.raw", evt3(sorted(events))), columns(sorted(events)))


@pytest.mark.parametrize(("name", "bits"), [("a2.raw", 34), ("a3.raw", 24), ("a.dat", 32)])
def test_a_clock_that_starts_again_goes_on(tmp_path: Path, name: str, bits: int) -> None:
    times = [2**bits - 5, 2**bits - 5, 2**bits + 3, 2 * 2**bits - 1, 2 * 2**bits]
    events = [(t, 1, 2, 0) for t in times]
    path = write(tmp_path, name, WRITERS[name](events))
    assert read_events(path).t.tolist() == times


def test_a_clock_that_falls_a_little_runs_backwards(tmp_path: Path) -> None:
    path = write(tmp_path, "a.raw", evt2([(9000, 1, 2, 0), (700, 1, 2, 0)]))
    with pytest.raises(DataError, match=r"a\.raw: event 1 is at 700 us.*event 0.*at 9000 us"):
        read_events(path)


@pytest.mark.parametrize(("writer", "kind"), [(evt2, "<I"), (evt3, "<H")])
def test_words_that_are_no_changes_of_brightness_are_stepped_over(
    tmp_path: Path, writer, kind: str
) -> None:
    content = writer(FEW)
    others = b"".join(struct.pack(kind, k << (8 * struct.calcsize(kind) - 4)) for k in (10, 14, 15))
    assert_holds(write(tmp_path, "a.raw", content + others + others), columns(FEW))


def test_events_before_the_first_time_are_left_out(tmp_path: Path) -> None:
    for name, writer, early in (("2.raw", evt2, "<I"), ("3.raw", evt3, "<H")):
        header = PROPHESEE + b"% evt " + name[:1].encode() + b".0\n"
        event = 1 << 28 | 7 if early == "<I" else 2 << 12 | 7
        path = write(tmp_path, name, writer(FEW, header + struct.pack(early, event)))
        assert_holds(path, columns(FEW))


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (b"% evt 3.0\n% geometry 1280x720\n", (720, 1280)),
        (b"% evt 3.0\n% width 700\n% Height 500\n", (500, 700)),
        (b"% camera\n% format EVT3;height=720;width=1280\n% end\n", (720, 1280)),
        (b"% format EVT3;width=1280;height=720\n% end\n", (720, 1280)),
        (b"% evt 3.0\n% plugin_name hal_plugin_imx636_evk4\n", (720, 1280)),
        (b"% plugin_name hal_plugin_gen31_fx3\n% evt 3.0\n", (480, 640)),
    ],
)
def test_the_header_says_how_large_the_sensor_is(tmp_path: Path, header: bytes, size) -> None:
    events = read_events(write(tmp_path, "a.raw", evt3(FEW, header)))
    assert (events.height, events.width) == size


def test_what_the_user_says_of_the_sensor_is_above_the_header(tmp_path: Path) -> None:
    events = read_events(write(tmp_path, "a.raw", evt2(FEW)), sensor=(720, 1280))
    assert (events.height, events.width) == (720, 1280)


def test_a_header_that_knows_no_sensor_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.raw", evt2(FEW, b"% evt 2.0\n"))
    with pytest.raises(DataError, match=r"how large its sensor is.*pass sensor=\(height, width\)"):
        read_events(path)


def test_dat_without_a_size_is_as_large_as_its_events(tmp_path: Path) -> None:
    events = read_events(write(tmp_path, "a.dat", dat(FEW)))
    assert (events.height, events.width) == (471, 631)


@pytest.mark.parametrize("name", WRITERS)
def test_a_pixel_beyond_the_sensor_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, WRITERS[name](FEW))
    with pytest.raises(DataError, match=r"event 4 has x = 630; x is 0 to 599"):
        read_events(path, sensor=(480, 600))


@pytest.mark.parametrize("name", WRITERS)
def test_a_record_that_is_cut_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, WRITERS[name](FEW)[:-1])
    with pytest.raises(CorruptFileError, match=r"is cut short: .* are no whole record"):
        read_events(path)


@pytest.mark.parametrize(("writer", "word"), [(evt2, b"\0\0\0\x50"), (evt3, b"\0\x90")])
def test_a_word_of_no_known_type_is_refused(tmp_path: Path, writer, word: bytes) -> None:
    path = write(tmp_path, "a.raw", writer([]) + word)
    with pytest.raises(CorruptFileError, match=r"word 0 after the header is of type [59]"):
        read_events(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.raw", b"% evt 2.1\n% geometry 640x480\n", "format '2.1'; EVT 2.0 and EVT 3.0 are read"),
        ("a.raw", b"% evt 4.0\n", "format '4.0'"),
        ("a.raw", b"% format EVT21;height=720;width=1280\n", "format 'EVT21;height=720"),
        ("a.dat", dat([], b"% Data file containing CD events.\n% Version 3\n"), "version 3"),
        ("a.dat", b"% Data file containing triggers.\n\x0e\x08", "events of type 14 and 8 bytes"),
    ],
)
def test_another_version_is_refused_by_its_name(tmp_path: Path, name, content, words) -> None:
    with pytest.raises(FormatVersionError, match=words):
        read_events(write(tmp_path, name, content))


def test_dat_that_ends_with_its_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="ends after its header"):
        read_events(write(tmp_path, "a.dat", b"% Data file containing CD events.\n% Version 2\n"))
