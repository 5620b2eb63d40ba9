"""Random crops by number."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from spikeseg.data import Sample
from spikeseg.errors import DataError, ShapeError

MEMORY_BYTES = 2**30
"""Samples are kept in memory if all of them fit in this."""


class CropDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Random square crops; item ``i`` depends on ``(seed, i)`` only, and any ``i >= 0`` exists.

    An item is the image (C, crop, crop) float32 in 0..1 and the mask (crop, crop) int64. Samples
    are drawn with a probability proportional to the number of positions of the crop in them, so
    that every position is equally likely. Samples stay in memory if all fit in 1 GiB; otherwise
    each is read when it is needed.

    Args:
        samples: images and masks, read once here to check their sizes.
        crop: height and width of the crops in pixels.
        seed: what the positions are drawn from.

    Raises:
        DataError: there are no samples.
        ShapeError: an image is smaller than the crop; names the largest crop that fits all.
    """

    def __init__(self, samples: Sequence[Sample], crop: int, seed: int) -> None:
        if len(samples) == 0:
            raise DataError("there are no training samples; at least one is needed.")
        self.crop = crop
        self.seed = seed
        self._samples = samples
        sizes, kept, total = [], [], 0
        for sample in (samples[k] for k in range(len(samples))):
            sizes.append((sample.mask.shape, sample.name))
            total += sample.image.nbytes + sample.mask.nbytes
            if total <= MEMORY_BYTES:
                kept.append(sample)
        if total <= MEMORY_BYTES:
            self._samples = kept
        _check_sizes(sizes, crop)
        positions = np.array([(h - crop + 1) * (w - crop + 1) for (h, w), _ in sizes], float)
        self._cumulative = np.cumsum(positions) / positions.sum()

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        rng = np.random.default_rng([self.seed % 2**64, index])
        chosen = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        sample = self._samples[min(chosen, len(self._samples) - 1)]
        height, width = sample.mask.shape
        top = int(rng.integers(height - self.crop + 1))
        left = int(rng.integers(width - self.crop + 1))
        window = (slice(top, top + self.crop), slice(left, left + self.crop))
        image = torch.from_numpy(sample.image[:, window[0], window[1]].astype(np.float32))
        return image, torch.from_numpy(sample.mask[window].astype(np.int64))


def _check_sizes(sizes: list[tuple[tuple[int, ...], str]], crop: int) -> None:
    """Raise ShapeError if the crop does not fit into every image."""
    shape, name = min(sizes, key=lambda item: min(item[0]))
    fits = min(shape)
    if crop > fits:
        raise ShapeError(
            f"training.crop is {crop}, but {name!r} is only {shape[0]} x {shape[1]} pixels; the "
            f"largest crop that fits all training images is {fits}. Set training.crop to {fits} "
            "or less."
        )


class EpochSampler(Sampler[int]):
    """Yields the numbers of an epoch's crops: ``epoch * length`` and the ``length - 1`` after.

    ``set_epoch`` chooses the epoch (Lightning calls it before each epoch).

    >>> sampler = EpochSampler(3)
    >>> sampler.set_epoch(2)
    >>> list(sampler)
    [6, 7, 8]
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.epoch * self.length, (self.epoch + 1) * self.length))
