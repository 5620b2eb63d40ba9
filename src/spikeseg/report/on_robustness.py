"""Robustness in the report: a chart a corruption, what each network loses, and who loses least."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spikeseg.report.charts import BOTTOM, LEFT, RIGHT, TOP, Axis, Dot, Level, Line, Tick
from spikeseg.report.robustness_reading import Levels, Robustness, Scored
from spikeseg.report.robustness_words import ALIKE, better_than_constant, change, sentences, shown
from spikeseg.report.tables import Cell, Row, Table
from spikeseg.report.words import plain, score

COLORS = ("line-1", "in-band", "line-2")
"""The CSS classes of further runs; the run itself has those of its networks."""

DASHES = {"ann": " dashed", "snn": "", "direct": " dotted"}


@dataclass(frozen=True)
class LevelChart:
    """mIoU against the levels of a corruption, which stand at equal distances."""

    title: str
    x_label: str
    x: Axis
    y: Axis
    x_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    levels: tuple[Level, ...]

    @property
    def y_ticks(self) -> tuple[Tick, ...]:
        """Ticks of the axis of mIoU."""
        return self.y.ticks(5)


def robustness_section(robustness: Robustness | None) -> Mapping[str, object] | None:
    """Return what the template prints of robustness, or None without it."""
    if robustness is None:
        return None
    return {
        "facts": robustness,
        "sentences": sentences(robustness),
        "legend": [(network.label, style(network)) for network in robustness.networks],
        "charts": [level_chart(one, robustness) for one in robustness.corruptions],
        "table": change_table(robustness),
        "scores": score_table(robustness),
    }


def style(network: Scored) -> str:
    """Return the CSS classes of a network: a color for each run, dashes for its ANN.

    Those of the run itself have a color each.
    """
    color = COLORS[(network.run_index - 1) % len(COLORS)] if network.run_index else network.stage
    thin = " thin" if network.run_index > len(COLORS) else ""
    return color + DASHES[network.stage] + thin


def level_chart(corruption: Levels, robustness: Robustness) -> LevelChart:
    """Lay out the lines of all networks; the axis of mIoU is the same for every corruption."""
    scores = [score for n in robustness.networks for s in n.miou.values() for score in s]
    highest = max(*scores, *(n.clean for n in robustness.networks), robustness.constant)
    x = Axis(0.0, float(len(corruption.levels)), LEFT, RIGHT)
    y = Axis(0.0, min(1.0, 1.06 * highest or 1.0), BOTTOM, TOP)
    ticks = ("clean", *map(plain, corruption.levels))
    return LevelChart(
        title=corruption.title,
        x_label=corruption.unit,
        x=x,
        y=y,
        x_ticks=tuple(Tick(x.at(i), label) for i, label in enumerate(ticks)),
        lines=tuple(_line(n, corruption, ticks, x, y) for n in robustness.networks),
        levels=(Level("", "floor", y.at(robustness.constant)),),
    )


def _line(network: Scored, corruption: Levels, ticks: Sequence[str], x: Axis, y: Axis) -> Line:
    values = (network.clean, *network.miou[corruption.name])
    dots = (
        Dot(x.at(i), y.at(value), f"{network.label}: mIoU {score(value)} ({tick})")
        for i, (value, tick) in enumerate(zip(values, ticks, strict=True))
    )
    return Line(network.label, style(network), tuple(dots))


def change_table(robustness: Robustness) -> Table:
    """Put relative changes into rows, a mean and the worst level of each corruption."""
    networks = robustness.networks
    clean = tuple(Cell(score(network.clean)) for network in networks)
    rows = [Row("robust-clean", "mIoU on clean images", "", clean)]
    for one in robustness.corruptions:
        changes = [change(network, one) for network in networks]
        last = f"{one.title}, at {plain(one.levels[-1])}"
        means, worst = [c.mean for c in changes], [c.worst for c in changes]
        for key, name, hint, shares in (
            ("mean", f"{one.title}, mean", "over the levels", means),
            ("worst", last, one.unit, worst),
        ):
            cells = _marked(shares, robustness)
            rows.append(Row(f"robust-{one.name}-{key}", name, hint, cells))
    return Table(tuple(network.label for network in networks), tuple(rows))


def _marked(shares: Sequence[float], robustness: Robustness) -> tuple[Cell, ...]:
    """Mark those that lose least of those that have something to lose, unless all lose alike."""
    compared = better_than_constant(robustness)
    counted = [s for s, n in zip(shares, robustness.networks, strict=True) if n in compared]
    best, least = max(counted, default=0.0), min(counted, default=0.0)

    def cell(share: float, network: Scored) -> Cell:
        marked = network in compared and best - least >= ALIKE and best - share < ALIKE
        return Cell(shown(share), "better" if marked else "")

    return tuple(cell(s, n) for s, n in zip(shares, robustness.networks, strict=True))


def score_table(robustness: Robustness) -> Table:
    """Put the mIoU of every corruption and level into rows."""
    networks = robustness.networks
    rows = [
        Row(
            f"robust-{one.name}-{i}",
            f"{one.title} {plain(level)}",
            one.unit,
            tuple(Cell(score(network.miou[one.name][i])) for network in networks),
        )
        for one in robustness.corruptions
        for i, level in enumerate(one.levels)
    ]
    return Table(tuple(network.label for network in networks), tuple(rows))
