"""HDF5 in the layout of DSEC; needs h5py, and numcodecs for Blosc."""

import sys
from pathlib import Path

import numpy as np
import pytest

from spikeseg.errors import ConfigError, CorruptFileError, DataError
from spikeseg.events import read_dsec_window, read_events
from tests.event_files import write

T = np.cumsum(np.arange(700) % 5, dtype=np.uint32)
X, Y, P = (np.arange(700, dtype=np.uint16) * k % n for k, n in ((7, 640), (11, 480), (3, 2)))


def write_plain(path: Path, **more) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, values in zip("txyp", (T, X, Y, P.astype(np.uint8)), strict=True):
            file.create_dataset(f"events/{name}", data=values, **more)
        file["t_offset"] = np.int64(10**13)
    return path


def write_blosc(path: Path) -> Path:
    h5py, blosc = pytest.importorskip("h5py"), pytest.importorskip("numcodecs.blosc")
    codec = blosc.Blosc("zstd", 1, blosc.SHUFFLE)
    with h5py.File(path, "w") as file:
        for name, values in zip("txyp", (T, X, Y, P.astype(np.uint8)), strict=True):
            create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            create.set_chunk((256,))
            create.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (2, 2, 4, 1024, 1, 1, 5))
            group = file.require_group("events").id
            space, kind = h5py.h5s.create_simple((700,)), h5py.h5t.py_create(values.dtype)
            made = h5py.h5d.create(group, name.encode(), kind, space, create)
            for start in range(0, 700, 256):
                part = np.resize(values[start : start + 256], 256)
                made.write_direct_chunk((start,), codec.encode(part))
    return path


@pytest.mark.parametrize("more", [{}, {"compression": "gzip", "chunks": (64,), "shuffle": True}])
def test_the_layout_of_dsec_is_read_with_its_offset(tmp_path: Path, more) -> None:
    events = read_events(write_plain(tmp_path / "a.h5", **more))
    expected = [T.astype(np.int64) + 10**13, X, Y, P]
    np.testing.assert_array_equal([events.t, events.x, events.y, events.polarity], expected)
    assert (events.height, events.width) == (480, 640)


def test_chunks_compressed_with_blosc_are_read(tmp_path: Path) -> None:
    events = read_events(write_blosc(tmp_path / "a.h5"))
    columns = [events.t, events.x, events.y, events.polarity]
    np.testing.assert_array_equal(columns, [T, X, Y, P])


def test_a_window_is_read_out_of_chunks_compressed_with_blosc(tmp_path: Path) -> None:
    h5py, path = pytest.importorskip("h5py"), write_blosc(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["ms_to_idx"] = np.searchsorted(T, [0, 1000])
    for start, end in ((0, 1), (3, 1398), (998, 1003), (1200, 1390)):
        window, inside = read_dsec_window(path, start, end), (start <= T) & (end > T)
        columns = [window.t, window.x, window.y, window.polarity]
        np.testing.assert_array_equal(columns, [a[inside] for a in (T, X, Y, P)])


def test_hdf5_of_another_layout_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["CD/events"] = [1]
    with pytest.raises(DataError, match=r"without events/t, events/x, .*\(it has CD\)"):
        read_events(tmp_path / "a.h5")


def test_times_that_are_no_whole_numbers_are_refused(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "a.h5")
    with pytest.importorskip("h5py").File(path, "a") as file:
        del file["events/t"]
        file["events/t"] = T / 1e6
    with pytest.raises(DataError, match=r"t is an array of .* float64; .* microseconds"):
        read_events(path)


def test_hdf5_that_is_cut_is_refused(tmp_path: Path) -> None:
    content = write_plain(tmp_path / "a.h5").read_bytes()
    with pytest.raises(CorruptFileError, match="is cut short or damaged"):
        read_events(write(tmp_path, "b.h5", content[: len(content) // 2]))


def test_without_h5py_the_error_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    path = write(tmp_path, "a.h5", b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ConfigError, match=r"h5py, which is not installed.*spikeseg\[events\]"):
        read_events(path)
