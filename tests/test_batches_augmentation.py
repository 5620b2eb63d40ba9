"""Augmentation: image and mask stay together, each option does what it says, nothing else does."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.batches import Augmenter, refuse_brightness
from spikeseg.config import AugmentationConfig
from spikeseg.data import EventLayout
from spikeseg.errors import ConfigError

OFF = AugmentationConfig(
    flip=False, rotate=False, elastic=0.0, brightness=0.0, contrast=0.0, noise=0.0
)
ALL = AugmentationConfig(elastic=0.03)


def batch(size: int = 24, items: int = 8, channels: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(size)
    images = torch.from_numpy(rng.random((items, channels, size, size), np.float32))
    masks = torch.from_numpy(rng.integers(0, 4, (items, size, size)))
    masks[:, :5, :7] = 255
    return images, masks


def mid(size: int = 32, items: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images with a left half of 0.4 and a right half of 0.6."""
    images = torch.full((items, 1, size, size), 0.4)
    images[..., size // 2 :] = 0.6
    return images, torch.zeros(items, size, size, dtype=torch.int64)


def poses(image: torch.Tensor) -> list[torch.Tensor]:
    """Return the eight mirrored and rotated versions of (..., H, H)."""
    turned = [torch.rot90(image, k, (-2, -1)) for k in range(4)]
    return turned + [pose.flip(-1) for pose in turned]


def pose_of(changed: torch.Tensor, original: torch.Tensor) -> int:
    """Return which pose of the original it is; kornia's rotation is exact to about 1e-4."""
    return int(np.argmin([float((changed - pose).abs().max()) for pose in poses(original)]))


def test_all_off_is_the_identity() -> None:
    images, masks = batch()
    changed, moved = Augmenter(OFF, 0)(images, masks, 0)
    assert torch.equal(changed, images)
    assert torch.equal(moved, masks)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10**9), st.sampled_from([1, 3]))
def test_flips_and_turns_move_image_and_mask_alike(size: int, first: int, channels: int) -> None:
    images, masks = batch(size, 6, channels)
    changed, moved = Augmenter(replace(OFF, flip=True, rotate=True), 0)(images, masks, first)
    for k in range(len(images)):
        pose = pose_of(changed[k], images[k])
        assert torch.allclose(changed[k], poses(images[k])[pose], atol=2e-3)
        assert torch.equal(moved[k], poses(masks[k])[pose])


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (replace(OFF, flip=True), {0, 2, 4, 6}),
        (replace(OFF, rotate=True), {0, 1, 2, 3}),
        (replace(OFF, flip=True, rotate=True), set(range(8))),
    ],
)
def test_each_pose_occurs_and_no_other(config: AugmentationConfig, expected: set[int]) -> None:
    images, masks = batch(9, 64)
    changed, _ = Augmenter(config, 0)(images, masks, 0)
    assert {pose_of(c, image) for c, image in zip(changed, images, strict=True)} == expected


def test_elastic_displaces_by_its_root_mean_square() -> None:
    size, displacement = 128, 0.03
    ramp = torch.linspace(0.25, 0.75, size).expand(8, 1, size, size).contiguous()
    changed, _ = Augmenter(replace(OFF, elastic=displacement), 0)(
        ramp, torch.zeros(8, size, size, dtype=torch.int64), 0
    )
    inner = (changed - ramp)[..., 24:-24, 24:-24] * 2
    assert float(inner.pow(2).mean().sqrt()) == pytest.approx(displacement, rel=0.25)


def test_elastic_moves_the_mask_with_the_image() -> None:
    size = 96
    columns = torch.arange(size).expand(4, size, size)
    images = (columns[:, None] / 200.0).contiguous()
    changed, moved = Augmenter(replace(OFF, elastic=0.02), 0)(images, columns.contiguous(), 0)
    kept = moved != 255
    assert float((changed[:, 0] * 200 - moved)[kept].abs().max()) < 1.0
    assert float((moved != columns)[kept].float().mean()) > 0.3


def test_elastic_ignores_what_comes_from_outside() -> None:
    images, masks = batch(64)
    masks[:] = 1
    changed, moved = Augmenter(replace(OFF, elastic=0.05), 0)(images, masks, 0)
    assert set(moved.unique().tolist()) == {1, 255}
    outside = moved == 255
    assert 0.005 < float(outside.float().mean()) < 0.2
    assert not outside[:, 24:-24, 24:-24].any()
    assert float(changed[:, 0][outside].mean()) > 0.3


