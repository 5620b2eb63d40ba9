"""Loaders repeat exactly, and class weights balance what the masks hold."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.batches import Augmenter, CropDataset, class_weights, make_loader
from spikeseg.config import AugmentationConfig, TrainingConfig
from spikeseg.data import Sample
from spikeseg.errors import ConfigError, DataError, ShapeError

RNG = np.random.default_rng(0)
SAMPLES = [
    Sample(str(k), RNG.random((1, 40, 48), np.float32), RNG.integers(0, 3, (40, 48), np.uint8))
    for k in range(3)
]


def config(workers: int = 0, **options: object) -> TrainingConfig:
    return TrainingConfig(
        steps_per_epoch=3,
        batch_size=4,
        crop=32,
        workers=workers,
        augmentation=AugmentationConfig(elastic=0.02),
        **options,  # type: ignore[arg-type]
    )


def batches(workers: int, epoch: int = 0, seed: int = 0) -> list[tuple[torch.Tensor, ...]]:
    loader = make_loader(SAMPLES, config(workers), seed)
    loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
    return [tuple(batch) for batch in loader]


def same(a: list[tuple[torch.Tensor, ...]], b: list[tuple[torch.Tensor, ...]]) -> bool:
    pairs = zip(a, b, strict=True)
    return all(torch.equal(x, y) for p, q in pairs for x, y in zip(p, q, strict=True))


def test_an_epoch_has_its_steps_shapes_and_types() -> None:
    loaded = batches(0)
    assert len(loaded) == 3
    for images, masks in loaded:
        assert (images.shape, images.dtype) == ((4, 1, 32, 32), torch.float32)
        assert (masks.shape, masks.dtype) == ((4, 32, 32), torch.int64)


def test_a_worker_prepares_the_same_batches_as_the_main_process() -> None:
    assert same(batches(0, epoch=2), batches(1, epoch=2))


def test_a_resumed_epoch_is_the_epoch_of_an_uninterrupted_training() -> None:
    loader = make_loader(SAMPLES, config(), 0)
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        loaded = [tuple(batch) for batch in loader]
    assert same(loaded, batches(0, epoch=1))
    assert not same(loaded, batches(0, epoch=0))


def test_another_seed_loads_other_batches() -> None:
    assert not same(batches(0, seed=0), batches(0, seed=1))


def test_a_batch_is_its_crops_augmented() -> None:
    crops, augmenter = CropDataset(SAMPLES, 32, 0), Augmenter(config().augmentation, 0)
    images, masks = zip(*(crops[k] for k in range(4, 8)), strict=True)
    assert same([augmenter(torch.stack(images), torch.stack(masks), 4)], batches(0)[1:2])


def test_too_large_a_crop_is_refused_before_training() -> None:
    with pytest.raises(ShapeError, match="largest crop that fits all training images is 40"):
        make_loader(SAMPLES, TrainingConfig(crop=64), 0)


def test_an_impossible_augmentation_is_refused_before_training() -> None:
    with pytest.raises(ConfigError, match="noise is -1"):
        make_loader(SAMPLES, TrainingConfig(crop=32, augmentation=AugmentationConfig(noise=-1)), 0)


def labeled(*values: int) -> Sample:
    mask = np.array([values], np.uint8)
    return Sample("m", np.zeros((1, *mask.shape), np.float32), mask)


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_weighted_class_shares_are_equal_and_the_mean_weight_is_1(counts: list[int]) -> None:
    values = [k for k, count in enumerate(counts) for _ in range(count)]
    weights = class_weights([labeled(*values[::2]), labeled(*values[1::2], 255)], len(counts))
    assert weights.dtype == torch.float32
    assert float(weights.mean()) == pytest.approx(1, rel=1e-5)
    shares = weights.numpy() * counts
    np.testing.assert_allclose(shares, shares[0], rtol=1e-5)


def test_a_class_that_never_occurs_weighs_nothing() -> None:
    assert class_weights([labeled(0, 0, 0, 2)], 3).tolist() == pytest.approx([0.5, 0, 1.5])


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(DataError, match="mask of 'm' has the value 3; with 3 classes, 0 to 2"):
        class_weights([labeled(0, 1, 3)], 3)


def test_masks_that_ignore_everything_cannot_be_weighted() -> None:
    with pytest.raises(DataError, match="no pixel of the training masks is labeled"):
        class_weights([labeled(255, 255)], 2)
