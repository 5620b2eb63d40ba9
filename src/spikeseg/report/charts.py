"""The geometry of the charts; the template draws it as inline SVG in the colors of the page."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spikeseg.report.words import plain

WIDTH, HEIGHT = 400.0, 230.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 388.0, 12.0, 186.0


@dataclass(frozen=True)
class Tick:
    """A labeled position (in SVG units) on an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """A linear map from ``low..high`` to the SVG positions ``start..end``.

    >>> Axis(0, 10, 100, 200).at(5)
    150.0
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of ``value``, rounded to a hundredth of a unit."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self, about: int = 5, whole: bool = False) -> tuple[Tick, ...]:
        """Return about ``about`` ticks at round values; only whole numbers if ``whole``."""
        values = round_values(self.low, self.high, about, whole)
        return tuple(Tick(self.at(value), plain(value)) for value in values)


def round_values(low: float, high: float, about: int = 5, whole: bool = False) -> list[float]:
    """Return about ``about`` multiples of 1, 2 or 5 times a power of ten within ``low..high``.

    >>> round_values(0, 32, 8), round_values(0.71, 0.92)
    ([0, 5, 10, 15, 20, 25, 30], [0.75, 0.8, 0.85, 0.9])
    """
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= 0.999 * raw)
    step = max(step, 1.0) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [
        float(f"{k * step:.12g}") if step < 1 else int(k * step) for k in range(first, last + 1)
    ]


@dataclass(frozen=True)
class Dot:
    """A data point with the text shown when one points at it."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Line:
    """One line: its label, its style (a CSS class), and its dots."""

    label: str
    style: str
    dots: tuple[Dot, ...]

    @property
    def path(self) -> str:
        """The line as the ``d`` of an SVG path."""
        return "L".join(f"{'' if i else 'M'}{dot.x},{dot.y}" for i, dot in enumerate(self.dots))


@dataclass(frozen=True)
class Level:
    """A dashed horizontal line at a value."""

    label: str
    style: str
    y: float


@dataclass(frozen=True)
class LineChart:
    """Lines over a common x axis."""

    title: str
    x_label: str
    y_label: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    levels: tuple[Level, ...] = ()

    @property
    def x_ticks(self) -> tuple[Tick, ...]:
        """Ticks of the x axis, which counts steps or epochs."""
        return self.x.ticks(8, whole=True)

    @property
    def y_ticks(self) -> tuple[Tick, ...]:
        """Ticks of the y axis."""
        return self.y.ticks(6)


@dataclass(frozen=True)
class Lined:
    """What `line_chart` draws as one line: a label, a CSS class, and the y values.

    ``at`` holds the x values where they are not those of the chart.
    """

    label: str
    style: str
    values: Sequence[float]
    at: Sequence[float] = ()


def line_chart(
    title: str,
    labels: tuple[str, str],
    x_values: Sequence[float],
    lines: Sequence[Lined],
    levels: Sequence[tuple[str, str, float]] = (),
    show: Callable[[float], str] = plain,
) -> LineChart:
    """Lay out lines and dashed levels, with the axes fitted to them.

    Args:
        title: what the chart shows.
        labels: of the x axis and of the y axis.
        x_values: (P) of every line that has none of its own, ascending.
        lines: each with P values; those that are not finite are left out.
        levels: label, CSS class and value of each dashed line.
        show: prints a y value for the text shown when one points at a dot.
    """
    values = [v for line in lines for v in line.values if math.isfinite(v)]
    values = values + [level[2] for level in levels] or [0.0]
    places = [*x_values, *(place for line in lines for place in line.at)]
    x = Axis(*_padded(min(places), max(places), 0.0), LEFT, RIGHT)
    y = Axis(*_padded(min(values), max(values), 0.06), BOTTOM, TOP)
    return LineChart(
        title,
        *labels,
        x,
        y,
        tuple(_line(line, labels[0], x_values, x, y, show) for line in lines),
        tuple(Level(label, style, y.at(value)) for label, style, value in levels),
    )


def _line(
    line: Lined,
    x_label: str,
    x_values: Sequence[float],
    x: Axis,
    y: Axis,
    show: Callable[[float], str],
) -> Line:
    dots = (
        Dot(x.at(a), y.at(b), f"{line.label}: {show(b)} ({x_label} {plain(a)})")
        for a, b in zip(line.at or x_values, line.values, strict=True)
        if math.isfinite(b)
    )
    return Line(line.label, line.style, tuple(dots))


def _padded(low: float, high: float, share: float) -> tuple[float, float]:
    if high - low < 1e-9:
        margin = 0.1 * abs(low) or 1.0
        return low - margin, high + margin
    return low - share * (high - low), high + share * (high - low)
