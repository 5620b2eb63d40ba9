"""Scatter charts: one dot a layer, colored by its role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spikeseg.report.charts import BOTTOM, LEFT, RIGHT, TOP, Axis, Dot, Line, Tick
from spikeseg.report.words import plain


@dataclass(frozen=True)
class Point:
    """What `scatter` draws as one dot: where, of which group, and its name."""

    x: float
    y: float
    group: str
    name: str


@dataclass(frozen=True)
class Scatter:
    """Dots in groups."""

    title: str
    x_label: str
    y_label: str
    x: Axis
    y: Axis
    groups: tuple[Line, ...]

    @property
    def x_ticks(self) -> tuple[Tick, ...]:
        """Ticks of the x axis."""
        return self.x.ticks(6)

    @property
    def y_ticks(self) -> tuple[Tick, ...]:
        """Ticks of the y axis."""
        return self.y.ticks(5)


def scatter(
    title: str, labels: tuple[str, str], points: Sequence[Point], styles: Mapping[str, str]
) -> Scatter:
    """Lay out dots; both axes begin at 0, so that distances are not exaggerated.

    Args:
        title: what the chart shows.
        labels: of the x axis and of the y axis.
        points: at least one; no value is negative.
        styles: the CSS class of each group, in the order of the legend.
    """
    x = Axis(0.0, 1.06 * max(p.x for p in points) or 1.0, LEFT, RIGHT)
    y = Axis(0.0, 1.06 * max(p.y for p in points) or 1.0, BOTTOM, TOP)

    def dot(p: Point) -> Dot:
        text = f"{p.name}: {labels[0]} {plain(p.x)}, {labels[1]} {plain(p.y)}"
        return Dot(x.at(p.x), y.at(p.y), text)

    groups = tuple(
        Line(group, style, tuple(dot(p) for p in points if p.group == group))
        for group, style in styles.items()
    )
    return Scatter(title, *labels, x, y, tuple(group for group in groups if group.dots))
