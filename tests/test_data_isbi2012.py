"""ISBI 2012: the split and the labels, on stand-in files and on the real ones where they are."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from spikeseg.config import DataConfig
from spikeseg.data import load
from spikeseg.errors import ConfigError, DataError

REAL = Path(
    os.environ.get("SPIKESEG_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"),
    "isbi2012",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    save(tmp_path / "train-volume.tif", rng.integers(0, 256, (30, 6, 8)))
    save(tmp_path / "train-labels.tif", 255 * rng.integers(0, 2, (30, 6, 8)))
    return tmp_path


def save(path: Path, stack: np.ndarray) -> None:
    tifffile.imwrite(path, stack.astype(np.uint8), photometric="minisblack")


def config(root: Path | None, **options: object) -> DataConfig:
    return DataConfig(name="isbi2012", root=root and str(root), **options)  # type: ignore[arg-type]


def test_sections_24_to_29_are_held_out_as_a_block(root: Path) -> None:
    data = load(config(root))
    assert [s.name for s in data.test] == [f"section {k}" for k in range(24, 30)]
    assert [s.name for s in data.train] == [f"section {k}" for k in range(24)]
    assert "sections 24 to 29 held out" in data.split
    assert "neighboring sections resemble each other" in data.split


def test_membrane_is_class_0_and_cell_class_1(root: Path) -> None:
    data = load(config(root))
    labels = tifffile.imread(root / "train-labels.tif")
    np.testing.assert_array_equal(data.train[3].mask, labels[3] // 255)
    assert data.class_names[data.membrane_class or 0] == "membrane"


def test_an_image_is_its_section_scaled_by_255(root: Path) -> None:
    volume = tifffile.imread(root / "train-volume.tif")
    np.testing.assert_allclose(load(config(root)).test[5].image[0], volume[29] / 255, rtol=1e-6)


def test_another_block_can_be_held_out(root: Path) -> None:
    assert [s.name for s in load(config(root, test="0-1")).test] == ["section 0", "section 1"]


def test_a_missing_root_says_what_to_pass() -> None:
    with pytest.raises(ConfigError, match=r"needs data\.root.*train-volume\.tif.*--data\.root"):
        load(config(None))


def test_a_root_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no-such does not exist.*train-volume\.tif"):
        load(config(tmp_path / "no-such"))


def test_a_root_that_is_a_file_is_named(root: Path) -> None:
    with pytest.raises(DataError, match="is a file, not a folder"):
        load(config(root / "train-volume.tif"))


def test_a_missing_file_is_named_with_what_is_there(root: Path) -> None:
    (root / "train-labels.tif").unlink()
    with pytest.raises(DataError, match=r"train-labels\.tif does not exist.*train-volume\.tif\)"):
        load(config(root))


def test_unequal_files_are_refused_with_both_shapes(root: Path) -> None:
    save(root / "train-labels.tif", np.zeros((29, 6, 8)))
    with pytest.raises(DataError, match=r"\(30, 6, 8\).*\(29, 6, 8\)"):
        load(config(root))


def test_other_labels_are_refused_with_section_and_value(root: Path) -> None:
    labels = tifffile.imread(root / "train-labels.tif")
    labels[7, 0, 0] = 3
    save(root / "train-labels.tif", labels)
    with pytest.raises(DataError, match=r"section 7, has the value 3.*membrane\) or 255"):
        load(config(root))


@pytest.mark.parametrize("option", ["num_images", "image_size", "seed", "protocol"])
def test_options_of_other_datasets_are_refused(root: Path, option: str) -> None:
    with pytest.raises(ConfigError, match=f"data.{option} is 7, but dataset 'isbi2012'"):
        load(config(root, **{option: 7}))


def test_a_block_outside_names_the_sections_there_are(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"'28-30'.*sections 0 to 29"):
        load(config(root, test="28-30"))


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"NOT RUN: no ISBI 2012 data in {REAL} (set SPIKESEG_DATA)"
)
def test_the_real_sections_have_the_published_membrane_share() -> None:
    data = load(config(REAL))
    shares = [float((s.mask == 0).mean()) for s in [*data.train, *data.test]]
    assert len(shares) == 30
    assert (round(min(shares), 3), round(max(shares), 3)) == (0.168, 0.270)
    assert np.mean(shares) == pytest.approx(0.220, abs=5e-4)
    mean = np.mean([s.image.mean() for s in [*data.train, *data.test]])
    assert 255 * mean == pytest.approx(126.2, abs=0.05)
