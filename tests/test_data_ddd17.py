"""DDD17 in both layouts: what is read, how it is split, and every fault by its message."""

from pathlib import Path

import numpy as np
import pytest

from event_trees import save_mask, write_drive, write_ess, write_evsegnet
from spikeseg.config import DataConfig
from spikeseg.data import EventLayout, Sample, SegmentationData, load
from spikeseg.errors import ConfigError, CorruptFileError, DataError

CLASSES = ("flat", "construction and sky", "object", "nature", "human", "vehicle")


def read(root: Path, **options: object) -> SegmentationData:
    return load(DataConfig(name="ddd17", root=str(root), **options))  # type: ignore[arg-type]


def read_all(root: Path, **options: object) -> list[Sample]:
    data = read(root, **options)
    return [*data.train, *data.test]


def refused(root: Path, *parts: str, error: type[Exception] = DataError, **options: object) -> None:
    with pytest.raises(error) as caught:
        read_all(root, **options)
    for part in parts:
        assert part in str(caught.value)


@pytest.fixture(scope="module")
def ess(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict]]:
    root = tmp_path_factory.mktemp("ess")
    return root, write_ess(root)


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    """Seven drives that a test may spoil."""
    write_ess(tmp_path)
    return tmp_path


def test_the_release_of_evsegnet_gives_off_and_on_counts_and_the_mask(tmp_path: Path) -> None:
    written = write_evsegnet(tmp_path, 2, 1)
    data = read(tmp_path)
    assert data.class_names == CLASSES
    assert (data.in_channels, data.events) == (2, EventLayout(1, 8))
    for sample in [*data.train, *data.test]:
        sums, mask = written[sample.name]
        expected = np.clip(np.stack([sums[..., 1], sums[..., 0]]) / 8, 0, 1)
        np.testing.assert_allclose(sample.image, expected, atol=1e-6)
        np.testing.assert_array_equal(sample.mask, mask)


def test_counts_that_the_release_has_scaled_to_minus_one_to_one_become_zero_to_one(
    tmp_path: Path,
) -> None:
    written = write_evsegnet(tmp_path, 1, 1, signed=True)
    sample = read(tmp_path).train[0]
    sums, _ = written[sample.name]
    np.testing.assert_allclose(sample.image, (np.moveaxis(sums, -1, 0)[[1, 0]] + 1) / 2, atol=1e-6)


@pytest.mark.parametrize("options", [{"event_view": "steps"}, {"event_steps": 4}])
def test_sums_cannot_be_cut_into_steps(tmp_path: Path, options: dict) -> None:
    write_evsegnet(tmp_path, 1, 1)
    refused(tmp_path, next(iter(options)), "EV-SegNet", error=ConfigError, **options)


def test_frames_without_masks_are_out_of_step(tmp_path: Path) -> None:
    write_evsegnet(tmp_path, 2, 1)
    next((tmp_path / "labels/train").glob("*.png")).unlink()
    refused(tmp_path, "without masks", "out of step", "_export_")


def test_a_release_without_its_test_folder_is_refused(tmp_path: Path) -> None:
    write_evsegnet(tmp_path, 1, 1)
    (tmp_path / "events/test").rename(tmp_path / "events/other")
    refused(tmp_path, "events/test does not exist")


@pytest.mark.parametrize(
    ("sums", "error", "said"),
    [
        (np.zeros((200, 346, 4)), DataError, "(200, 346, 4)"),
        (np.full((200, 346, 6), np.nan), DataError, "finite"),
        (np.full((200, 346, 6), -3.0), DataError, "-3.0"),
        (b"\x93NUMPY\x01", CorruptFileError, "cannot be read"),
    ],
)
def test_sums_of_another_kind_are_refused(tmp_path: Path, sums, error, said: str) -> None:
    write_evsegnet(tmp_path, 1, 1)
    path = next((tmp_path / "events/train").glob("*.npy"))
    if isinstance(sums, bytes):
        path.write_bytes(sums)
    else:
        np.save(path, sums)
    refused(tmp_path, said, path.name, error=error)


def test_ess_is_split_by_the_order_of_its_folders(ess) -> None:
    data = read(ess[0])
    names = {sample.name.split()[0] for sample in data.train}
    assert names == {"dir0", "dir3", "dir4", "dir6", "dir7"}
    assert [sample.name for sample in data.test] == ["dir1 00000002", "dir1 00000006"]
    assert "dir1 held out" in data.split
    assert "dir5 is left out" in data.split


