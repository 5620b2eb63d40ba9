"""Crops by number: the right pixels, the same again, and clear errors where none fits."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.batches import CropDataset, EpochSampler, crops
from spikeseg.data import Sample
from spikeseg.errors import DataError, ShapeError


def numbered(height: int, width: int, name: str = "a") -> Sample:
    """Return a sample whose image tells the position of a pixel, and its mask the column."""
    number = np.arange(height * width, dtype=np.float32).reshape(1, height, width)
    columns = np.tile(np.arange(width) % 200, (height, 1))
    return Sample(name, number / (height * width), columns.astype(np.uint8))


class Counting(Sequence[Sample]):
    """Samples that count how often they are read."""

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = samples
        self.reads = 0

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.reads += 1
        return self.samples[index]


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 12), st.integers(4, 12), st.integers(1, 4), st.integers(0, 10**6))
def test_a_crop_is_a_window_of_image_and_mask(
    height: int, width: int, crop: int, item: int
) -> None:
    sample = numbered(height, width)
    image, mask = CropDataset([sample], crop, seed=0)[item]
    assert (image.shape, image.dtype) == ((1, crop, crop), torch.float32)
    assert (mask.shape, mask.dtype) == ((crop, crop), torch.int64)
    top, left = divmod(round(float(image[0, 0, 0]) * height * width), width)
    window = (slice(top, top + crop), slice(left, left + crop))
    np.testing.assert_array_equal(image[0], sample.image[0][window])
    np.testing.assert_array_equal(mask, sample.mask[window])


@settings(max_examples=20, deadline=None)
@given(st.integers(-5, 2**40), st.integers(0, 2**40))
def test_an_item_depends_on_seed_and_number_only(seed: int, item: int) -> None:
    samples = [numbered(30, 30), numbered(20, 40)]
    first, again = CropDataset(samples, 8, seed), CropDataset(samples, 8, seed)
    again[item + 1]
    assert torch.equal(first[item][0], again[item][0])
    assert torch.equal(first[item][1], again[item][1])


def test_another_seed_gives_other_crops() -> None:
    a, b = (CropDataset([numbered(50, 50)], 4, seed) for seed in (0, 1))
    assert sum(torch.equal(a[k][0], b[k][0]) for k in range(20)) < 3


def test_every_position_of_every_image_is_equally_likely() -> None:
    samples = [numbered(4, 4), numbered(4, 6)]
    data = CropDataset(samples, 3, seed=0)
    corners = [float(data[k][0][0, 0, 0]) * 1000 + data[k][0][0, 0, 1] for k in range(6000)]
    _, counts = np.unique(np.round(corners, 4), return_counts=True)
    assert len(counts) == 2 * 2 + 2 * 4
    assert abs(counts / 6000 - 1 / 12).max() < 0.015


def test_a_crop_can_be_the_whole_image() -> None:
    sample = numbered(6, 6)
    np.testing.assert_array_equal(CropDataset([sample], 6, 0)[3][0], sample.image)


def test_samples_that_fit_are_read_once() -> None:
    samples = Counting([numbered(8, 8), numbered(9, 9)])
    data = CropDataset(samples, 4, 0)
    for k in range(10):
        data[k]
    assert samples.reads == 2


def test_samples_that_do_not_fit_are_read_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    small = [numbered(8, 8), numbered(9, 9)]
    expected = CropDataset(small, 4, 0)
    monkeypatch.setattr(crops, "MEMORY_BYTES", 100)
    samples = Counting(small)
    data = CropDataset(samples, 4, 0)
    assert all(torch.equal(data[k][0], expected[k][0]) for k in range(10))
    assert samples.reads == 2 + 10


def test_too_large_a_crop_names_the_largest_that_fits() -> None:
    samples = [numbered(20, 30, "big"), numbered(12, 25, "small")]
    with pytest.raises(ShapeError, match=r"crop is 16, but 'small' is only 12 x 25.* fits .*is 12"):
        CropDataset(samples, 16, 0)
    CropDataset(samples, 12, 0)


def test_no_samples_are_refused() -> None:
    with pytest.raises(DataError, match="no training samples"):
        CropDataset([], 4, 0)


@given(st.integers(1, 20), st.integers(0, 5))
def test_epochs_follow_each_other_without_overlap(length: int, epochs: int) -> None:
    sampler, seen = EpochSampler(length), []
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        seen += list(sampler)
    assert seen == list(range(epochs * length))
    assert len(sampler) == length
