"""The confusion matrix of a whole set of images, and the scores read from it.

Counts are summed over the set before any ratio is taken. A mean of per-image ratios is another
number: it gives a class that fills three pixels of one image the weight of a whole image.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikeseg.config import IGNORE_INDEX
from spikeseg.errors import ConfigError, DataError
from spikeseg.metrics.pairing import matched

Ratio = float | None
"""A score, or None where the ratio is 0 / 0."""


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """How many pixels of each true class were predicted as each class.

    Attributes:
        counts: (num_classes, num_classes) int64, read-only; the row is the truth, the column the
            prediction.

    >>> matrix = ConfusionMatrix.empty(2).add(np.array([[0, 1, 255]]), np.array([[0, 0, 1]]))
    >>> matrix.counts.tolist(), matrix.pixel_accuracy, matrix.iou
    ([[1, 0], [1, 0]], 0.5, (0.5, 0.0))
    """

    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        counts = np.array(self.counts)
        size = counts.shape[0] if counts.ndim else 0
        _check_num_classes(size)
        if counts.shape != (size, size) or counts.dtype.kind not in "iu" or counts.min() < 0:
            raise DataError(
                f"the counts have shape {counts.shape} and type {counts.dtype}; they must be "
                "(num_classes, num_classes) integers of 0 or more. Start from "
                "ConfusionMatrix.empty(num_classes) and add images to it."
            )
        counts = counts.astype(np.int64)
        counts.flags.writeable = False
        object.__setattr__(self, "counts", counts)

    @classmethod
    def empty(cls, num_classes: int) -> "ConfusionMatrix":
        """Return the matrix of no pixels.

        Raises:
            ConfigError: ``num_classes`` is not in 1..255 (255 itself means ignore).
        """
        _check_num_classes(num_classes)
        return cls(np.zeros((num_classes, num_classes), dtype=np.int64))

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return int(self.counts.shape[0])

    def add(self, truth: ArrayLike, prediction: ArrayLike) -> "ConfusionMatrix":
        """Return a new matrix that also counts this image.

        Args:
            truth: (H, W) class indices; pixels of value 255 are not counted.
            prediction: (H, W) class indices; anything where the truth is 255.

        Raises:
            DataError: the shapes differ, or a counted value is no class index.
        """
        true, predicted = matched(np.asarray(truth), np.asarray(prediction))
        counted = true != IGNORE_INDEX
        rows = _class_indices("truth", true[counted], self.num_classes)
        columns = _class_indices("prediction", predicted[counted], self.num_classes)
        tally = np.bincount(rows * self.num_classes + columns, minlength=self.counts.size)
        return ConfusionMatrix(self.counts + tally.reshape(self.counts.shape))

    def __add__(self, other: "ConfusionMatrix") -> "ConfusionMatrix":
        """Return the matrix of the images of both.

        Raises:
            ConfigError: they have different numbers of classes.
        """
        if self.num_classes != other.num_classes:
            raise ConfigError(
                f"the matrices have {self.num_classes} and {other.num_classes} classes; only "
                "matrices of the same classes add up. Score each set with its own."
            )
        return ConfusionMatrix(self.counts + other.counts)

    @property
    def pixel_accuracy(self) -> Ratio:
        """Fraction of counted pixels with the right class; None on no pixels."""
        return _ratio(np.trace(self.counts), self.counts.sum())

    @property
    def iou(self) -> tuple[Ratio, ...]:
        """Intersection over union per class: TP / (TP + FP + FN) (Jaccard index).

        None for a class that neither occurs nor is predicted.
        """
        hits, either = np.diag(self.counts), self._either()
        return tuple(_ratio(hit, total) for hit, total in zip(hits, either, strict=True))

    @property
    def miou(self) -> Ratio:
        """Mean IoU over the classes that occur or are predicted; None on no pixels."""
        return _mean(self.iou)

    @property
    def dice(self) -> tuple[Ratio, ...]:
        """Dice coefficient per class: 2 TP / (2 TP + FP + FN) (F1).

        None for a class that neither occurs nor is predicted.
        """
        hits, either = np.diag(self.counts), self._either()
        return tuple(_ratio(2 * hit, hit + total) for hit, total in zip(hits, either, strict=True))

    @property
    def mean_dice(self) -> Ratio:
        """Mean Dice over the classes that occur or are predicted; None on no pixels."""
        return _mean(self.dice)

    def _either(self) -> NDArray[np.int64]:
        """Return (num_classes,) pixels that are of the class, predicted as it, or both."""
        both = np.diag(self.counts)
        return np.asarray(self.counts.sum(axis=0) + self.counts.sum(axis=1) - both, np.int64)


def _check_num_classes(num_classes: int) -> None:
    if not 1 <= num_classes <= IGNORE_INDEX:
        raise ConfigError(
            f"num_classes is {num_classes}; it must be 1 to {IGNORE_INDEX}, since "
            f"{IGNORE_INDEX} means ignore. Merge classes, or check what was counted."
        )


def _class_indices(name: str, values: NDArray[Any], num_classes: int) -> NDArray[np.int64]:
    if values.dtype.kind not in "biu":
        raise DataError(
            f"the {name} has type {values.dtype}; it must hold integer class indices. Take the "
            "argmax of scores over the classes first."
        )
    wrong = (values < 0) | (values >= num_classes)
    if wrong.any():
        raise DataError(
            f"the {name} holds the value {values[wrong][0]} ({wrong.sum()} pixels are out of "
            f"range); allowed are 0 to {num_classes - 1}, and {IGNORE_INDEX} in the truth for "
            "pixels to ignore. Map the mask to class indices, or raise num_classes."
        )
    return values.astype(np.int64)


def _ratio(part: Any, whole: Any) -> Ratio:
    return float(part / whole) if whole else None


def _mean(ratios: tuple[Ratio, ...]) -> Ratio:
    known = [ratio for ratio in ratios if ratio is not None]
    return float(np.mean(known)) if known else None