@pytest.mark.parametrize("num_steps", [1, 3, 10])
def test_a_window_of_ess_is_cut_into_steps_event_by_event(ess, num_steps: int) -> None:
    root, written = ess
    data = read(root, event_steps=num_steps)
    rows, mask = written[1][6]
    end = 1_487_417_411_300_001  # the first microsecond after the frame
    expected = np.zeros((2 * num_steps, 200, 346))
    for t, x, y, p in rows.tolist():
        if y < 200 and end - 50_000 <= t // 1000:
            expected[2 * ((t // 1000 - end + 50_000) * num_steps // 50_000) + p, y, x] += 1
    np.testing.assert_allclose(data.test[1].image, np.minimum(expected / 4, 1), atol=1e-6)
    np.testing.assert_array_equal(data.test[1].mask, mask)


def test_images_and_masks_are_scaled_to_a_grid(ess) -> None:
    data = read(ess[0], image_size=64, event_view="frame")
    assert data.test[0].image.shape == (2, 64, 64)
    assert data.test[0].mask.shape == (64, 64)
    assert any("64 x 64 grid" in note for note in data.notes)


@pytest.mark.parametrize("name", ["test", "seed", "num_images"])
def test_the_published_split_takes_no_other_options(ess, name: str) -> None:
    refused(ess[0], f"data.{name}", error=ConfigError, **{name: "0-1" if name == "test" else 1})


def test_a_folder_of_neither_layout_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "imgs").mkdir()
    refused(tmp_path, "neither layout", "imgs")


def test_a_folder_of_both_layouts_is_refused(tmp_path: Path) -> None:
    write_evsegnet(tmp_path, 1, 1)
    write_drive(tmp_path / "dir0", [2])
    refused(tmp_path, "both layouts")


def test_drives_that_are_missing_are_counted(drives: Path) -> None:
    (drives / "dir7").rename(drives / "seventh")
    refused(drives, "6 folders", "dir0", "ESS has 7")


@pytest.mark.parametrize("name", ["events.dat.xyp", "index/index_50ms.npy"])
def test_a_file_that_is_missing_is_named(drives: Path, name: str) -> None:
    (drives / "dir3" / name).unlink()
    refused(drives, f"dir3/{name} does not exist")


def test_masks_that_are_still_packed_are_asked_for(drives: Path) -> None:
    (drives / "dir0/segmentation_masks").rename(drives / "dir0/packed")
    refused(drives, "dir0", "segmentation_masks.zip")


@pytest.mark.parametrize(("name", "cut"), [("events.dat.t", 3), ("events.dat.xyp", 6)])
def test_events_that_are_cut_short_are_refused(drives: Path, name: str, cut: int) -> None:
    path = drives / "dir0" / name
    path.write_bytes(path.read_bytes()[:-cut])
    refused(drives, "dir0", "bytes", error=CorruptFileError)


def test_a_mask_of_a_frame_beyond_the_index_is_out_of_step(drives: Path) -> None:
    save_mask(
        drives / "dir0/segmentation_masks/segmentation_00000007.png", np.zeros((200, 346), np.uint8)
    )
    refused(drives, "frame 00000007", "frames 1 to 6", "out of step")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda index: index[:, :2], DataError, "(6, 2)"),
        (lambda index: index + np.array([0, 9000, 0]), DataError, "there are 3000 events"),
        (lambda index: index + np.array([10**10, 0, 0]), DataError, "out of step"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(drives: Path, change, error, said: str) -> None:
    path = drives / "dir0/index/index_50ms.npy"
    np.save(path, change(np.load(path)))
    refused(drives, "dir0", said, error=error)


def test_an_index_that_is_cut_short_is_refused(drives: Path) -> None:
    path = drives / "dir0/index/index_50ms.npy"
    path.write_bytes(path.read_bytes()[:100])
    refused(drives, "index_50ms.npy", "cannot be read", error=CorruptFileError)


def test_time_that_runs_backwards_is_refused(drives: Path) -> None:
    path = drives / "dir0/events.dat.t"
    times = np.fromfile(path, "<i8")
    times[700] = times[600]
    times.tofile(path)
    refused(drives, "dir0", "times never decrease")


@pytest.mark.parametrize(
    ("mask", "said"),
    [(np.full((200, 346), 6, np.uint8), "value 6"), (np.zeros((260, 346), np.uint8), "260 x 346")],
)
def test_a_mask_that_cannot_be_is_refused(drives: Path, mask: np.ndarray, said: str) -> None:
    save_mask(drives / "dir0/segmentation_masks/segmentation_00000002.png", mask)
    refused(drives, "segmentation_00000002.png", said)
