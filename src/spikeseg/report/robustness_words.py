"""What corruptions take away, in numbers and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.report.robustness_reading import Levels, Robustness, Scored
from spikeseg.report.words import HARD, difference, listed, score

ALIKE = 0.005
"""Changes and scores that differ by less are called alike."""


@dataclass(frozen=True)
class Change:
    """What one corruption does to one network's mIoU, relative to clean images.

    Attributes:
        network: which.
        mean: mean over the levels; -0.1 is a tenth less.
        worst: at the most severe level.
        miou: mean mIoU over the levels.
    """

    network: Scored
    mean: float
    worst: float
    miou: float


def change(network: Scored, corruption: Levels) -> Change:
    """Return what a corruption does to a network; nothing where its clean mIoU is 0 already."""
    scores = network.miou[corruption.name]
    whole = network.clean or 1.0
    shares = [(score - network.clean) / whole for score in scores]
    return Change(network, sum(shares) / len(shares), shares[-1], sum(scores) / len(scores))


def shown(share: float) -> str:
    r"""Print a relative change.

    >>> shown(-0.123), shown(0.0)
    ('−12.3\xa0%', '0.0\xa0%')
    """
    return f"{difference(100 * share, 1)}{HARD}%"


def better_than_constant(robustness: Robustness) -> list[Scored]:
    """Return the networks that are better on clean images than one class everywhere."""
    limit = robustness.constant + ALIKE
    return [network for network in robustness.networks if network.clean >= limit]


def sentences(robustness: Robustness) -> list[tuple[str, str]]:
    """Return what the figures say: of which corruption or networks, and the sentence.

    Networks that have nothing to lose are not compared.
    """
    found, compared = robustness.corruptions, better_than_constant(robustness)
    said: list[tuple[str, str]] = []
    if len(compared) == 1:
        said = [(compared[0].label, _alone([change(compared[0], one) for one in found], found))]
    elif compared:
        said = [(one.title, _least([change(n, one) for n in compared])) for one in found]
    return [*said, *_nothing_to_lose(robustness, compared)]


def _alone(changes: Sequence[Change], corruptions: Sequence[Levels]) -> str:
    order = sorted(zip(changes, corruptions, strict=True), key=lambda pair: pair[0].mean)
    (most, worst), (least, mildest) = order[0], order[-1]
    text = f"{worst.title} changes its mIoU most, by {shown(most.mean)} on average over the levels"
    return text + ("." if least is most else f"; {mildest.title} least, by {shown(least.mean)}.")


def _least(changes: Sequence[Change]) -> str:
    """Say which network loses least, and whether it is also the best one."""
    order = sorted(changes, key=lambda one: -one.mean)
    least, most = order[0], order[-1]
    best = max(changes, key=lambda one: one.miou)
    if least.mean - most.mean < ALIKE:
        spread = " to ".join(dict.fromkeys((shown(least.mean), shown(most.mean))))
        return f"all change alike, by {spread} of their mIoU on average over the levels."
    text = (
        f"{least.network.label} keeps most of its mIoU ({shown(least.mean)} on average over the "
        f"levels), {most.network.label} least ({shown(most.mean)})"
    )
    if best.miou - least.miou < ALIKE:
        return f"{text}."
    higher = f"{score(best.miou, 3)} against {score(least.miou, 3)}"
    return f"{text}; {best.network.label} still has the higher mIoU, {higher}."


def _nothing_to_lose(robustness: Robustness, compared: Sequence[Scored]) -> list[tuple[str, str]]:
    labels = [network.label for network in robustness.networks if network not in compared]
    text = (
        f"hardly better on clean images than {robustness.constant_class} everywhere, so with "
        "nothing to lose: the figures say nothing about robustness."
    )
    return [(listed(labels), text)] if labels else []