def test_brightness_shifts_each_image_within_its_limit() -> None:
    images, masks = mid()
    changed, moved = Augmenter(replace(OFF, brightness=0.1), 0)(images, masks, 0)
    shifts = (changed - images).flatten(1)
    assert torch.allclose(shifts, shifts[:, :1], atol=1e-6)
    assert 0.07 < float(shifts.abs().max()) <= 0.1 + 1e-6
    assert float(shifts.min()) < 0 < float(shifts.max())
    assert torch.equal(moved, masks)


def test_contrast_scales_about_mid_grey_within_its_limit() -> None:
    images, masks = mid()
    changed, moved = Augmenter(replace(OFF, contrast=0.2), 0)(images, masks, 0)
    factors = ((changed - 0.5) / (images - 0.5)).flatten(1)
    assert torch.allclose(factors, factors[:, :1], atol=1e-4)
    assert 0.14 < float((factors - 1).abs().max()) <= 0.2 + 1e-4
    assert torch.equal(moved, masks)


def test_noise_has_its_standard_deviation() -> None:
    images, masks = mid()
    changed, moved = Augmenter(replace(OFF, noise=0.05), 0)(images, masks, 0)
    noise = changed - images
    assert float(noise.std()) == pytest.approx(0.05, rel=0.02)
    assert abs(float(noise.mean())) < 1e-3
    assert torch.equal(moved, masks)


def test_images_stay_within_0_and_1() -> None:
    images, masks = batch()
    config = replace(ALL, brightness=0.5, contrast=0.5, noise=0.5)
    changed, _ = Augmenter(config, 0)(images, masks, 0)
    assert (float(changed.min()), float(changed.max())) == (0.0, 1.0)


def test_masks_keep_their_values_and_type() -> None:
    images, masks = batch()
    _, moved = Augmenter(ALL, 0)(images, masks, 0)
    assert moved.dtype == torch.int64
    assert set(moved.unique().tolist()) <= {0, 1, 2, 3, 255}


def test_the_given_batch_is_left_as_it_is() -> None:
    images, masks = batch()
    copies = images.clone(), masks.clone()
    Augmenter(ALL, 0)(images, masks, 0)
    assert torch.equal(images, copies[0])
    assert torch.equal(masks, copies[1])


def test_the_global_random_generator_is_untouched() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Augmenter(ALL, 0)(*batch(), 0)
    assert torch.equal(torch.rand(3), expected)


def test_a_batch_is_changed_by_seed_and_number_only() -> None:
    images, masks = batch()
    fresh, used = Augmenter(ALL, 7), Augmenter(ALL, 7)
    torch.manual_seed(1)
    used(images, masks, 3)
    expected = fresh(images, masks, 8)
    changed = used(images, masks, 8)
    assert all(torch.equal(a, b) for a, b in zip(expected, changed, strict=True))


@pytest.mark.parametrize(("seed", "first"), [(7, 9), (8, 8)])
def test_another_seed_or_number_changes_otherwise(seed: int, first: int) -> None:
    images, masks = batch()
    changed = Augmenter(ALL, seed)(images, masks, first)[0]
    assert not torch.equal(changed, Augmenter(ALL, 7)(images, masks, 8)[0])


@pytest.mark.parametrize("field", ["elastic", "brightness", "contrast", "noise"])
@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_a_field_out_of_range_is_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"augmentation\.{field} is {value}; it must be 0"):
        Augmenter(replace(OFF, **{field: value}), 0)  # type: ignore[arg-type]


def test_kornia_is_not_imported_before_it_is_needed() -> None:
    script = "import sys, spikeseg.batches; print('kornia' in sys.modules)"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True
    )
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["brightness", "contrast", "noise"])
def test_events_are_not_made_brighter(name: str) -> None:
    config = replace(OFF, **{name: 0.25})
    with pytest.raises(ConfigError, match=rf"training.augmentation.{name} is 0.25.*Set all three"):
        refuse_brightness(config, EventLayout(8, 4))
    refuse_brightness(config, None)


def test_events_may_be_flipped_turned_and_bent() -> None:
    config = replace(ALL, brightness=0.0, contrast=0.0, noise=0.0)
    refuse_brightness(config, EventLayout(8, 4))
    images, masks = batch(channels=16)
    changed, _ = Augmenter(config, 0)(images.round(), masks, 0)
    assert changed.shape == images.shape
    assert not torch.equal(changed, images.round())
