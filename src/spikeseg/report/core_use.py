"""How full the cores of a chip program are: one panel a resource, all cores side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.chips import ChipSpec
from spikeseg.compiling.resources import CoreUse
from spikeseg.report.charts import Axis
from spikeseg.report.rendering import render
from spikeseg.report.words import percent

WIDTH, LEFT, RIGHT = 960.0, 126.0, 876.0
TOP, HEIGHT, BETWEEN = 12.0, 64.0, 16.0
GAP = 3.0
LETTER = 7.0
"""About the width of a letter of a layer's name."""

LABELS = {
    "compartments": "neurons",
    "in_axons": "input axons",
    "out_axons": "output axons",
    "synapse_bits": "synapse memory",
    "profiles": "kinds of neurons",
    "thresholds": "thresholds",
}
ALWAYS = ("compartments", "in_axons", "out_axons", "synapse_bits")


@dataclass(frozen=True)
class Span:
    """Where the cores of one layer stand on the x axis."""

    name: str
    cores: int
    x: float
    width: float

    @property
    def middle(self) -> float:
        """The middle of its width."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True)
class Area:
    """The shares of one layer's cores as an outline, with the text shown when pointed at."""

    x: float
    width: float
    path: str
    text: str
    is_over: bool


@dataclass(frozen=True)
class Panel:
    """One resource: an area for each layer, and the line of the limit."""

    label: str
    limit: int
    unit: str
    top: float
    full: float
    most: float
    areas: tuple[Area, ...]
    height: float = HEIGHT

    @property
    def middle(self) -> float:
        """Where its labels stand."""
        return self.top + self.height / 2


def core_use_picture(uses: Sequence[CoreUse], chip: ChipSpec) -> str:
    """Return a picture (SVG) of the share that each core uses of each resource.

    A layer is as wide as its share of the cores, but never too narrow to be seen. What exceeds a
    limit is drawn in another color, above the line of the limit. Resources of which every core
    uses one, kinds of neurons and thresholds, are left out.

    Args:
        uses: at least one, the cores of a layer side by side.
        chip: its limits.
    """
    spans = _spans(uses)
    names = [n for n in LABELS if n in ALWAYS or any(getattr(use, n) > 1 for use in uses)]
    panels = [_panel(name, number, uses, chip, spans) for number, name in enumerate(names)]
    slanted = any(LETTER * len(span.name) > span.width for span in spans)
    longest = max(len(span.name) for span in spans)
    foot = panels[-1].top + HEIGHT + 18
    content = {
        "width": WIDTH,
        "height": round(foot + (0.65 * LETTER * (longest + 4) if slanted else 22), 1),
        "left": LEFT,
        "right": RIGHT,
        "foot": foot,
        "slanted": slanted,
        "panels": panels,
        "layers": spans,
        "num_cores": len(uses),
    }
    return render("core_use.svg", content)


def _spans(uses: Sequence[CoreUse]) -> tuple[Span, ...]:
    counts: dict[str, int] = {}
    for use in uses:
        counts[use.layer] = counts.get(use.layer, 0) + 1
    room = RIGHT - LEFT - GAP * (len(counts) - 1)
    least = min(30.0, 0.5 * room / len(counts))
    each = (room - least * len(counts)) / len(uses)
    spans = []
    x = LEFT
    for name, cores in counts.items():
        width = least + each * cores
        spans.append(Span(name, cores, round(x, 2), round(width, 2)))
        x += width + GAP
    return tuple(spans)


def _panel(
    name: str, number: int, uses: Sequence[CoreUse], chip: ChipSpec, spans: Sequence[Span]
) -> Panel:
    limit = int(getattr(chip, name))
    shares = {
        span.name: [getattr(u, name) / limit for u in uses if u.layer == span.name]
        for span in spans
    }
    most = max(max(values) for values in shares.values())
    top = TOP + number * (HEIGHT + BETWEEN)
    y = Axis(0.0, max(most, 1.0), top + HEIGHT, top)
    areas = tuple(_area(span, shares[span.name], y, LABELS[name]) for span in spans)
    unit = " bits" if name == "synapse_bits" else ""
    return Panel(LABELS[name], limit, unit, top, y.at(1.0), most, areas)


def _area(span: Span, shares: Sequence[float], y: Axis, label: str) -> Area:
    """Draw a step a core; equal neighbors share one."""
    x = Axis(0, len(shares), span.x, span.x + span.width)
    path = f"M{x.at(0)},{y.start}"
    for core, share in enumerate(shares):
        if core == 0 or share != shares[core - 1]:
            path += f"H{x.at(core)}V{y.at(share)}"
    path += f"H{x.at(len(shares))}V{y.start}Z"
    mean = sum(shares) / len(shares)
    text = f"{span.name}, {label}: {percent(max(shares))} at most, {percent(mean)} on average"
    return Area(span.x, span.width, path, text, max(shares) > 1)
