"""Energy against accuracy: a line a run, a point for each number of steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.report.charts import BOTTOM, LEFT, RIGHT, TOP, Axis, Dot, Line, Tick
from spikeseg.report.energy_results import Band, Curve, Energy, EnergyPoint
from spikeseg.report.energy_words import bounds
from spikeseg.report.words import amount, plain, plural, quantity, score

PREFERRED = "davies2018"
STYLES = ("snn", "line-1", "in-band", "line-2", "ann")


@dataclass(frozen=True)
class EnergyChart:
    """Lines of runs over a logarithmic axis of energy; every dot is labeled with its steps."""

    title: str
    x_label: str
    x: Axis
    y: Axis
    x_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    steps: tuple[tuple[int, ...], ...]

    @property
    def y_ticks(self) -> tuple[Tick, ...]:
        """Ticks of the axis of accuracy."""
        return self.y.ticks(5)


def chosen_table(curves: Sequence[Curve]) -> str:
    """Return the table that the chart is drawn with, one that all curves share."""
    shared = shared_tables(curves)
    return PREFERRED if PREFERRED in shared else shared[0]


def shared_tables(curves: Sequence[Curve]) -> list[str]:
    """Return the tables under which all curves have energies, in the order of the first."""
    first, *others = [curve.points[0].totals for curve in curves]
    return [name for name in first if all(name in other for other in others)]


def band_label(band: Band) -> str:
    """Print a band.

    >>> band_label(Band(0.1, 50, 200)), band_label(Band(0.0, 50, 200))
    ('50 to 200 Hz', 'no band')
    """
    return f"{plain(band.min_hz)} to {plain(band.max_hz)} Hz" if band.weight else "no band"


def energy_chart(curves: Sequence[Curve]) -> EnergyChart:
    """Lay out energy against pixel accuracy."""
    table = chosen_table(curves)
    points = [point for curve in curves for point in curve.points]
    x = _wide([_log(point, table) for point in points], 0.08, 0.1, LEFT, RIGHT)
    y = _wide([point.pixel_accuracy for point in points], 0.1, 0.002, BOTTOM, TOP)
    lines = (_line(c, STYLES[i % len(STYLES)], table, x, y) for i, c in enumerate(curves))
    return EnergyChart(
        title=f"Pixel accuracy against energy under {table}",
        x_label=f"energy of one image under {table} (logarithmic)",
        x=x,
        y=y,
        x_ticks=_ticks(x),
        lines=tuple(lines),
        steps=tuple(tuple(point.num_steps for point in curve.points) for curve in curves),
    )


def _log(point: EnergyPoint, table: str) -> float:
    return math.log10(max(point.totals[table].value, 1e-15))


def _wide(values: list[float], share: float, least: float, start: float, end: float) -> Axis:
    margin = max(share * (max(values) - min(values)), least)
    return Axis(min(values) - margin, max(values) + margin, start, end)


def _ticks(axis: Axis) -> tuple[Tick, ...]:
    """Return ticks at 1, 2 and 5 times powers of ten, or fewer where these stand too close."""
    powers = range(math.floor(axis.low), math.ceil(axis.high) + 1)
    for digits in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,)):
        found = [math.log10(d) + k for k in powers for d in digits]
        shown = [at for at in found if axis.low <= at <= axis.high]
        if len(shown) <= 6:
            break
    step = math.ceil(len(shown) / 6) or 1
    return tuple(Tick(axis.at(at), quantity(10**at)) for at in shown[::step])


def _line(curve: Curve, style: str, table: str, x: Axis, y: Axis) -> Line:
    def dot(point: EnergyPoint) -> Dot:
        text = (
            f"{curve.run}, {plural(point.num_steps, 'step')}: pixel accuracy "
            f"{score(point.pixel_accuracy)}, {bounds(point.totals[table])}"
        )
        return Dot(x.at(_log(point, table)), y.at(point.pixel_accuracy), text)

    return Line(f"{curve.run} ({band_label(curve.band)})", style, tuple(map(dot, curve.points)))


def curve_rows(curves: Sequence[Curve]) -> list[tuple[str, str, list[str]]]:
    """Return the numbers of the chart: key, run, and cells, a row for each point."""
    tables = list(dict.fromkeys(name for curve in curves for name in curve.points[0].totals))
    return [
        (f"energy-{i}-{point.num_steps}", curve.run, _cells(curve.band, point, tables))
        for i, curve in enumerate(curves)
        for point in curve.points
    ]


def _cells(band: Band, point: EnergyPoint, tables: Sequence[str]) -> list[str]:
    totals = [point.totals.get(name) for name in tables]
    return [
        band_label(band),
        str(point.num_steps),
        score(point.pixel_accuracy),
        score(point.miou),
        plain(point.spikes_per_neuron),
        amount(point.operations),
        *("not priced" if total is None else quantity(total.value) for total in totals),
    ]


def curve_section(energy: Energy) -> dict[str, object] | None:
    """Return what the template prints of energy against accuracy, or None without points."""
    if not energy.curve.points:
        return None
    curves = (energy.curve, *energy.beside)
    return {
        "chart": energy_chart(curves),
        "tables": list(dict.fromkeys(name for c in curves for name in c.points[0].totals)),
        "rows": curve_rows(curves),
    }
