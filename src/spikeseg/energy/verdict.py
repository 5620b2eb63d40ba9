"""Whether a spiking network wins against a dense one, by how much, and up to which spike rate."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from scipy.optimize import brentq

from spikeseg.energy.accounting import EnergyEstimate, estimate
from spikeseg.energy.costs import CostTable
from spikeseg.energy.ranges import Range
from spikeseg.energy.rivals import Rival
from spikeseg.energy.work import NetworkWork

Outcome = Literal["wins", "loses", "undecided"]

CLOSE = {"xtol": 1e-18, "rtol": 1e-14, "maxiter": 1000}
"""How close a break-even rate is: relative, as rates may be small."""


@dataclass(frozen=True)
class Verdict:
    """A spiking network against one rival.

    Attributes:
        rival: whom against.
        table: that the spiking network is accounted with.
        outcome: of the spiking network; ``undecided`` where the ranges overlap.
        factor: joules of the rival for each joule of the spiking network, by their values;
            ``None`` where one of them costs nothing under its table.
        break_even: mean spikes per neuron and step at which both take as much, by their values;
            1 where the spiking network takes less at any rate, ``None`` where at none, or where
            no neuron fires.
        sentence: all of it in words.
    """

    rival: Rival
    table: str
    outcome: Outcome
    factor: float | None
    break_even: float | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "rival": self.rival.key,
            "rival_table": self.rival.table,
            "outcome": self.outcome,
            "factor": self.factor,
            "break_even": self.break_even,
            "sentence": self.sentence,
        }


def decide(spiking: Range, rival: Range) -> Outcome:
    """Return who takes less energy for certain.

    >>> decide(Range(1, 2, 3), Range(4, 5, 6)), decide(Range(1, 2, 5), Range(4, 5, 6))
    ('wins', 'undecided')
    """
    if spiking.high < rival.low:
        return "wins"
    return "loses" if spiking.low > rival.high else "undecided"


def break_even(energy: Callable[[float], float], rival: float) -> float | None:
    """Return the spike rate at which a spiking network takes as much energy as its rival.

    Args:
        energy: joules of the spiking network at a rate of 0..1, no less at a higher one.
        rival: joules of the rival.

    Returns:
        Mean spikes per neuron and step; 1 if the spiking network takes no more than the rival
        even there, and ``None`` if it takes as much already without a spike.

    >>> round(break_even(lambda rate: 2.0 + 20.0 * rate, rival=6.0), 6)
    0.2
    """
    if energy(0.0) >= rival:
        return None
    if energy(1.0) <= rival:
        return 1.0
    even: float = brentq(lambda rate: energy(rate) / rival - 1, 0.0, 1.0, **CLOSE)
    return even


def judge(work: NetworkWork, table: CostTable, rivals: tuple[Rival, ...]) -> tuple[Verdict, ...]:
    """Return the verdict on a spiking network against each rival, under one table."""
    return tuple(_judged(work, table, rival) for rival in rivals)


def _judged(work: NetworkWork, table: CostTable, rival: Rival) -> Verdict:
    now, silent, rate = estimate(work, table), estimate(work.at(0.0), table), work.spike_rate
    spiking, dense = now.total, rival.energy
    outcome = decide(spiking, dense)
    even = break_even(partial(_value, work, table), dense.value) if rate else None
    factor = dense.value / spiking.value if spiking.value and dense.value else None
    sentence = (
        f"Under {now.table} the spiking network takes {joules(spiking)} an image, "
        f"{rival.title} ({rival.table}) {joules(dense)}: {_outcome(outcome, factor)}. "
        f"{_even(even, rate, silent, dense.value)}"
    )
    return Verdict(rival, now.table, outcome, factor, even, sentence)


def _value(work: NetworkWork, table: CostTable, rate: float) -> float:
    """Return the joules of an image at another spike rate, if all events scale with the spikes."""
    return estimate(work.at(rate / work.spike_rate), table).total.value


def _outcome(outcome: Outcome, factor: float | None) -> str:
    by = "" if factor is None else f" by a factor of {max(factor, 1 / factor):.3g}"
    if outcome == "undecided":
        side = "less" if factor is None or factor >= 1 else "more"
        return f"undecided, as the ranges overlap ({side}{by} at the quoted values)"
    return f"it {outcome}{by}"


def _even(even: float | None, rate: float, silent: EnergyEstimate, rival: float) -> str:
    least = silent.total.value
    if least >= rival:
        static = "" if silent.static is None else " and static power"
        return (
            f"No spike rate is low enough: without a spike it takes {_unit(least)} already, for "
            f"idle neurons{static}."
        )
    if even is None:
        return "No neuron fires here, so what a spike would cost is not known."
    if even >= 1:
        return f"It takes less at any rate up to one spike per neuron and step (now {rate:.3g})."
    return f"Both take as much at {even:.3g} spikes per neuron and step (now {rate:.3g})."


def joules(energy: Range) -> str:
    """Return an energy in words, with its range if it has one.

    >>> joules(Range(1e-6, 1.5e-6, 2e-6)), joules(Range.exactly(0.012))
    ('1.5 uJ (1 to 2 uJ)', '12 mJ')
    """
    low, high = _unit(energy.low), _unit(energy.high)
    if low == high:
        return _unit(energy.value)
    shared = low.split()[1] == high.split()[1]
    return f"{_unit(energy.value)} ({low.split()[0] if shared else low} to {high})"


def _unit(value: float) -> str:
    scales = ((1.0, "J"), (1e-3, "mJ"), (1e-6, "uJ"), (1e-9, "nJ"), (1e-12, "pJ"))
    size, name = next((s for s in scales if value >= s[0]), scales[-1])
    return f"{value / size:.3g} {name}"
