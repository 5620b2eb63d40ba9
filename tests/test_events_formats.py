"""AEDAT 4, N-MNIST, text, NumPy and DSEC: written, read back, cut and spoilt; choosing a format."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikeseg.errors import ConfigError, CorruptFileError, DataError, FormatVersionError
from spikeseg.events import FORMATS, read_events
from spikeseg.events.formats._lz4 import decompress
from tests.event_files import aedat4, columns, lz4_frame, nmnist, recordings, write

FEW = [(70, 3, 4, 1), (70, 5, 4, 1), (4099, 9, 4, 0), (70000, 33, 29, 1)]
PACKS = {0: bytes, 1: lz4_frame}
drawn = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def assert_holds(path: Path, expected, sensor=None) -> None:
    events = read_events(path, sensor)
    np.testing.assert_array_equal([events.t, events.x, events.y, events.polarity], expected)


@pytest.mark.parametrize("compression", [0, 1, 2])
@drawn
@given(events=recordings(height=30))
def test_aedat4_that_is_written_is_read(tmp_path: Path, compression: int, events) -> None:
    pack = lz4_frame if compression else bytes
    path = write(tmp_path, "a.aedat4", aedat4(events, compression, pack=pack))
    assert_holds(path, columns(events))
    assert (read_events(path).height, read_events(path).width) == (30, 34)


@settings(max_examples=100, deadline=None)
@given(data=st.lists(st.sampled_from([b"abcdefgh", b"ab", b"\0" * 40, b"xyz"])).map(b"".join))
def test_an_lz4_frame_is_undone(data: bytes) -> None:
    assert decompress(lz4_frame(data)).tobytes() == data


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_spoilt_lz4_frame_gives_an_error_or_bytes(at: int, byte: int) -> None:
    frame = bytearray(lz4_frame(b"abcdefgh" * 30 + b"xyz" * 20))
    frame[at % len(frame)] = byte
    told = ""
    try:
        told = decompress(bytes(frame)).format
    except ValueError as error:
        told = str(error)
    assert told == "B" or "LZ4" in told


@pytest.mark.parametrize("compression", PACKS)
@pytest.mark.parametrize("keep", [15, 60, 400, -40])
def test_aedat4_that_is_cut_is_refused(tmp_path: Path, compression: int, keep: int) -> None:
    path = write(tmp_path, "a.aedat4", aedat4(FEW, compression, pack=PACKS[compression])[:keep])
    with pytest.raises(CorruptFileError, match=r"a\.aedat4 is cut short or damaged"):
        read_events(path)


def test_aedat4_whose_recording_was_not_finished_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.aedat4", aedat4(FEW, is_finished=False))
    assert_holds(path, columns(FEW))


def test_aedat4_compressed_with_zstandard_is_read(tmp_path: Path) -> None:
    zstd = pytest.importorskip("numcodecs.zstd")
    path = write(tmp_path, "a.aedat4", aedat4(FEW, 3, pack=zstd.Zstd().encode))
    assert_holds(path, columns(FEW))


def test_aedat4_of_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="no compression has the number 9"):
        read_events(write(tmp_path, "a.aedat4", aedat4(FEW, 9)))


def test_aedat_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatVersionError, match=r"'#!AER-DAT3.1'; AEDAT 4.0 is read"):
        read_events(write(tmp_path, "a.aedat", b"#!AER-DAT3.1\r\nFormat: RAW\r\n"))


@pytest.mark.parametrize("streams", [("IMUS", "FRME"), ("EVTS", "EVTS")])
def test_aedat4_without_one_stream_of_events_is_refused(tmp_path: Path, streams) -> None:
    count = streams.count("EVTS")
    with pytest.raises(DataError, match=f"has {count} streams of events"):
        read_events(write(tmp_path, "a.aedat4", aedat4(FEW, 0, streams)))


@drawn
@given(events=recordings(least=1))
def test_nmnist_that_is_written_is_read(tmp_path: Path, events) -> None:
    assert_holds(write(tmp_path, "a.bin", nmnist(events)), columns(events))


def test_row_240_of_nmnist_adds_to_the_times_that_follow(tmp_path: Path) -> None:
    events = [(5, 1, 1, 1), (6, 0, 240, 0), (2, 3, 3, 0), (2, 0, 240, 0), (9, 4, 4, 1)]
    expected = [(5, 1, 1, 1), (8194, 3, 3, 0), (16393, 4, 4, 1)]
    assert_holds(write(tmp_path, "a.bin", nmnist(events)), columns(expected))


def test_nmnist_that_is_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="has 19 bytes; an event has 5"):
        read_events(write(tmp_path, "a.bin", nmnist(FEW)[:-1]))


def test_nmnist_of_another_sensor_needs_to_be_told_so(tmp_path: Path) -> None:
    path = write(tmp_path, "a.bin", nmnist([(1, 200, 100, 1)]))
    with pytest.raises(DataError, match="event 0 has x = 200; x is 0 to 33"):
        read_events(path)
    assert_holds(path, columns([(1, 200, 100, 1)]), sensor=(180, 240))


@drawn
@given(events=recordings(largest_gap=10**8))
@pytest.mark.parametrize(
    "line", ["{0} {1} {2} {3}", "{s:.6f}\t{1} {2} {3}", "{s:.9e}, {1}.0, {2}, {3}e0"]
)
def test_text_that_is_written_is_read(tmp_path: Path, line: str, events) -> None:
    lines = [line.format(*event, s=event[0] / 1e6) for event in events]
    path = write(tmp_path, "a.txt", "\n".join(lines).encode() or b"\n")
    expected = columns(events)
    if ":.9e" in line:
        expected[0] = [round(float(text.split(",")[0]) * 1e6) for text in lines]
    assert_holds(path, expected)


def test_a_time_of_the_epoch_in_seconds_keeps_its_microsecond(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"1633953690.975950 1 2 0\n1.633953690975951000e+09 1 2 0\n")
    assert read_events(path).t.tolist() == [1633953690975950, 1633953690975951]


@pytest.mark.parametrize(
    ("start", "size"),
    [(b"346 260\n", (260, 346)), (b"t,x,y,p\n", (5, 8)), (b"# camera\n\n", (5, 8)), (b"", (5, 8))],
)
def test_a_text_may_begin_with_a_size_or_names(tmp_path: Path, start: bytes, size) -> None:
    events = read_events(write(tmp_path, "a.csv", start + b"12,7,4,1\r\n19,0,1,0\r\n"))
    assert (events.t.tolist(), (events.height, events.width)) == ([12, 19], size)


def test_polarities_of_text_may_be_signs(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"1 0 0 -1\n2 0 0 1\n")
    assert read_events(path).polarity.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"1 2 3 1\n2 3 4\n", "line 2 does not hold four numbers: '2 3 4'"),
        (b"346 260\n1 2 3 1 5\n", "line 2 does not hold four numbers"),
        (b"1 2 3 1\n\n2 x 3 1\n", "line 3 holds something that is no number: '2 x 3 1'"),
        (b"x,y,p,t\n2,3,1,7\n", "line 1 holds something that is no number"),
        (b"1e 2 3 1\n", "no number"),
        (b"1 2.5 3 1\n", "line 1 has an x, y or p that is no small whole number"),
        (b"1 9999999 3 1\n", "no small whole number"),
        (b"1 2 3 -1\n1 2 3 0\n", "event 1 has p = 0, though others have -1"),
        (b"1 2 3 4\n", "event 0 has polarity = 4"),
        (b"1 -2 3 1\n", "no small whole number"),
        (b"5 2 3 1\n4 2 3 1\n", "event 1 is at 4 us"),
        (b"5e30 2 3 1\n", "times beyond"),
    ],
)
def test_a_line_of_text_that_is_no_event_is_refused(tmp_path: Path, content, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_events(write(tmp_path, "a.txt", content))


def test_arrays_of_numpy_are_read_with_their_sensor(tmp_path: Path) -> None:
    t, x, y, p = columns(FEW)
    np.savez(tmp_path / "a.npz", t=t, x=x, y=y, p=p.astype(bool), sensor_wh=[40, 30], more=[1])
    events = read_events(tmp_path / "a.npz")
    assert_holds(tmp_path / "a.npz", columns(FEW))
    assert (events.height, events.width) == (30, 40)


def test_arrays_that_are_missing_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", t=[1], x=[2])
    with pytest.raises(DataError, match="lacks y, p: it holds t, x"):
        read_events(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sensor_wh": [3]}, r"sensor_wh has shape \(1,\) and type int64"),
        ({"sensor_wh": [3.0, 4.0]}, "type float64; it is two whole numbers"),
        ({"y": [0.5]}, "y is an array of shape .* and type float64"),
        ({"y": []}, "y has 0 values, but t has 1"),
        ({"x": ["a"]}, "x is an array"),
        ({"x": 3}, r"x is an array of shape \(\)"),
        ({"x": [-3]}, "event 0 has x = -3"),
    ],
)
def test_arrays_that_are_no_events_are_refused(tmp_path: Path, changes, words: str) -> None:
    np.savez(tmp_path / "a.npz", **{"t": [1], "x": [2], "y": [3], "p": [1]} | changes)
    with pytest.raises(DataError, match=words):
        read_events(tmp_path / "a.npz")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", t=np.array([{}]), x=[1], y=[1], p=[1])
    with pytest.raises(CorruptFileError, match="cannot be read"):
        read_events(tmp_path / "a.npz")


def test_arrays_that_are_cut_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", t=[1], x=[2], y=[2], p=[1])
    cut = write(tmp_path, "b.npz", (tmp_path / "a.npz").read_bytes()[:-60])
    with pytest.raises(CorruptFileError, match=r"b\.npz cannot be read"):
        read_events(cut)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.raw", b"\x12\x34" * 20, "is no event file that can be read: it starts with"),
        ("a.xyz", b"1 2 3 1\n", "Formats: AEDAT 4"),
        ("a.txt", b"", "is empty"),
        ("a.npz", b"not a zip", "is no event file"),
    ],
)
def test_what_is_no_event_file_is_refused_with_what_is(tmp_path, name, content, words) -> None:
    with pytest.raises(DataError, match=words):
        read_events(write(tmp_path, name, content))


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.raw does not exist"):
        read_events(tmp_path / "none.raw")


@pytest.mark.parametrize("name", FORMATS.names())
def test_garbage_after_any_beginning_gives_one_clear_error(tmp_path: Path, name: str) -> None:
    beginnings = {
        "aedat4": ("a.aedat4", b"#!AER-DAT4.0\r\n"),
        "dat": ("a.dat", b"% Data file containing CD events.\n% Version 2\n"),
        "dsec": ("a.h5", b"\x89HDF\r\n\x1a\n"),
        "evt2": ("a.raw", b"% evt 2.0\n% geometry 640x480\n"),
        "evt3": ("a.raw", b"% evt 3.0\n% geometry 640x480\n"),
        "nmnist": ("a.bin", b""),
        "npz": ("a.npz", b"PK\x03\x04"),
        "text": ("a.txt", b""),
    }
    file, start = beginnings[name]
    noise = np.random.default_rng(1).integers(0, 256, 4001, np.uint8).tobytes()
    with pytest.raises((DataError, CorruptFileError, FormatVersionError, ConfigError), match=file):
        read_events(write(tmp_path, file, start + noise))
