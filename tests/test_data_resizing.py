"""Scaling to a grid agrees with scikit-image, Pillow and a loop over the grid."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.transform import resize

from spikeseg.data._resizing import resize_image, resize_mask

SIDES = st.integers(8, 90)


@settings(max_examples=25, deadline=None)
@given(SIDES, SIDES, st.sampled_from([8, 33, 64]), st.integers(0, 99))
def test_an_image_is_scaled_as_by_scikit_image(
    height: int, width: int, size: int, seed: int
) -> None:
    image = np.random.default_rng(seed).random((3, height, width)).astype(np.float32)
    expected = np.moveaxis(resize(np.moveaxis(image, 0, -1), (size, size)), -1, 0)
    found = resize_image(image, size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(SIDES, SIDES, st.integers(8, 99))
def test_a_mask_at_centers_is_pillow_s_nearest(height: int, width: int, size: int) -> None:
    twice = 2 * np.arange(size) + 1
    # Pillow adds up rounded floats, and may fall to either side where a center is on a border.
    assume((twice * height % (2 * size)).all() and (twice * width % (2 * size)).all())
    mask = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))
    np.testing.assert_array_equal(resize_mask(mask, size, "center"), expected)


@given(SIDES, SIDES, st.integers(8, 99))
def test_a_mask_at_corners_takes_the_pixel_under_each_corner(
    height: int, width: int, size: int
) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    found = resize_mask(mask, size, "corner")
    for y, x in np.ndindex(size, size):
        assert found[y, x] == mask[y * height // size, x * width // size]


@pytest.mark.parametrize("at", ["center", "corner"])
def test_a_mask_of_its_own_size_stays_as_it_is(at: str) -> None:
    mask = np.random.default_rng(0).integers(0, 256, (9, 9), dtype=np.uint8)
    np.testing.assert_array_equal(resize_mask(mask, 9, at), mask)  # type: ignore[arg-type]
