"""Reading: every format against Pillow's or tifffile's own decoding, every fault by its message."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from spikeseg.errors import DataError
from spikeseg.images import (
    inspect_image,
    read_image,
    read_mask_page,
    read_masks,
    read_page,
    write_masks,
)

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
STACK = RNG.integers(0, 256, (4, 5, 7), dtype=np.uint8)


def palette_image(indices: np.ndarray, colors: list[int]) -> Image.Image:
    image = Image.frombytes("P", indices.shape[::-1], indices.tobytes())
    image.putpalette(colors)
    return image


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_8_bits_is_scaled_by_255(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(GREY).save(path)
    image = read_image(path)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, (GREY / np.float32(255))[None, None])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_16_bits_is_scaled_by_65535_even_if_dark(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    pixels = RNG.integers(0, 300, (5, 7), dtype=np.uint16)
    Image.fromarray(pixels).save(path)
    np.testing.assert_allclose(read_image(path)[0, 0], pixels / 65535, rtol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_rgb_has_three_channels(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(RGB).save(path)
    np.testing.assert_allclose(read_image(path)[0], RGB.transpose(2, 0, 1) / 255, rtol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_dropped(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"a{suffix}"
    pixels = RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    expected = pixels[..., : channels - 1].transpose(2, 0, 1) / 255
    np.testing.assert_allclose(read_image(path)[0], expected, rtol=1e-6)
    assert inspect_image(path).channels == channels - 1


def test_jpeg_is_read_as_pillow_reads_it(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.jpg")
    expected = np.asarray(Image.open(tmp_path / "a.jpg").convert("RGB")).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(read_image(tmp_path / "a.jpg")[0], expected, rtol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_palette_image_becomes_its_colors(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    indices = np.array([[0, 1], [2, 0]], np.uint8)
    palette_image(indices, [255, 0, 0, 0, 255, 0, 10, 20, 30]).save(path)
    colors = np.array([[255, 0, 0], [0, 255, 0], [10, 20, 30]]) / 255
    np.testing.assert_allclose(read_image(path)[0], colors[indices].transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_palette_of_greys_becomes_one_channel(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    palette_image(np.array([[0, 1]], np.uint8), [7, 7, 7, 90, 90, 90] + 254 * [9, 9, 9]).save(path)
    assert inspect_image(path).channels == 1
    np.testing.assert_allclose(read_image(path)[0, 0], np.array([[7, 90]]) / 255, atol=1e-6)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_palette_mask_keeps_its_indices(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    indices = np.array([[0, 1], [2, 0]], np.uint8)
    palette_image(indices, [255, 0, 0, 0, 255, 0, 10, 20, 30]).save(path)
    np.testing.assert_array_equal(read_masks(path)[0], indices)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_stack_is_read_whole_and_by_page(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, photometric="minisblack", compression=compression)
    np.testing.assert_allclose(read_image(path)[:, 0], STACK / 255, rtol=1e-6)
    np.testing.assert_array_equal(read_page(path, 2), read_image(path)[2])
    np.testing.assert_array_equal(read_mask_page(path, 3), STACK[3])
    assert inspect_image(path).pages == 4


def test_an_lzw_stack_is_read_although_tifffile_has_no_lzw(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [Image.fromarray(page) for page in STACK]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    np.testing.assert_allclose(read_image(path)[:, 0], STACK / 255, rtol=1e-6)
    np.testing.assert_array_equal(read_mask_page(path, 2), STACK[2])


def test_planar_rgb_tiff_is_read_like_interleaved(tmp_path: Path) -> None:
    planes = RGB.transpose(2, 0, 1)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_allclose(read_image(tmp_path / "a.tif")[0], planes / 255, rtol=1e-6)


def test_white_is_zero_tiff_is_inverted_as_an_image_but_raw_as_a_mask(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY, photometric="miniswhite")
    np.testing.assert_allclose(read_page(tmp_path / "a.tif", 0)[0], 1 - GREY / 255, atol=1e-6)
    np.testing.assert_array_equal(read_masks(tmp_path / "a.tif")[0], GREY)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_bilevel_is_zero_and_one(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(GREY > 128).save(path)
    np.testing.assert_array_equal(read_image(path)[0, 0], GREY > 128)
    np.testing.assert_array_equal(read_masks(path)[0], GREY > 128)


def test_a_mask_of_16_bits_is_read_if_its_labels_fit(tmp_path: Path) -> None:
    labels = np.array([[0, 3], [255, 1]], np.uint16)
    Image.fromarray(labels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_masks(tmp_path / "a.png")[0], labels)


def test_a_mask_saved_as_grey_rgb_is_read(tmp_path: Path) -> None:
    Image.fromarray(np.repeat(GREY[..., None], 3, axis=2)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_masks(tmp_path / "a.png")[0], GREY)


@settings(max_examples=15, deadline=None)
@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))),
)
def test_written_masks_come_back(tmp_path_factory: pytest.TempPathFactory, masks) -> None:
    path = tmp_path_factory.mktemp("masks") / "m.tif"
    write_masks(path, masks)
    np.testing.assert_array_equal(read_masks(path), masks)


def fails(path: Path, *parts: str, read=read_image) -> None:
    with pytest.raises(DataError) as caught:
        read(path)
    for part in (str(path), *parts):
        assert part in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    fails(tmp_path / "no.png", "does not exist", "PNG, JPEG, TIFF")


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    fails(tmp_path, "is a folder", "PNG, JPEG, TIFF")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    fails(tmp_path / "a.png", "is empty", "PNG, JPEG, TIFF")


def test_an_unknown_format_is_named_by_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"GIF89a...")
    fails(tmp_path / "a.png", "GIF8", "PNG, JPEG, TIFF")


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 0.97))
@pytest.mark.parametrize("name", ["a.png", "raw.tif", "zlib.tif", "lzw.tif"])
def test_a_file_cut_anywhere_is_refused(
    name: str, tmp_path_factory: pytest.TempPathFactory, keep: float
) -> None:
    path = tmp_path_factory.mktemp("cut") / name
    stack = np.random.default_rng(1).integers(0, 256, (3, 40, 40), dtype=np.uint8)
    pages = [Image.fromarray(page) for page in stack]
    if name == "a.png":
        pages[0].save(path)
    elif name == "lzw.tif":
        pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    else:
        compression = "zlib" if name == "zlib.tif" else None
        tifffile.imwrite(path, stack, photometric="minisblack", compression=compression)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole))])
    fails(path)


def test_a_damaged_png_says_so(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:-30])
    fails(tmp_path / "a.png", "damaged, cut short", "again")


def test_a_stack_cut_between_pages_names_the_missing_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, photometric="minisblack", compression="zlib")
    with tifffile.TiffFile(path) as file:
        start = file.pages[2].offset
    path.write_bytes(path.read_bytes()[:start])
    fails(path, "cut short", "page 2", f"byte {start}")


def test_float_pixels_are_refused_by_type(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.float32))
    fails(tmp_path / "a.tif", "float32", "8 and 16 bit")
    fails(tmp_path / "a.tif", "float32", "integers from 0 to 255", read=read_masks)


def test_a_stack_of_unequal_pages_is_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(GREY)
        writer.write(GREY[:3])
    fails(tmp_path / "a.tif", "page 1", "(1, 3, 7)", "(1, 5, 7)")


def test_a_stack_with_one_header_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, photometric="minisblack", truncate=True)
    fails(tmp_path / "a.tif", "(4, 5, 7)", "multi-page TIFF")


def test_a_page_that_is_not_there_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, photometric="minisblack")
    fails(tmp_path / "a.tif", "no page 4", "0 to 3", read=lambda path: read_page(path, 4))


def test_a_jpeg_mask_is_refused(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.jpg")
    fails(tmp_path / "a.jpg", "JPEG", "PNG and TIFF", read=read_masks)


def test_a_colored_mask_is_refused(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    fails(tmp_path / "a.png", "3 channels that differ", "one channel", read=read_masks)


def test_labels_above_255_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 300]], np.uint16)).save(tmp_path / "a.png")
    fails(tmp_path / "a.png", "0 to 300", "0 to 254", read=read_masks)
