"""A user's folder: what is paired, what masks mean, and every fault by its message."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from spikeseg.config import DataConfig
from spikeseg.data import SegmentationData, load
from spikeseg.errors import ConfigError, DataError

RNG = np.random.default_rng(0)
MASK = np.array([[0, 1, 2, 255], [2, 1, 0, 0], [1, 1, 2, 2]], np.uint8)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        kind = "rgb" if pixels.shape[-1] == 3 else "minisblack"
        tifffile.imwrite(path, pixels, photometric=kind)
    else:
        Image.fromarray(pixels).save(path)


def grey(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape or MASK.shape, dtype=np.uint8)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("s1", "s2", "s10"):
        save(tmp_path / "images" / f"{name}.png", grey())
        save(tmp_path / "masks" / f"{name}.tif", MASK)
    return tmp_path


def read(root: Path, **options: object) -> SegmentationData:
    return load(DataConfig(name="folder", root=str(root), **options))  # type: ignore[arg-type]


def refused(root: Path, *parts: str, error: type[Exception] = DataError, **options: object) -> None:
    with pytest.raises(error) as caught:
        read(root, **options)
    for part in parts:
        assert part in str(caught.value)


def test_items_are_in_natural_order_and_the_last_is_held_out(root: Path) -> None:
    data = read(root)
    assert [s.name for s in data.train] == ["s1", "s2"]
    assert [s.name for s in data.test] == ["s10"]
    assert "image 2 held out as one block (1 of 3" in data.split


def test_images_and_masks_are_what_the_files_hold(root: Path) -> None:
    sample = read(root).train[1]
    pixels = np.asarray(Image.open(root / "images" / "s2.png"))
    np.testing.assert_allclose(sample.image, pixels[None] / 255, rtol=1e-6)
    np.testing.assert_array_equal(sample.mask, MASK)


def test_classes_are_counted_without_the_ignored_value(root: Path) -> None:
    data = read(root)
    assert data.class_names == ("class 0", "class 1", "class 2")
    assert data.notes == ()
    assert data.membrane_class is None


def test_pages_of_stacks_pair_up(root: Path) -> None:
    volume, masks = grey(3, 4, 5), RNG.integers(0, 3, (3, 4, 5), dtype=np.uint8)
    save(root / "images" / "v.tif", volume)
    save(root / "masks" / "v.tif", masks)
    data = read(root, test="0-2")
    assert [s.name for s in data.train] == ["v page 0", "v page 1", "v page 2"]
    np.testing.assert_allclose(data.train[2].image[0], volume[2] / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.train[1].mask, masks[1])


def test_masks_of_0_and_255_are_binary_and_a_note_says_so(root: Path) -> None:
    for path in (root / "masks").iterdir():
        save(path, np.where(MASK > 0, 255, 0).astype(np.uint8))
    data = read(root)
    np.testing.assert_array_equal(data.train[0].mask, MASK > 0)
    assert data.class_names == ("class 0", "class 1")
    assert "binary" in data.notes[0]


def test_three_named_classes_keep_255_as_ignored(root: Path) -> None:
    (root / "classes.txt").write_text("a\nb\nc\n")
    for path in (root / "masks").iterdir():
        save(path, np.where(MASK > 0, 255, 0).astype(np.uint8))
    assert 255 in read(root).train[0].mask


def test_classes_get_their_names_from_the_file(root: Path) -> None:
    (root / "classes.txt").write_text("background\nnerve\nglia\nvessel\n")
    assert read(root).class_names == ("background", "nerve", "glia", "vessel")


def test_a_class_without_a_name_is_refused_with_file_value_and_names(root: Path) -> None:
    (root / "classes.txt").write_text("background\nnerve\n")
    refused(root, "s1.tif", "the value 2", "0 to 1 (background, nerve", "255")


@pytest.mark.parametrize("text", ["", "only\n", "a\n\nb\n", "a\na\n"])
def test_bad_class_names_are_refused(root: Path, text: str) -> None:
    (root / "classes.txt").write_text(text)
    refused(root, "classes.txt", "2 to 255 different names")


def test_class_names_in_another_encoding_are_refused(root: Path) -> None:
    (root / "classes.txt").write_bytes("Gef\u00e4\u00df\nb".encode("latin-1"))
    refused(root, "classes.txt", "UTF-8")


def test_grey_levels_taken_for_classes_are_said_aloud(root: Path) -> None:
    save(root / "masks" / "s1.tif", np.where(MASK == 2, 128, MASK).astype(np.uint8))
    notes = read(root).notes
    assert "125 of 129 class indices" in notes[0]


def test_grey_among_rgb_becomes_rgb_and_a_note_says_so(root: Path) -> None:
    save(root / "images" / "s2.png", grey(3, 4, 3))
    data = read(root)
    assert data.in_channels == 3
    assert [s.image.shape for s in [*data.train, *data.test]] == 3 * [(3, 3, 4)]
    assert np.ptp(data.train[0].image, axis=0).max() == 0
    assert "2 grey image file(s) are read as RGB" in data.notes[0]


def test_other_files_are_ignored_aloud_and_hidden_ones_silently(root: Path) -> None:
    (root / "images" / "readme.md").touch()
    (root / "images" / ".DS_Store").touch()
    (note,) = read(root).notes
    assert "readme.md" in note
    assert "DS_Store" not in note


def test_samples_are_read_when_indexed(root: Path) -> None:
    data = read(root)
    (root / "images" / "s1.png").unlink()
    assert data.train[1].name == "s2"
    with pytest.raises(DataError, match=r"s1\.png does not exist"):
        data.train[0]


def test_a_missing_root_option_says_what_to_pass() -> None:
    with pytest.raises(ConfigError, match=r"needs data\.root.*images/ and masks/.*--data\.root"):
        load(DataConfig(name="folder"))


def test_a_root_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none", "none does not exist", "images/ and masks/")


@pytest.mark.parametrize("folder", ["images", "masks"])
def test_a_missing_folder_is_refused_with_what_is_there(root: Path, folder: str) -> None:
    (root / folder).rename(root / "pictures")
    refused(root, f"no folder {folder}/", "pictures", "pass the folder that holds both")


def test_an_empty_folder_is_refused_with_the_formats(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    refused(tmp_path, "images holds no image", "PNG, JPEG, TIFF")


def test_images_without_masks_are_listed(root: Path) -> None:
    for k in range(7):
        save(root / "images" / f"x{k}.png", grey())
    refused(root, "7 image(s) without a mask", "x0, x1, x2, x3, x4, and 2 more", "masks/")


def test_masks_without_images_are_listed(root: Path) -> None:
    save(root / "masks" / "extra.png", MASK)
    refused(root, "1 mask(s) without an image", "extra", "images/")


def test_equal_stems_in_one_folder_are_refused(root: Path) -> None:
    save(root / "images" / "s1.tif", grey())
    refused(root, "s1.png", "s1.tif", "unique")


def test_unequal_sizes_are_refused_with_both(root: Path) -> None:
    save(root / "masks" / "s2.tif", MASK[:2])
    refused(root, "s2.png is 3 x 4", "s2.tif is 2 x 4", "same size")


def test_unequal_page_counts_are_refused_with_both(root: Path) -> None:
    save(root / "masks" / "s2.tif", np.stack([MASK, MASK]))
    refused(root, "s2.png has 1 page(s)", "s2.tif has 2")


def test_a_stack_of_grey_and_rgb_pages_is_refused(root: Path) -> None:
    with tifffile.TiffWriter(root / "images" / "v.tif") as writer:
        writer.write(grey(3, 4), photometric="minisblack")
        writer.write(grey(3, 4, 3), photometric="rgb")
    save(root / "masks" / "v.tif", np.stack([MASK, MASK]))
    refused(root, "v.tif: page 1 has 3 channel(s), page 0 has 1")


def test_all_faults_are_told_at_once(root: Path) -> None:
    (root / "images" / "s1.png").write_bytes(b"nonsense")
    save(root / "masks" / "s2.tif", MASK[:2])
    save(root / "masks" / "extra.png", MASK)
    refused(root, "s1.png", "s2.tif is 2 x 4", "extra")


def test_damage_in_the_last_page_is_found_before_training(root: Path) -> None:
    path = root / "images" / "v.tif"
    tifffile.imwrite(path, grey(2, 64, 64), photometric="minisblack", compression="zlib")
    path.write_bytes(path.read_bytes()[:-40])
    save(root / "masks" / "v.tif", np.zeros((2, 64, 64), np.uint8))
    refused(root, "v.tif cannot be decoded", "cut short")


def test_masks_that_ignore_everything_are_refused(root: Path) -> None:
    for path in (root / "masks").iterdir():
        save(path, np.full_like(MASK, 255))
    refused(root, "all pixels of all masks", "nothing is labeled")


def test_a_single_class_is_refused(root: Path) -> None:
    for path in (root / "masks").iterdir():
        save(path, np.zeros_like(MASK))
    refused(root, "class 0 only", "at least two classes")


def test_a_single_image_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", grey())
    save(tmp_path / "masks" / "a.png", MASK)
    refused(tmp_path, "1 image", "at least 2")


@pytest.mark.parametrize("option", ["num_images", "image_size", "seed", "protocol"])
def test_options_of_other_datasets_are_refused(root: Path, option: str) -> None:
    refused(root, f"data.{option} is 7", "'folder'", error=ConfigError, **{option: 7})


def test_a_block_outside_is_refused_with_the_items_there_are(root: Path) -> None:
    refused(root, "'2-3'", "images 0 to 2", error=ConfigError, test="2-3")
