"""What was tried, and which of it is best."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spikeseg.config import ConversionConfig
from spikeseg.errors import ConfigError


@dataclass(frozen=True)
class Trial:
    """One conversion, simulated for some steps.

    Attributes:
        conversion: how the network became spiking.
        num_steps: time steps of the simulation.
        readout: share of these steps, from the end, whose output makes the mask.
        miou: of all crops together.
        operations: synaptic operations for one crop, on average.
    """

    conversion: ConversionConfig
    num_steps: int
    readout: float
    miou: float
    operations: float


def pareto_front(trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials that no other one beats in mIoU with as few operations, fewest first.

    Of equal ones the one with fewer steps is kept, then the one tried first.
    """
    front: list[Trial] = []
    for trial in sorted(trials, key=lambda t: (t.operations, -t.miou, t.num_steps)):
        if not front or trial.miou > front[-1].miou:
            front.append(trial)
    return front


def choose(trials: Sequence[Trial], target: float) -> Trial:
    """Return the trial with the fewest operations whose mIoU is at least ``target``.

    Raises:
        ConfigError: there is none; says the best mIoU that was reached.
    """
    reached = [trial for trial in pareto_front(trials) if trial.miou >= target]
    if reached:
        return reached[0]
    best = max(trials, key=lambda t: t.miou)
    raise ConfigError(
        f"no setting reaches mIoU {target:.4f} on the validation crops; the best of "
        f"{len({t.conversion for t in trials})} conversions reaches {best.miou:.4f} "
        f"({' + '.join(best.conversion.recipes)}, {best.num_steps} steps). Allow a larger "
        "--miou_drop, or more --trials."
    )
