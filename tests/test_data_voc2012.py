"""VOC2012: lists, protocols and every fault by its message, on a small devkit and on real data."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset_trees import VOC_SIZE, voc_mask, write_voc, write_voc_list, write_voc_mask
from spikeseg.config import DataConfig
from spikeseg.data import SegmentationData, load
from spikeseg.errors import ConfigError, DataError

REAL = Path(
    os.environ.get("SPIKESEG_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"),
    "voc2012",
)
LISTS = Path("ImageSets", "Segmentation")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_voc(tmp_path)
    return tmp_path


def read(root: Path, **options: object) -> SegmentationData:
    return load(DataConfig(name="voc2012", root=str(root), **options))  # type: ignore[arg-type]


def refused(root: Path, *parts: str, error: type[Exception] = DataError, **options: object) -> None:
    with pytest.raises(error) as caught:
        read(root, **options)
    for part in parts:
        assert part in str(caught.value)


def test_the_lists_are_the_split(root: Path) -> None:
    data = read(root)
    assert [s.name for s in data.train] == [f"2007_00000{k}" for k in range(3)]
    assert [s.name for s in data.test] == ["2007_000003", "2007_000004"]
    assert "all of val.txt (2 of 5" in data.split
    assert len(data.class_names) == 21
    assert (data.class_names[0], data.class_names[15]) == ("background", "person")


def test_images_and_masks_are_what_the_files_hold(tmp_path: Path) -> None:
    masks = write_voc(tmp_path)
    sample = read(tmp_path).train[1]
    pixels = np.asarray(Image.open(tmp_path / "JPEGImages" / f"{sample.name}.jpg"))
    np.testing.assert_allclose(sample.image, np.moveaxis(pixels, -1, 0) / 255, rtol=1e-6)
    np.testing.assert_array_equal(sample.mask, masks[sample.name])
    assert 255 in sample.mask


def test_the_clean_protocol_is_the_default_and_keeps_255_at_any_size(root: Path) -> None:
    for options in ({}, {"protocol": "clean"}, {"image_size": 70}):
        data = read(root, **options)
        assert all(255 in s.mask for s in [*data.train, *data.test])
        assert "protocol clean" in data.notes[-1]


def test_a_given_size_is_the_grid_of_images_and_masks(root: Path) -> None:
    sample = read(root, image_size=48).test[0]
    assert (sample.image.shape, sample.mask.shape) == ((3, 48, 48), (48, 48))


def test_the_paper_protocol_is_a_grid_of_64_with_255_made_background_in_training_only(
    tmp_path: Path,
) -> None:
    masks = write_voc(tmp_path)
    data = read(tmp_path, protocol="paper")
    assert data.train[0].image.shape == (3, 64, 64)
    height, width = VOC_SIZE
    for sample in [*data.train, *data.test]:
        corner = np.array(
            [
                [masks[sample.name][y * height // 64, x * width // 64] for x in range(64)]
                for y in range(64)
            ]
        )
        if sample.name in ("2007_000003", "2007_000004"):
            np.testing.assert_array_equal(sample.mask, corner)
            assert 255 in sample.mask
        else:
            np.testing.assert_array_equal(sample.mask, np.where(corner == 255, 0, corner))
    assert "255 is background" in data.notes[-1]


def test_the_paper_protocol_takes_another_grid(root: Path) -> None:
    assert read(root, protocol="paper", image_size=32).train[0].mask.shape == (32, 32)


@pytest.mark.parametrize("name", ["trainaug.txt", "train_aug.txt"])
def test_the_augmented_list_is_trained_on_with_its_masks_when_it_is_there(
    root: Path, name: str
) -> None:
    augmented = voc_mask(np.random.default_rng(9))
    write_voc_mask(root / "SegmentationClassAug" / "2007_000002.png", augmented)
    write_voc_mask(root / "SegmentationClassAug" / "2007_000003.png", augmented)
    write_voc_list(root, name, ["2007_000001", "2007_000002"])
    data = read(root)
    assert [s.name for s in data.train] == ["2007_000001", "2007_000002"]
    np.testing.assert_array_equal(data.train[1].mask, augmented)
    assert not np.array_equal(data.test[0].mask, augmented), "val has the official masks"
    assert name in data.split


def test_a_list_of_pairs_of_paths_is_read_as_ids(root: Path) -> None:
    lines = [f"JPEGImages/{k}.jpg SegmentationClassAug/{k}.png" for k in ("2007_000002",)]
    write_voc_list(root, "train_aug.txt", lines)
    assert [s.name for s in read(root).train] == ["2007_000002"]


def test_a_block_of_the_training_list_can_be_held_out_and_val_is_still_not_trained_on(
    root: Path,
) -> None:
    data = read(root, test="2-2")
    assert [s.name for s in data.train] == ["2007_000000", "2007_000001"]
    assert [s.name for s in data.test] == ["2007_000002"]
    assert "none of val.txt" in data.split


def test_a_subset_is_said_aloud(root: Path) -> None:
    assert "train.txt names 3 images, the whole list 1464" in read(root).notes[0]
    assert "val.txt names 2 images, the whole list 1449" in read(root).notes[1]


def test_holding_out_the_whole_training_list_is_refused(root: Path) -> None:
    refused(root, "'0-2'", "all 3 images of train.txt", error=ConfigError, test="0-2")


@pytest.mark.parametrize("name", ["train.txt", "val.txt"])
def test_a_missing_list_is_refused_with_what_is_there(root: Path, name: str) -> None:
    (root / LISTS / name).unlink()
    other = {"train.txt": "val.txt", "val.txt": "train.txt"}[name]
    refused(root, f"{name} does not exist", f"holds: {other}", "one image ID per line")


def test_a_root_above_the_devkit_is_refused_with_what_is_there(root: Path) -> None:
    (root / "x").mkdir()
    for name in ("JPEGImages", "SegmentationClass", "ImageSets"):
        (root / name).rename(root / "x" / name)
    refused(root, "no folder JPEGImages/ (it holds: x)", "VOC2012")


def test_an_empty_list_is_refused(root: Path) -> None:
    write_voc_list(root, "train.txt", [""])
    refused(root, "train.txt names no image")


def test_an_id_that_stands_twice_is_refused(root: Path) -> None:
    write_voc_list(root, "train.txt", ["2007_000001", "2007_000000", "2007_000001"])
    refused(root, "train.txt names 2007_000001 more than once")


def test_an_image_in_both_lists_is_refused(root: Path) -> None:
    write_voc_list(root, "trainaug.txt", ["2007_000001", "2007_000004"])
    refused(root, "trainaug.txt and val.txt have 1 image(s) in common: 2007_000004")


def test_a_list_of_a_class_is_refused_with_its_line(root: Path) -> None:
    write_voc_list(root, "train.txt", ["2007_000000", "2007_000001 -1"])
    refused(root, "train.txt, line 2", "'2007_000001 -1'", "an image ID such as")


def test_missing_files_are_named_all_at_once(root: Path) -> None:
    (root / "JPEGImages" / "2007_000001.jpg").unlink()
    (root / "SegmentationClass" / "2007_000003.png").unlink()
    refused(root, "2007_000001.jpg does not exist", "2007_000003.png does not exist")


def test_a_mask_out_of_step_with_its_image_is_refused_with_both_sizes(root: Path) -> None:
    mask = voc_mask(np.random.default_rng(0), (96, 80))
    write_voc_mask(root / "SegmentationClass" / "2007_000001.png", mask)
    refused(root, "2007_000001.jpg is 80 x 96", "2007_000001.png is 96 x 80", "same size")


def test_a_grey_image_is_refused(root: Path) -> None:
    Image.new("L", (96, 80)).save(root / "JPEGImages" / "2007_000001.jpg")
    refused(root, "2007_000001.jpg is grey")


def test_an_unknown_class_is_refused_with_file_and_value(root: Path) -> None:
    path = root / "SegmentationClass" / "2007_000001.png"
    with Image.open(path) as image:
        grey = image.convert("L")
    grey.save(path)
    with pytest.raises(DataError, match=r"2007_000001\.png has the value \d+; allowed are 0 .*255"):
        read(root).train[1]


@pytest.mark.parametrize("option", [{"num_images": 7}, {"seed": 7}])
def test_options_of_other_datasets_are_refused(root: Path, option: dict[str, int]) -> None:
    refused(root, f"data.{next(iter(option))} is 7, but dataset", error=ConfigError, **option)


def test_a_size_too_small_is_refused(root: Path) -> None:
    refused(root, "data.image_size is 4", "at least 8", error=ConfigError, image_size=4)


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"NOT RUN: no VOC2012 data in {REAL} (set SPIKESEG_DATA)"
)
def test_the_real_subset_has_the_counts_of_its_readme() -> None:
    data = read(REAL, protocol="paper")
    assert (len(data.train), len(data.test)) == (311, 161)
    sample = read(REAL).train[0]
    mask = np.asarray(Image.open(REAL / "SegmentationClass" / f"{sample.name}.png"))
    np.testing.assert_array_equal(sample.mask, mask)
    background = np.mean([np.mean(data.test[k].mask == 0) for k in range(20)])
    assert 0.5 < background < 0.85
