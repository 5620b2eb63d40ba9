"""Bars of energy: how it splits, and how much it is beside INT8, a row for each table."""

import math
from dataclasses import dataclass

from spikeseg.report.charts import Axis, Tick
from spikeseg.report.energy_results import Bounds, Energy, Judged, TableAccount
from spikeseg.report.energy_words import bounds
from spikeseg.report.rendering import render
from spikeseg.report.words import percent, quantity

WIDTH, NAMES = 960.0, 140.0
SHARES, JOULES = (150.0, 500.0), (556.0, 934.0)
TOP, ROW = 54.0, 34.0
LETTER = 6.2
"""About the width of a letter of the legend."""

LABELS = {
    "idle_neurons": "idle neurons",
    "active_neurons": "active neurons",
    "synapses": "synapses",
    "network": "network",
    "static": "static power",
}


@dataclass(frozen=True)
class Slice:
    """One part of a bar."""

    part: str
    x: float
    width: float
    text: str


@dataclass(frozen=True)
class Span:
    """An estimate on the logarithmic axis: its value, and its range."""

    low: float
    at: float
    high: float
    text: str


@dataclass(frozen=True)
class Row:
    """One table: the split of the spiking network, its energy, and that of INT8."""

    name: str
    y: float
    slices: tuple[Slice, ...]
    spiking: Span
    rivals: tuple[Span, ...]


class Decades:
    """A logarithmic axis of joules from one power of ten to another.

    Args:
        values: that it has room for; those of 0 stand at its lower end.
        ends: its positions.
    """

    def __init__(self, values: list[float], ends: tuple[float, float]) -> None:
        logs = [math.log10(value) for value in values if value > 0] or [0.0]
        low, high = math.floor(min(logs)), math.ceil(max(logs))
        self.axis = Axis(low, high if high > low else low + 1, *ends)

    def at(self, joules: float) -> float:
        """Return the position of an energy."""
        return self.axis.at(math.log10(joules) if joules > 0 else self.axis.low)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Ticks at powers of ten, seven at most."""
        low, high = int(self.axis.low), int(self.axis.high)
        powers = range(low, high + 1, math.ceil((high - low) / 7))
        return tuple(Tick(self.axis.at(k), quantity(float(f"1e{k}"))) for k in powers)


def energy_bars(energy: Energy) -> str:
    """Return a picture (SVG) of the energy under each table.

    To the left each bar is the whole of its table's estimate, whatever that is, split into parts;
    to the right the estimates stand on one logarithmic axis, with their ranges, and those of the
    dense INT8 network beside them.
    """
    shown = [a.total for a in energy.accounts]
    shown += [verdict.energy for a in energy.accounts for verdict in a.against("int8")]
    decades = Decades([value for b in shown for value in (b.low, b.high)], JOULES)
    rows = [_row(a, TOP + i * ROW, decades) for i, a in enumerate(energy.accounts)]
    present = [part for part in LABELS if any(part in a.parts for a in energy.accounts)]
    content = {
        "width": WIDTH,
        "foot": TOP + ROW * len(rows),
        "names": NAMES,
        "shares": SHARES,
        "joules": JOULES,
        "rows": rows,
        "ticks": decades.ticks,
        "legend": _legend(present),
    }
    return render("energy_bars.svg", content)


def _legend(parts: list[str]) -> list[tuple[str, str, float]]:
    """Return part, label and position of each entry."""
    found, x = [], SHARES[0] - 60
    for part in parts:
        found.append((part, LABELS[part], round(x, 1)))
        x += 30 + LETTER * len(LABELS[part])
    return found


def _row(account: TableAccount, y: float, decades: Decades) -> Row:
    rivals = tuple(_rival(verdict, decades) for verdict in account.against("int8"))
    text = f"spiking network under {account.name}: {bounds(account.total)}"
    return Row(account.name, y, _slices(account), _span(account.total, decades, text), rivals)


def _rival(verdict: Judged, decades: Decades) -> Span:
    text = f"{verdict.title} under {verdict.table}: {bounds(verdict.energy)}"
    return _span(verdict.energy, decades, text)


def _span(found: Bounds, decades: Decades, text: str) -> Span:
    return Span(decades.at(found.low), decades.at(found.value), decades.at(found.high), text)


def _slices(account: TableAccount) -> tuple[Slice, ...]:
    whole = account.total.value
    axis = Axis(0.0, whole or 1.0, *SHARES)
    slices, before = [], 0.0
    for part, found in account.parts.items():
        start, end = axis.at(before), axis.at(before + found.value)
        share = percent(min(found.value / whole, 1.0)) if whole else "0 %"
        text = f"{LABELS[part]} under {account.name}: {share}, {bounds(found)}"
        slices.append(Slice(part, start, round(end - start, 2), text))
        before += found.value
    return tuple(slices)
