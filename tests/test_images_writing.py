"""Writing: masks as other programs see them, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from spikeseg.errors import DataError
from spikeseg.images import write_masks

MASKS = np.arange(24).reshape(2, 3, 4)


def test_a_stack_is_uint8_with_axes_zyx(tmp_path: Path) -> None:
    write_masks(tmp_path / "m.tif", MASKS)
    with tifffile.TiffFile(tmp_path / "m.tif") as file:
        assert file.series[0].axes == "ZYX"
        pixels = file.asarray()
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, MASKS)


def test_pillow_reads_the_pages_of_a_stack(tmp_path: Path) -> None:
    write_masks(tmp_path / "m.tif", MASKS)
    with Image.open(tmp_path / "m.tif") as image:
        image.seek(1)
        np.testing.assert_array_equal(np.asarray(image), MASKS[1])


@pytest.mark.parametrize("masks", [MASKS[0], MASKS[:1]])
def test_a_png_holds_one_mask(tmp_path: Path, masks: np.ndarray) -> None:
    write_masks(tmp_path / "m.png", masks)
    with Image.open(tmp_path / "m.png") as image:
        np.testing.assert_array_equal(np.asarray(image), MASKS[0])


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_masks(tmp_path / "m.tif", MASKS)
    old = (tmp_path / "m.tif").read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tifffile.TiffWriter, "write", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_masks(tmp_path / "m.tif", MASKS + 1)
    assert (tmp_path / "m.tif").read_bytes() == old
    assert [p.name for p in tmp_path.iterdir()] == ["m.tif"]


@pytest.mark.parametrize(
    ("name", "masks", "message"),
    [
        ("m.bmp", MASKS, r"m\.bmp.*\.png, \.tif"),
        ("m.png", MASKS, r"holds one mask, not 2.*\.tif"),
        ("m.tif", MASKS + 250, "from 250 to 273.*0 to 255"),
        ("m.tif", MASKS - 1, "from -1 to 22.*0 to 255"),
        ("m.tif", MASKS / 2, "float64.*0 to 255"),
        ("m.tif", MASKS[0, 0], r"shape \(4,\).*\(H, W\)"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, name: str, masks: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        write_masks(tmp_path / name, masks)
    assert not list(tmp_path.iterdir())
