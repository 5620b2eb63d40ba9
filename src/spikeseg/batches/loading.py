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
    """Stacks crops to a batch, augments it, and takes one process's part of it."""

    def __init__(self, augmenter: Augmenter, share: tuple[int, int]) -> None:
        self._augmenter = augmenter
        self._rank, self._processes = share

    def __call__(self, items: list[_Item]) -> Batch:
        numbers, images, masks = zip(*items, strict=True)
        whole = self._augmenter(torch.stack(images), torch.stack(masks), numbers[0])
        size = len(items) // self._processes
        part = slice(self._rank * size, (self._rank + 1) * size)
        return whole[0][part], whole[1][part]


def make_loader(
    samples: Sequence[Sample],
    config: TrainingConfig,
    seed: int,
    share: tuple[int, int] = (0, 1),
) -> DataLoader[_Item]:
    """Return a loader of (B, C, crop, crop) float32 images and (B, crop, crop) int64 masks.

    An epoch is ``config.steps_per_epoch`` optimizer steps of ``config.accumulate`` batches of
    ``config.batch_size``. Batches depend on the seed and on the epoch only
    (``loader.sampler.set_epoch``), not on ``config.workers``.

    Args:
        samples: images and masks.
        config: sizes, augmentation.
        seed: of crops and augmentation.
        share: number of this process, and of all that train together: it gets its part of a batch
            that is as many times larger. All make the whole of it, so that the parts are those
            that one process would see.

    Raises:
        DataError: there are no samples.
        ShapeError: an image is smaller than ``config.crop``.
        ConfigError: an augmentation out of range.
    """
    crops = CropDataset(samples, config.crop, seed)
    size = config.batch_size * share[1]
    return DataLoader(
        _Numbered(crops),
        batch_size=size,
        sampler=EpochSampler(config.steps_per_epoch * config.accumulate * size),
        num_workers=config.workers,
        collate_fn=_AugmentingCollate(Augmenter(config.augmentation, seed), share),
    )
