"""Loaders of augmented batches."""

from collections.abc import Sequence

import torch
from torch.utils.data import DataLoader, Dataset

from spikeseg.batches.augmentation import Augmenter
from spikeseg.batches.crops import CropDataset, EpochSampler
from spikeseg.config import TrainingConfig
from spikeseg.data import Sample

_Item = tuple[int, torch.Tensor, torch.Tensor]
Batch = tuple[torch.Tensor, torch.Tensor]


class _Numbered(Dataset[_Item]):
    """Crops with their numbers, which seed the augmentation of their batch."""

    def __init__(self, crops: CropDataset) -> None:
        self._crops = crops

    def __getitem__(self, index: int) -> _Item:
        return index, *self._crops[index]


class _AugmentingCollate:
    """Stacks crops to a batch and augments it."""

    def __init__(self, augmenter: Augmenter) -> None:
        self._augmenter = augmenter

    def __call__(self, items: list[_Item]) -> Batch:
        numbers, images, masks = zip(*items, strict=True)
        return self._augmenter(torch.stack(images), torch.stack(masks), numbers[0])


def make_loader(samples: Sequence[Sample], config: TrainingConfig, seed: int) -> DataLoader[_Item]:
    """Return a loader of (B, C, crop, crop) float32 images and (B, crop, crop) int64 masks.

    An epoch is ``config.steps_per_epoch`` batches of ``config.batch_size``. Batches depend on the
    seed and on the epoch only (``loader.sampler.set_epoch``), not on ``config.workers``.

    Raises:
        DataError: there are no samples.
        ShapeError: an image is smaller than ``config.crop``.
        ConfigError: an augmentation out of range.
    """
    crops = CropDataset(samples, config.crop, seed)
    return DataLoader(
        _Numbered(crops),
        batch_size=config.batch_size,
        sampler=EpochSampler(config.steps_per_epoch * config.batch_size),
        num_workers=config.workers,
        collate_fn=_AugmentingCollate(Augmenter(config.augmentation, seed)),
    )
