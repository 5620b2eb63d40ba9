"""All scores of hard masks in one value, the same for every stage."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import IGNORE_INDEX
from spikeseg.errors import ConfigError, DataError
from spikeseg.metrics.confusion import ConfusionMatrix
from spikeseg.metrics.pairing import pairs
from spikeseg.metrics.rand_info import RandInfo, score_slice
from spikeseg.metrics.stack import average_score


@dataclass(frozen=True)
class SegmentationScores:
    """How well a set of masks was predicted; all scores are in 0..1, and 1 is perfect.

    Attributes:
        pixel_accuracy: fraction of the pixels with the right class, over the set.
        miou: mean IoU over the classes that occur or are predicted, counts over the set.
        iou: per class; None for a class that neither occurs nor is predicted.
        dice: mean Dice over the classes that occur or are predicted, counts over the set.
        dice_per_class: per class; None for a class that neither occurs nor is predicted.
        v_rand: mean V^Rand over the images; None without a membrane class or any cell.
        v_info: mean V^Info over the images; None without a membrane class or any cell.
    """

    pixel_accuracy: float
    miou: float
    iou: tuple[float | None, ...]
    dice: float
    dice_per_class: tuple[float | None, ...]
    v_rand: float | None = None
    v_info: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, lists and None, ready for JSON."""
        values = dataclasses.asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def score(
    truths: Iterable[NDArray[np.uint8]],
    predictions: Iterable[NDArray[np.uint8]],
    num_classes: int,
    membrane_class: int | None = None,
) -> SegmentationScores:
    """Score hard masks against the truth.

    The choices: accuracy, IoU and Dice come from one confusion matrix of the whole set. V^Rand and
    V^Info compare the regions of each image (`score_slice`; every class but ``membrane_class`` is
    the inside of a cell, and two such classes do not separate each other) and are the mean over the
    images whose truth has a cell (macro average). Masks are hard, so there is one threshold and no
    maximum over thresholds; `score_stack` does that for probabilities. No score depends on what is
    predicted where the truth is 255, and no cell extends or connects through such pixels.

    Args:
        truths: (H, W) class indices each, 255 to ignore; sizes may differ between images.
        predictions: (H, W) class indices each, in the same order.
        num_classes: how many classes there are.
        membrane_class: the class that separates objects, if there is one.

    Raises:
        ConfigError: ``num_classes`` is not in 1..255, or ``membrane_class`` is no class.
        DataError: truths and predictions do not fit together, a value is no class index, or no
            pixel is left to score.

    >>> score([np.array([[0, 1, 1, 255]])], [np.array([[0, 0, 1, 1]])], num_classes=2).iou
    (0.5, 0.5)
    """
    _check_membrane(membrane_class, num_classes)
    matrix, slices = ConfusionMatrix.empty(num_classes), list[RandInfo]()
    for truth, prediction in pairs(truths, predictions):
        matrix = matrix.add(truth, prediction)
        if membrane_class is not None:
            slices.append(_regions(truth, prediction, membrane_class))
    return _summary(matrix, slices)


def _regions(truth: NDArray[Any], prediction: NDArray[Any], membrane_class: int) -> RandInfo:
    inside = truth != membrane_class
    return score_slice(inside, prediction != membrane_class, ignore=truth == IGNORE_INDEX)


def _summary(matrix: ConfusionMatrix, slices: list[RandInfo]) -> SegmentationScores:
    accuracy, miou, dice = matrix.pixel_accuracy, matrix.miou, matrix.mean_dice
    if accuracy is None or miou is None or dice is None:
        raise DataError(
            f"there is no pixel to score: no image was given, or every truth is {IGNORE_INDEX} "
            "(ignore) throughout. At least one labeled pixel is needed; check the test split and "
            "its masks."
        )
    return SegmentationScores(
        pixel_accuracy=accuracy,
        miou=miou,
        iou=matrix.iou,
        dice=dice,
        dice_per_class=matrix.dice,
        v_rand=average_score(slices, "v_rand", "macro"),
        v_info=average_score(slices, "v_info", "macro"),
    )


def _check_membrane(membrane_class: int | None, num_classes: int) -> None:
    if membrane_class is not None and not 0 <= membrane_class < num_classes:
        raise ConfigError(
            f"membrane_class is {membrane_class}; it must be one of the classes 0 to "
            f"{num_classes - 1}, or None if no class separates objects. Set "
            "evaluation.membrane_class."
        )
