"""Random joint changes of images and masks, by kornia."""

import math
from typing import Any

import numpy as np
import torch

from spikeseg.config import IGNORE_INDEX, AugmentationConfig
from spikeseg.data import EventLayout
from spikeseg.errors import ConfigError

_SMOOTHNESS = 1 / 16
"""Deviation of the Gaussian that smooths elastic displacements, as a fraction of the crop."""


class Augmenter:
    """Changes a batch at random, as a function of ``(seed, first, batch)`` only.

    Geometry changes image and mask alike (the mask by the nearest pixel, so that it keeps its
    values); contrast, brightness and noise change the image alone, in this order. Every item of a
    batch is changed on its own. ``elastic`` is the root mean square of each coordinate's
    displacement away from the borders; what it pulls in from outside is mirrored in the image and
    ignored (255) in the mask. Contrast is scaled about mid-grey (0.5).

    Args:
        config: which changes, and how large.
        seed: what they are drawn from.

    Raises:
        ConfigError: a field is out of range.
    """

    def __init__(self, config: AugmentationConfig, seed: int) -> None:
        _check(config)
        self.config = config
        self.seed = seed
        self._built: dict[int, tuple[Any, Any]] = {}

    def __call__(
        self, images: torch.Tensor, masks: torch.Tensor, first: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return changed copies of (B, C, H, H) images in 0..1 and (B, H, H) int64 masks.

        Args:
            images: float32.
            masks: class indices; 255 is ignored.
            first: number of the batch's first crop; the random generator starts from it.
        """
        geometry, intensity = self._pipelines(images.shape[-1])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_mix(self.seed, first))
            if geometry is not None:
                # Pixels from outside come in as 0, which the shift makes the ignored class.
                shifted = (masks[:, None] - IGNORE_INDEX).to(images.dtype)
                images, moved = geometry(images, shifted)
                masks = moved[:, 0].round().long() + IGNORE_INDEX
            if intensity is not None:
                images = intensity(images - 0.5) + 0.5
        return images.clamp(0, 1), masks

    def _pipelines(self, size: int) -> tuple[Any, Any]:
        """Return kornia's pipelines for geometry and intensity, None where nothing is on."""
        if size not in self._built:
            self._built[size] = _geometry(self.config, size), _intensity(self.config)
        return self._built[size]


def refuse_brightness(config: AugmentationConfig, events: EventLayout | None) -> None:
    """Check that counts of events are not treated as brightness.

    Args:
        config: what training changes at random.
        events: how events stand in the channels of the images; None for ordinary ones.

    Raises:
        ConfigError: the images are made of events, and brightness, contrast or noise is on.
    """
    found = [n for n in ("brightness", "contrast", "noise") if getattr(config, n)]
    if events is not None and found:
        values = ", ".join(f"training.augmentation.{n} is {getattr(config, n)}" for n in found)
        raise ConfigError(
            f"{values}, but these images are counts of events, which have no brightness: 0 means "
            "that nothing happened, and must stay 0. Set all three to 0; flip, rotate and elastic "
            "can stay."
        )


def _mix(seed: int, first: int) -> int:
    """Return a well-mixed 63-bit number of two."""
    return int(np.random.SeedSequence([seed % 2**64, first]).generate_state(1, np.uint64)[0] >> 1)


def _check(config: AugmentationConfig) -> None:
    limits = {"elastic": 0.25, "brightness": 1.0, "contrast": 1.0, "noise": 1.0}
    for name, limit in limits.items():
        value = getattr(config, name)
        if not 0 <= value <= limit:
            raise ConfigError(
                f"training.augmentation.{name} is {value}; it must be 0 (off) to {limit}."
            )


def _geometry(config: AugmentationConfig, size: int) -> Any:
    """Return the joint pipeline of image and mask, or None."""
    import kornia.augmentation as augment
    from kornia.constants import DataKey, Resample

    steps: list[Any] = []
    if config.flip:
        steps += [augment.RandomHorizontalFlip(p=0.5), augment.RandomVerticalFlip(p=0.5)]
    if config.rotate:
        steps.append(augment.RandomRotation90(times=(0, 3), p=1.0))
    if config.elastic:
        steps.append(_elastic(config.elastic, size))
    if not steps:
        return None
    mask = {"resample": Resample.NEAREST, "align_corners": False, "padding_mode": "zeros"}
    return augment.AugmentationSequential(
        *steps, data_keys=["input", "mask"], extra_args={DataKey.MASK: mask}
    )


def _elastic(displacement: float, size: int) -> Any:
    """Return kornia's elastic deformation with a given root mean square displacement.

    kornia smooths noise that is uniform in -1..1 (deviation ``1 / sqrt(3)``) with a Gaussian of
    deviation s, which divides its deviation by ``2 s sqrt(pi)``, and takes the result times
    ``alpha`` as a displacement in units of half the image.
    """
    import kornia.augmentation as augment

    smoothness = max(1.0, _SMOOTHNESS * size)
    kernel = 2 * math.ceil(3 * smoothness) + 1
    alpha = 2 * displacement * math.sqrt(3) * 2 * smoothness * math.sqrt(math.pi)
    return augment.RandomElasticTransform(
        kernel_size=(kernel, kernel),
        sigma=(smoothness, smoothness),
        alpha=(alpha, alpha),
        padding_mode="reflection",
        p=1.0,
    )


def _intensity(config: AugmentationConfig) -> Any:
    """Return the pipeline of the image alone, or None; it works on values about 0."""
    import kornia.augmentation as augment

    steps: list[Any] = []
    if change := config.contrast:
        steps.append(augment.RandomContrast((1 - change, 1 + change), clip_output=False, p=1.0))
    if change := config.brightness:
        steps.append(augment.RandomBrightness((1 - change, 1 + change), clip_output=False, p=1.0))
    if config.noise:
        steps.append(augment.RandomGaussianNoise(mean=0.0, std=config.noise, p=1.0))
    return augment.AugmentationSequential(*steps, data_keys=["input"]) if steps else None
