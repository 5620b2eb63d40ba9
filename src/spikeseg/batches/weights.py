"""Class weights against imbalance."""

from collections.abc import Sequence

import numpy as np
import torch

from spikeseg.config import IGNORE_INDEX
from spikeseg.data import Sample
from spikeseg.errors import DataError


def class_weights(samples: Sequence[Sample], num_classes: int) -> torch.Tensor:
    """Return (num_classes,) float32 weights inverse to the share of each class in the masks.

    The mean weight of the classes that occur is 1; a class that never occurs gets 0. Ignored
    pixels (255) do not count.

    Raises:
        DataError: a mask value is no class, or no pixel is labeled.
    """
    counts = np.zeros(256, np.int64)
    for sample in (samples[k] for k in range(len(samples))):
        counts += np.bincount(sample.mask.ravel(), minlength=256)
        unknown = np.flatnonzero(counts[num_classes:IGNORE_INDEX])
        if unknown.size:
            raise DataError(
                f"the mask of {sample.name!r} has the value {unknown[0] + num_classes}; with "
                f"{num_classes} classes, 0 to {num_classes - 1} and 255 (ignore) are allowed. Mend "
                "the mask or the number of classes."
            )
    counts = counts[:num_classes]
    if counts.sum() == 0:
        raise DataError(
            "no pixel of the training masks is labeled (all are 255, ignore), so that classes "
            "cannot be weighted. Label some, or set training.class_weights to none."
        )
    inverse = np.divide(1.0, counts, out=np.zeros(num_classes), where=counts > 0)
    return torch.from_numpy(inverse / inverse[counts > 0].mean()).float()
