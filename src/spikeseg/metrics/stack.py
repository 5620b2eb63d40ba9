"""V^Rand and V^Info of a stack of slices, at the best of several thresholds."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ConfigError, DataError
from spikeseg.metrics.pairing import pairs
from spikeseg.metrics.rand_info import RandInfo, score_slice
from spikeseg.metrics.thinning import require_mask

Average = Literal["macro", "micro"]
ScoreName = Literal["v_rand", "v_info"]


@dataclass(frozen=True)
class StackScores:
    """The best scores of a stack, and where they were found.

    Attributes:
        v_rand: the largest V^Rand over the thresholds.
        v_rand_threshold: the lowest threshold that reaches it.
        v_info: the largest V^Info over the thresholds.
        v_info_threshold: the lowest threshold that reaches it; may differ from the other.
        average: ``macro`` or ``micro``.
    """

    v_rand: float
    v_rand_threshold: float
    v_info: float
    v_info_threshold: float
    average: Average


def score_stack(
    truths: Iterable[NDArray[np.bool_]],
    probabilities: Iterable[NDArray[np.floating[Any]]],
    thresholds: Sequence[float],
    average: Average = "macro",
) -> StackScores:
    """Score maps of the probability to be inside a cell, as ISBI 2012 ranks them.

    Slices are averaged at each threshold, then the best threshold is taken (not the best threshold
    of each slice). There is no default for the thresholds, since those that the challenge tries
    could not be confirmed: state the ones you used with the score.

    Args:
        truths: (H, W) bool each, True inside a cell (ISBI 2012: ``labels > 0``).
        probabilities: (H, W) floats each; above the threshold is inside a cell.
        thresholds: those to try.
        average: ``macro``: the mean of the slices' F-scores, over slices whose truth has a cell;
            ``micro``: one F-score from the sums over all slices, by which a slice weighs by its
            pixel pairs (V^Rand) or by its pixels' information (V^Info).

    Raises:
        ConfigError: there is no threshold, one is not finite, or ``average`` is unknown.
        DataError: the arrays do not fit together, a probability is NaN, or no slice has a cell.
    """
    tries = _checked(thresholds, average)
    tables: list[list[RandInfo]] = [[] for _ in tries]
    for index, (truth, probability) in enumerate(pairs(truths, probabilities)):
        require_mask(f"truth {index}", truth)
        _require_numbers(probability, index)
        for table, threshold in zip(tables, tries, strict=True):
            table.append(score_slice(truth, probability > threshold))
    rand, rand_at = _best(tables, tries, "v_rand", average)
    info, info_at = _best(tables, tries, "v_info", average)
    return StackScores(rand, rand_at, info, info_at, average)


def average_score(slices: Sequence[RandInfo], name: ScoreName, average: Average) -> float | None:
    """Return one score of many slices; None if the truth of none has a cell."""
    if average == "micro":
        slices = [reduce(add, slices)] if slices else []
    values: list[float | None] = [getattr(one, name) for one in slices]
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def _best(
    tables: list[list[RandInfo]], tries: list[float], name: ScoreName, average: Average
) -> tuple[float, float]:
    """Return the best score and the lowest threshold that reaches it."""
    scores = [average_score(table, name, average) for table in tables]
    known = [(score, -at) for score, at in zip(scores, tries, strict=True) if score is not None]
    if not known:
        raise DataError(
            f"none of {len(tables[0])} truths has a pixel inside a cell; a score needs one at "
            "least. Check that True means inside a cell, and that the stack is not empty."
        )
    score, negated = max(known)
    return score, -negated


def _checked(thresholds: Sequence[float], average: str) -> list[float]:
    tries = [float(threshold) for threshold in thresholds]
    if not tries or not all(math.isfinite(one) for one in tries):
        raise ConfigError(
            f"the thresholds are {tries}; at least one is needed, and all must be finite. Try "
            "[0.1, 0.2, ..., 0.9]."
        )
    if average not in ("macro", "micro"):
        raise ConfigError(
            f"average is {average!r}; allowed are 'macro' (mean over slices) and 'micro' (from "
            "the sums over slices). Choose one, and state it with the score."
        )
    return tries


def _require_numbers(probability: NDArray[Any], index: int) -> None:
    if probability.dtype.kind != "f" or np.isnan(probability).any():
        raise DataError(
            f"probability map {index} has type {probability.dtype} and "
            f"{np.count_nonzero(probability != probability)} NaN; it must hold floats and no NaN. "
            "Divide 8-bit maps by 255; NaN usually means that training diverged."
        )
