"""Truths and predictions, two by two."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import DataError

_MISSING: Any = object()


def pairs(
    truths: Iterable[NDArray[Any]], predictions: Iterable[NDArray[Any]]
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield each (H, W) truth with the (H, W) prediction at the same position.

    Both may be generators; one image of each is held at a time.

    Raises:
        DataError: one has more images than the other, or two shapes differ; names the position.
    """
    for index, (truth, prediction) in enumerate(
        zip_longest(truths, predictions, fillvalue=_MISSING)
    ):
        if truth is _MISSING or prediction is _MISSING:
            short, long = ("truths", "predictions")[:: 1 if truth is _MISSING else -1]
            raise DataError(
                f"the {short} end after {index} images, but there are more {long}. Each image "
                "needs one truth and one prediction; pass as many of one as of the other."
            )
        yield matched(np.asarray(truth), np.asarray(prediction), f" of image {index}")


def matched(
    truth: NDArray[Any], prediction: NDArray[Any], where: str = ""
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return both arrays if they are images of the same size.

    Raises:
        DataError: they are not (H, W), or their shapes differ.
    """
    if truth.shape != prediction.shape or truth.ndim != 2:
        raise DataError(
            f"the truth{where} has shape {truth.shape}, the prediction {prediction.shape}; both "
            "must be (H, W) and equal. Pass one class index per pixel, and crop or resize the "
            "prediction to the truth."
        )
    return truth, prediction
