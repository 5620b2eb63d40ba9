"""SpikingJelly's settings that are measured, and its ways to read the output."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spikingjelly.activation_based import ann2snn
from torch import Tensor

Batches = Sequence[Tensor]


@dataclass(frozen=True)
class Setting:
    """One recipe with its options.

    Attributes:
        name: for the results.
        recipe: from calibration batches to a SpikingJelly recipe.
        batches: calibration batches it is given; the recipes average over them.
        batch_size: images a batch.
    """

    name: str
    recipe: Callable[[Batches], Any]
    batches: int = 1
    batch_size: int = 8


def _rate_coding(mode: str | float, kind: str) -> Setting:
    options = {
        "layer": {},
        "channel": {"channel_wise": True},
        "channel, half threshold": {"channel_wise": True, "half_threshold": True},
    }[kind]
    return Setting(
        f"rate coding {mode}, {kind}",
        lambda batches: ann2snn.RateCodingRecipe(batches, mode=mode, **options),
    )


def _balancing(batches: int, batch_size: int) -> Setting:
    name = f"local threshold balancing, {batches} x {batch_size} images"
    return Setting(name, ann2snn.LocalThresholdBalancingRecipe, batches, batch_size)


HALF = "channel, half threshold"
SETTINGS = (
    _balancing(100, 8),
    _rate_coding("99.9%", HALF),
    _rate_coding("99%", HALF),
    _balancing(30, 8),
    _rate_coding("97%", HALF),
    _balancing(400, 8),
    _balancing(50, 8),
    _rate_coding("98%", HALF),
    _rate_coding("95%", HALF),
    _rate_coding("Max", HALF),
    _rate_coding("99.9%", "channel"),
    _rate_coding("99.9%", "layer"),
    _rate_coding("Max", "channel"),
    _rate_coding("Max", "layer"),
    _balancing(8, 1),
    _balancing(1, 8),
)
"""The likely best ones first. Half thresholds exist for channels only. The balancing recipe raises
its thresholds from zero with every batch, so the number of batches is its one setting that matters;
the example that comes with it shows it about 390 batches."""


def delay_starts(module: Any, batches: Batches, steps: Sequence[int]) -> dict[str, dict[int, int]]:
    """Return, by read-out and step count, the step after which outputs are summed.

    ``auto`` is SpikingJelly's own estimate, ``half`` an integer that its example would accept.

    Args:
        module: a converted network.
        batches: calibration batches.
        steps: step counts.
    """
    auto = {t: ann2snn.estimate_delay_start(module, batches, "cpu", t) for t in steps}
    return {"sum": dict.fromkeys(steps, 0), "auto": auto, "half": {t: t // 2 for t in steps}}
