"""Whether a lower band of firing rates saves energy, and what accuracy it costs: computed."""

from collections.abc import Sequence

from spikeseg.report.energy_curve import band_label, chosen_table, shared_tables
from spikeseg.report.energy_results import Curve
from spikeseg.report.words import difference, plural, times

SAME = 0.01
"""Ratios within this of 1 are called the same."""
SMALL = 0.0005
"""Differences of accuracy under this are called none."""


def steps_sentence(curve: Curve) -> str:
    """Say what fewer steps of one run save, and cost; nothing where there is one number only."""
    if len(curve.points) < 2:
        return ""
    table, first, last = chosen_table([curve]), curve.points[0], curve.points[-1]
    if not last.totals[table].value:
        return ""
    ratio = first.totals[table].value / last.totals[table].value
    change = difference(first.pixel_accuracy - last.pixel_accuracy)
    return (
        f"{plural(first.num_steps, 'step')} instead of {last.num_steps} take {times(ratio)} times "
        f"the energy under {table}, and change the pixel accuracy by {change}."
    )


def bands_sentence(curves: Sequence[Curve]) -> str:
    """Say what the lowest band of these runs saves against the highest, and what it costs.

    Patel et al. 2021 keep firing rates in a band and say that it trades accuracy against energy.
    """
    banded = sorted((c for c in curves if c.band.weight), key=_height)
    if len({_height(curve) for curve in banded}) < 2:
        return _one_band(curves)
    low, high = banded[0], banded[-1]
    common = {p.num_steps for p in low.points} & {p.num_steps for p in high.points}
    if not common:
        return (
            f"{low.run} and {high.run} have no number of steps in common, so that their bands "
            "cannot be compared."
        )
    return _compared(low, high, max(common))


def _height(curve: Curve) -> tuple[float, float]:
    return curve.band.max_hz, curve.band.min_hz


def _one_band(curves: Sequence[Curve]) -> str:
    labels = ", ".join(dict.fromkeys(band_label(curve.band) for curve in curves))
    return (
        f"There are not two bands of firing rates here to compare ({labels}): whether rates trade "
        "accuracy against energy, as Patel et al. 2021 say, cannot be told from it. "
        "spikeseg report RUN --beside OTHER shows a run of another band too."
    )


def _compared(low: Curve, high: Curve, num_steps: int) -> str:
    less, more, table = low.at(num_steps), high.at(num_steps), chosen_table([low, high])
    operations = _ratio(less.operations, more.operations)
    energies = {
        name: _ratio(less.totals[name].value, more.totals[name].value)
        for name in shared_tables([low, high])
    }
    gap = less.pixel_accuracy - more.pixel_accuracy
    least, most = (times(end(energies.values())) for end in (min, max))
    spread = f" ({least} to {most} under all tables)" if least != most else ""
    return (
        f"At {plural(num_steps, 'step')} the lower band, {band_label(low.band)} ({low.run}), does "
        f"{times(operations)} times the synaptic operations of {band_label(high.band)} "
        f"({high.run}) and takes {times(energies[table])} times the energy under {table}"
        f"{spread}; its pixel accuracy differs by {difference(gap)} "
        f"and its mIoU by {difference(less.miou - more.miou)}: "
        f"{_judged(operations, energies[table], gap)}"
    )


def _ratio(one: float, other: float) -> float:
    return one / other if other else 1.0 if one == other else float("inf")


def _judged(operations: float, energy: float, gap: float) -> str:
    """Say whether it is as Patel et al. say: lower rates take less and segment worse."""
    saves = operations < 1 - SAME and energy < 1 - SAME
    if saves and gap <= -SMALL:
        return "as Patel et al. 2021 say, rates trade accuracy against energy."
    if saves:
        return "it saves energy and costs no accuracy here, so there is no trade between the two."
    return (
        "unlike what Patel et al. 2021 say, the lower band does not save both operations and "
        "energy here."
    )
