"""Tries conversions, and then what is near to the best ones, until the budget is spent."""

from collections.abc import Callable, Sequence

from spikeseg.config import ConversionConfig
from spikeseg.progress import Progress, silent
from spikeseg.tuning.settings import neighbors
from spikeseg.tuning.trials import Trial

_LEADERS = 3


def search(
    evaluate: Callable[[ConversionConfig], list[Trial]],
    first: Sequence[ConversionConfig],
    *,
    target: float,
    most: int,
    progress: Progress = silent,
) -> list[Trial]:
    """Return the trials of at most ``most`` conversions; equal arguments give equal trials.

    The conversions of ``first`` are tried, then the neighbors of the three best, and so on until
    all of these have been tried. Of conversions that reach the target the one with the fewest
    operations is the best, of others the one with the highest mIoU.

    Args:
        evaluate: returns the trials of a conversion, at several numbers of steps.
        first: conversions to begin with.
        target: the mIoU to reach.
        most: how many conversions are tried.
        progress: is told the conversions done.
    """
    tried: dict[ConversionConfig, list[Trial]] = {}
    waiting = list(first)
    while waiting and len(tried) < most:
        for setting in waiting[: most - len(tried)]:
            tried[setting] = evaluate(setting)
            progress("tune", len(tried), most)
        leaders = sorted((_best(trials, target) for trials in tried.values()), key=_rank(target))
        near = [n for t in leaders[:_LEADERS] for n in neighbors(t.conversion, t.num_steps)]
        waiting = [setting for setting in dict.fromkeys(near) if setting not in tried]
    progress("tune", len(tried), len(tried))
    return [trial for trials in tried.values() for trial in trials]


def _best(trials: list[Trial], target: float) -> Trial:
    return min(trials, key=_rank(target))


def _rank(target: float) -> Callable[[Trial], tuple[bool, float]]:
    def rank(trial: Trial) -> tuple[bool, float]:
        missed = trial.miou < target
        return missed, -trial.miou if missed else trial.operations

    return rank
