"""DSEC-Semantic: what is read, how it is split, and every fault by its message."""

from pathlib import Path

import numpy as np
import pytest

from event_trees import save_mask, write_dsec
from spikeseg.config import DataConfig
from spikeseg.data import EventLayout, Sample, SegmentationData, load
from spikeseg.errors import ConfigError, CorruptFileError, DataError
from spikeseg.events import read_dsec_window, read_events

h5py = pytest.importorskip("h5py")
TRAIN, TEST = Path("train/zurich_city_00_a"), Path("test/zurich_city_14_c")


def read(root: Path, **options: object) -> SegmentationData:
    return load(DataConfig(name="dsec_semantic", root=str(root), **options))  # type: ignore[arg-type]


def read_all(root: Path, **options: object) -> list[Sample]:
    data = read(root, **options)
    return [*data.train, *data.test]


def refused(root: Path, *parts: str, error: type[Exception] = DataError, **options: object) -> None:
    with pytest.raises(error) as caught:
        read_all(root, **options)
    for part in parts:
        assert part in str(caught.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    root = tmp_path_factory.mktemp("dsec")
    return root, write_dsec(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two sequences that a test may spoil."""
    write_dsec(tmp_path, 1, 1)
    return tmp_path


def test_every_second_mask_from_the_seventh_on_is_taken(whole) -> None:
    data = read(whole[0])
    assert [s.name for s in data.train] == [f"zurich_city_00_a {k:06d}" for k in (6, 8, 10)]
    assert [s.name for s in data.test] == [f"zurich_city_14_c {k:06d}" for k in (6, 8)]
    assert "zurich_city_14_c held out" in data.split
    assert any("zurich_city_13_a" in note for note in data.notes)
    assert (len(data.class_names), data.in_channels, data.events) == (11, 10, EventLayout(5, 4))


def test_a_window_is_rectified_cropped_and_cut_into_steps_event_by_event(whole) -> None:
    root, written = whole
    end, expected = int(written["test"]["times"][8]), np.zeros((8, 440, 640))
    for t, x, y, p in written["test"]["events"].tolist():
        column, row = (round(float(v)) for v in written["test"]["map"][y, x])
        if end - 100_000 <= t < end and 0 <= column < 640 and 0 <= row < 440:
            expected[2 * ((t - end + 100_000) * 4 // 100_000) + p, row, column] += 1
    sample = read(root, event_steps=4).test[1]
    np.testing.assert_allclose(sample.image, np.minimum(expected / 4, 1), atol=1e-6)
    np.testing.assert_array_equal(sample.mask, written["test"]["masks"][8])


@pytest.mark.parametrize(("start", "end"), [(0, 400), (150_000, 150_001), (3_999, 399_000)])
def test_a_window_has_the_events_that_reading_everything_gives(whole, start: int, end: int) -> None:
    path = whole[0] / TEST / "events/left/events.h5"
    everything = read_events(path)
    start, end = start + 7_000_000_123, end + 7_000_000_123
    window, expected = read_dsec_window(path, start, end), everything.between(start, end)
    for name in ("t", "x", "y", "polarity"):
        np.testing.assert_array_equal(getattr(window, name), getattr(expected, name))


@pytest.mark.parametrize("place", ["semantic/11classes", "11classes"])
def test_masks_and_times_are_found_where_the_archives_have_them(root: Path, place: str) -> None:
    (root / TRAIN / place).parent.mkdir(exist_ok=True)
    (root / TRAIN / "semantic/left/11classes/data").rename(root / TRAIN / place)
    name = root / TRAIN / "zurich_city_00_a_semantic_timestamps.txt"
    (root / TRAIN / "semantic/timestamps.txt").rename(name)
    assert len(read(root).train) == 1


def test_masks_out_of_step_with_their_times_are_refused(root: Path) -> None:
    (root / TRAIN / "semantic/left/11classes/data/000003.png").unlink()
    refused(root, "6 masks and 7 timestamps", "out of step")


def test_times_beyond_the_recording_are_out_of_step(root: Path) -> None:
    path = root / TRAIN / "semantic/timestamps.txt"
    path.write_text("".join(f"{int(v) + 10**7}\n" for v in path.read_text().split()))
    refused(root, "events.h5 covers", "out of step")


@pytest.mark.parametrize(("text", "said"), [("a\n" * 7, "'a'"), ("5\n" * 7, "times rise")])
def test_times_that_are_none_are_refused(root: Path, text: str, said: str) -> None:
    (root / TRAIN / "semantic/timestamps.txt").write_text(text)
    refused(root, "timestamps.txt", said)


@pytest.mark.parametrize("name", ["events.h5", "rectify_map.h5"])
def test_a_file_that_is_missing_or_cut_short_is_named(root: Path, name: str) -> None:
    path = root / TRAIN / "events/left" / name
    path.write_bytes(path.read_bytes()[:1000])
    refused(root, name, "cut short", error=CorruptFileError)
    path.unlink()
    refused(root, f"{name} does not exist")


@pytest.mark.parametrize(
    ("name", "key", "values", "said"),
    [
        ("events.h5", "ms_to_idx", np.full(460, 10**6), "there are 20000 events"),
        ("events.h5", "ms_to_idx", np.arange(460), "does not fit"),
        ("events.h5", "ms_to_idx", None, "no ms_to_idx"),
        ("rectify_map.h5", "rectify_map", np.zeros((480, 640)), "(480, 640)"),
        ("rectify_map.h5", "rectify_map", None, "no rectify_map"),
    ],
)
def test_data_sets_that_do_not_fit_are_refused(root: Path, name, key, values, said: str) -> None:
    with h5py.File(root / TRAIN / "events/left" / name, "a") as file:
        del file[key]
        if values is not None:
            file[key] = values
    refused(root, name, said)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.full((440, 640), 11, np.uint8), "value 11"),
        (np.zeros((480, 640), np.uint8), "480 x 640"),
    ],
)
def test_a_mask_that_cannot_be_is_refused(root: Path, mask: np.ndarray, said: str) -> None:
    save_mask(root / TRAIN / "semantic/left/11classes/data/000006.png", mask)
    refused(root, "000006.png", said)


def test_a_folder_without_sequences_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    refused(tmp_path, "none of the sequences", "zurich_city_00_a")


def test_the_published_split_takes_no_test_range(whole) -> None:
    refused(whole[0], "data.test", error=ConfigError, test="0-1")
