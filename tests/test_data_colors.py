"""A folder in CamVid's layout: masks of colors, their names, and every fault by its message."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikeseg.config import DataConfig
from spikeseg.data import SegmentationData, load
from spikeseg.errors import DataError

TABLE = "64 128 64\tAnimal\n128 0 0\t\tBuilding\n64 0 128  Car\n0 0 0 \t Void\n128 128 0 Animal\n"
COLORS = {(64, 128, 64): 0, (128, 0, 0): 1, (64, 0, 128): 2, (0, 0, 0): 255, (128, 128, 0): 0}


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)


def colored(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a mask of random colors of the table, and its class indices."""
    chosen = np.random.default_rng(seed).integers(0, len(COLORS), (6, 9))
    colors, indices = np.array(list(COLORS), np.uint8), np.array(list(COLORS.values()), np.uint8)
    return colors[chosen], indices[chosen]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for k in range(3):
        name = f"0016E5_{k:05d}"
        save(tmp_path / "images" / f"{name}.png", rng.integers(0, 256, (6, 9, 3), np.uint8))
        save(tmp_path / "masks" / f"{name}_L.png", colored(k)[0])
    (tmp_path / "label_colors.txt").write_text(TABLE)
    return tmp_path


def read(root: Path) -> SegmentationData:
    return load(DataConfig(name="folder", root=str(root)))


def refused(root: Path, *parts: str) -> None:
    with pytest.raises(DataError) as caught:
        read(root)
    for part in parts:
        assert part in str(caught.value)


def test_colors_are_the_classes_of_the_table_and_void_is_ignored(root: Path) -> None:
    data = read(root)
    assert data.class_names == ("Animal", "Building", "Car")
    for k, sample in enumerate([*data.train, *data.test]):
        np.testing.assert_array_equal(sample.mask, colored(k)[1])
    assert "the 5 of label_colors.txt are 3 classes; Void is ignored" in data.notes[0]


def test_a_mask_pairs_with_its_image_with_or_without_the_suffix(root: Path) -> None:
    (root / "masks" / "0016E5_00001_L.png").rename(root / "masks" / "0016E5_00001.png")
    assert [s.name for s in read(root).train] == ["0016E5_00000", "0016E5_00001"]


def test_a_palette_of_the_colors_is_read_as_the_colors(root: Path) -> None:
    path = root / "masks" / "0016E5_00000_L.png"
    palette = Image.fromarray(colored(0)[0]).quantize(8)
    assert palette.mode == "P"
    palette.save(path)
    np.testing.assert_array_equal(read(root).train[0].mask, colored(0)[1])


def test_a_mask_of_one_grey_color_is_read(root: Path) -> None:
    save(root / "masks" / "0016E5_00000_L.png", np.zeros((6, 9), np.uint8))
    assert (read(root).train[0].mask == 255).all()


def test_an_unknown_color_is_refused_with_file_and_color(root: Path) -> None:
    pixels = colored(1)[0]
    pixels[2, 3] = (1, 2, 3)
    save(root / "masks" / "0016E5_00001_L.png", pixels)
    refused(root, "0016E5_00001_L.png (page 0) has the color 1 2 3 (1 pixels", "names 5 colors")


def test_a_jpeg_mask_is_refused(root: Path) -> None:
    path = root / "masks" / "0016E5_00001_L.png"
    Image.fromarray(colored(1)[0]).save(path.with_suffix(".jpg"))
    path.unlink()
    refused(root, "0016E5_00001_L.jpg is a JPEG", "changes colors")


def test_an_image_without_a_mask_is_named(root: Path) -> None:
    (root / "masks" / "0016E5_00001_L.png").unlink()
    refused(root, "1 image(s) without a mask", "0016E5_00001")


def test_two_masks_of_one_image_are_refused(root: Path) -> None:
    save(root / "masks" / "0016E5_00001.png", colored(1)[0])
    refused(root, "0016E5_00001.png and 0016E5_00001_L.png")


@pytest.mark.parametrize("line", ["1 2 x Tree", "1 2 Tree", "1 2 256 Tree", "1 2 3"])
def test_a_line_that_is_no_color_and_name_is_refused(root: Path, line: str) -> None:
    (root / "label_colors.txt").write_text(TABLE + line)
    refused(root, "label_colors.txt, line 6", repr(line), "red, green and blue")


def test_a_color_that_stands_twice_is_refused(root: Path) -> None:
    (root / "label_colors.txt").write_text(TABLE + "128 0 0 Wall")
    refused(root, "line 6: '128 0 0 Wall' names a color a second time")


def test_a_table_of_one_class_is_refused(root: Path) -> None:
    (root / "label_colors.txt").write_text("0 0 0 void\n1 1 1 Road\n2 2 2 Road\n")
    refused(root, "names 1 class(es) beside Void")


def test_both_kinds_of_class_files_are_refused(root: Path) -> None:
    (root / "classes.txt").write_text("a\nb\n")
    refused(root, "has both classes.txt and label_colors.txt")
