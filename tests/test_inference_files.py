"""Files in, files out: images, stacks and folders, and what cannot be written."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from spikeseg.errors import DataError
from spikeseg.inference import segment_files

VALUES = [0, 100, 255]


def thirds(image: np.ndarray) -> np.ndarray:
    """Segment a grey image into dark, middle and bright."""
    return np.digitize(image[0], [1 / 3, 2 / 3]).astype(np.uint8)


def expected(pixels: np.ndarray) -> np.ndarray:
    return np.array(VALUES, np.uint8)[np.digitize(pixels / 255, [1 / 3, 2 / 3])]


def grey(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


def test_a_png_gives_a_png_of_the_values(tmp_path: Path) -> None:
    pixels = grey(13, 17)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    written = segment_files(tmp_path / "in.png", tmp_path / "out.png", thirds, VALUES)
    assert [(w.path, w.shape) for w in written] == [(tmp_path / "out.png", (1, 13, 17))]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), expected(pixels))


def test_a_stack_gives_a_stack_page_by_page(tmp_path: Path) -> None:
    pixels = grey(4, 9, 11)
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="minisblack")
    told: list[tuple[float, float]] = []
    written = segment_files(
        tmp_path / "in.tif",
        tmp_path / "out.tif",
        thirds,
        VALUES,
        lambda task, done, total, note="": told.append((done, total)),
    )
    assert written[0].shape == (4, 9, 11)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), expected(pixels))
    assert told == [(i, 4) for i in (1, 2, 3, 4)]


def test_a_folder_gives_a_folder_of_tiffs_with_equal_stems(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "deep" / "out"
    source.mkdir()
    pixels = {"a": grey(8, 9), "b": grey(2, 7, 6)}
    Image.fromarray(pixels["a"]).save(source / "a.png")
    tifffile.imwrite(source / "b.tif", pixels["b"], photometric="minisblack")
    (source / "notes.txt").write_text("no image")
    written = segment_files(source, out, thirds, VALUES)
    assert [w.shape for w in written] == [(1, 8, 9), (2, 7, 6)]
    assert sorted(os.listdir(out)) == ["a.tif", "b.tif"]
    for stem, image in pixels.items():
        found = tifffile.imread(out / f"{stem}.tif")
        np.testing.assert_array_equal(found.reshape(image.shape), expected(image))


def test_two_images_with_one_stem_are_refused_and_not_overwritten(tmp_path: Path) -> None:
    Image.fromarray(grey(8, 9)).save(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "a.tif", grey(8, 9))
    with pytest.raises(DataError, match=r"a\.png.*a\.tif"):
        segment_files(tmp_path, tmp_path / "out", thirds, VALUES)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["out", "out.jpg", "out.gif", "out.npy"])
def test_a_target_that_is_no_mask_file_is_refused(tmp_path: Path, name: str) -> None:
    Image.fromarray(grey(8, 9)).save(tmp_path / "in.png")
    with pytest.raises(DataError, match=r"\.png.*\.tif"):
        segment_files(tmp_path / "in.png", tmp_path / name, thirds, VALUES)


def test_a_stack_does_not_fit_into_a_png(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "in.tif", grey(3, 8, 9), photometric="minisblack")
    with pytest.raises(DataError, match=r"several pages.*NAME\.tif"):
        segment_files(tmp_path / "in.tif", tmp_path / "out.png", thirds, VALUES)
    assert os.listdir(tmp_path) == ["in.tif"]


def test_a_folder_does_not_fit_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(grey(8, 9)).save(tmp_path / "in" / "a.png")
    with pytest.raises(DataError, match="pass a folder for --out"):
        segment_files(tmp_path / "in", tmp_path / "out.tif", thirds, VALUES)


def test_an_input_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png does not exist"):
        segment_files(tmp_path / "gone.png", tmp_path / "out.png", thirds, VALUES)


def test_a_folder_without_images_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no image"):
        segment_files(tmp_path, tmp_path / "out", thirds, VALUES)


def test_a_damaged_page_leaves_no_half_of_a_stack(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, grey(3, 40, 50), photometric="minisblack")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"in\.tif"):
        segment_files(path, tmp_path / "out.tif", thirds, VALUES)
    assert os.listdir(tmp_path) == ["in.tif"]


def test_an_input_is_never_overwritten_by_its_own_mask(tmp_path: Path) -> None:
    pixels = grey(8, 9)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    for source, out in ((tmp_path / "a.tif", tmp_path / "a.tif"), (tmp_path, tmp_path)):
        with pytest.raises(DataError, match="another --out"):
            segment_files(source, out, thirds, VALUES)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), pixels)
