"""Firing-rate histograms: small multiples, one for each layer, on one common axis of rates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikeseg.report.charts import Axis, Tick
from spikeseg.report.results import Layer
from spikeseg.report.words import percent

LEFT, RIGHT, TOP, BOTTOM = 42.0, 272.0, 8.0, 128.0
MARKS = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
COVERED = 0.995
"""The rate axis ends where this share of every layer's neurons is shown; the last bar has the
rest."""


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram, with the text shown when one points at it."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True)
class Histogram:
    """One layer's firing rates: bars, the band, and the outline of the comparison, if any."""

    layer: Layer
    bars: tuple[Bar, ...]
    outline: str
    compared: Layer | None
    band: tuple[float, float]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def histograms(
    layers: Sequence[Layer], band_hz: tuple[float, float], compared: Sequence[Layer] = ()
) -> tuple[Histogram, ...]:
    """Lay out one histogram for each layer.

    Heights are shares of the layer's neurons on a square-root scale, so that a small group of
    neurons far from the band stays visible beside a tall bar.

    Args:
        layers: drawn as bars.
        band_hz: the shaded band.
        compared: layers of another run, drawn as outlines over those of the same name.
    """
    x = Axis(0.0, _last_rate([*layers, *compared], band_hz), LEFT, RIGHT)
    others = {layer.name: layer for layer in compared}
    return tuple(_histogram(layer, others.get(layer.name), band_hz, x) for layer in layers)


def _last_rate(layers: Sequence[Layer], band_hz: tuple[float, float]) -> float:
    ends = [1.25 * band_hz[1]]
    for layer in layers:
        shares = np.cumsum(layer.counts) / max(sum(layer.counts), 1)
        ends.append(layer.edges_hz[1 + int(np.argmax(shares >= COVERED))])
    return max(ends)


def _histogram(
    layer: Layer, other: Layer | None, band_hz: tuple[float, float], x: Axis
) -> Histogram:
    cut = _cut(layer, x.high)
    cut_other = _cut(other, x.high) if other else []
    top = max([share for _, _, share in cut + cut_other] + [1e-3])
    y = Axis(0.0, top**0.5, BOTTOM, TOP)
    marks = [mark for mark in MARKS if mark <= top and mark >= top / 40]
    return Histogram(
        layer,
        tuple(_bar(low, high, share, x, y) for low, high, share in cut if share > 0),
        _outline(cut_other, x, y),
        other,
        (x.at(band_hz[0]), x.at(band_hz[1])),
        x.ticks(4),
        tuple(Tick(y.at(mark**0.5), f"{100 * mark:g} %") for mark in _spaced(marks)),
    )


def _spaced(marks: list[float]) -> list[float]:
    """Keep the marks that stand well apart on the square-root scale, from the top down."""
    kept: list[float] = []
    for mark in reversed(marks):
        if not kept or mark <= kept[-1] / 2:
            kept.append(mark)
    return kept


def _cut(layer: Layer, end: float) -> list[tuple[float, float, float]]:
    """Return (from, to, share) of each bin; the last bin before ``end`` takes all beyond."""
    total = max(sum(layer.counts), 1)
    bins = list(zip(layer.edges_hz, layer.edges_hz[1:], layer.counts, strict=False))
    inside = [(low, min(high, end), n / total) for low, high, n in bins if low < end]
    low, high, share = inside[-1]
    beyond = sum(n for start, _, n in bins if start >= end) / total
    return [*inside[:-1], (low, high, share + beyond)]


def _bar(low: float, high: float, share: float, x: Axis, y: Axis) -> Bar:
    left, right, top = x.at(low), x.at(high), y.at(share**0.5)
    text = f"{percent(share)} of the neurons at {low:g} to {high:g} Hz"
    width = max(round(right - left - 0.6, 2), 0.4)
    return Bar(left, top, width, round(max(BOTTOM - top, 0.8), 2), text)


def _outline(cut: list[tuple[float, float, float]], x: Axis, y: Axis) -> str:
    if not cut:
        return ""
    steps = "".join(f"V{y.at(share**0.5)}H{x.at(high)}" for _, high, share in cut)
    return f"M{x.at(cut[0][0])},{BOTTOM}{steps}V{BOTTOM}"
