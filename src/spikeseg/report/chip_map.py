"""The map of chips: their meshes of tiles, the cores on them by layer, the traffic between."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.chips import ChipSpec
from spikeseg.report.energy_results import ChipMap, Pair, PlacedCore
from spikeseg.report.rendering import render
from spikeseg.report.words import amount, plain

WIDTH, GAP, HEAD = 960.0, 120.0, 26.0
MOST_TILE = 68.0
LINES = 80
"""Pairs of cores between which a line is drawn."""
THICK = 3.0
LEGEND, LETTER = 15.0, 6.6


@dataclass(frozen=True)
class Square:
    """A core, or a tile: where it is, its color, its text."""

    x: float
    y: float
    side: float
    color: str
    text: str

    @property
    def middle(self) -> tuple[float, float]:
        """Its center."""
        return round(self.x + self.side / 2, 2), round(self.y + self.side / 2, 2)


@dataclass(frozen=True)
class Wire:
    """Traffic between two cores."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    text: str


@dataclass(frozen=True)
class Key:
    """A layer in the legend."""

    x: float
    y: float
    color: str
    name: str
    cores: int


class Grid:
    """Where chips, tiles and cores stand in the picture.

    Args:
        chips: how many are drawn, in rows of about as many.
        spec: of a chip.
    """

    def __init__(self, chips: int, spec: ChipSpec) -> None:
        self.spec, self.chips = spec, chips
        self.columns = 2 if chips == 2 else math.ceil(math.sqrt(chips))
        rows, columns = spec.mesh
        room = (WIDTH - 2 - GAP * (self.columns - 1)) / self.columns
        self.tile = round(min(room / columns, MOST_TILE), 2)
        self.width, self.height = self.tile * columns, self.tile * rows
        whole = self.columns * self.width + (self.columns - 1) * GAP
        self.left = (WIDTH - whole) / 2
        self.across = math.ceil(math.sqrt(spec.cores_per_tile))

    @property
    def foot(self) -> float:
        """Where the last row of chips ends."""
        return math.ceil(self.chips / self.columns) * (self.height + 2 * HEAD)

    def corner(self, chip: int) -> tuple[float, float]:
        """Return the upper left corner of a chip's mesh."""
        row, column = divmod(chip, self.columns)
        return self.left + column * (self.width + GAP), HEAD + row * (self.height + 2 * HEAD)

    def tiles(self, chip: int) -> list[Square]:
        """Return the tiles of a chip."""
        rows, columns = self.spec.mesh
        (x, y), side = self.corner(chip), self.tile
        return [
            Square(
                round(x + c * side + 1, 2), round(y + r * side + 1, 2), round(side - 2, 2), "", ""
            )
            for r in range(rows)
            for c in range(columns)
        ]

    def core(self, core: PlacedCore, number: int, color: str) -> Square:
        """Return a core in its tile."""
        (row, column), (x, y) = self.spec.tile(core.position), self.corner(core.chip)
        pitch = (self.tile - 6) / self.across
        down, right = divmod(core.position % self.spec.cores_per_tile, self.across)
        return Square(
            round(x + column * self.tile + 3 + right * pitch + 0.5, 2),
            round(y + row * self.tile + 3 + down * pitch + 0.5, 2),
            round(pitch - 1, 2),
            color,
            f"core {number}, {core.layer}: chip {core.chip}, position {core.position}",
        )


def chip_map_picture(found: ChipMap, spec: ChipSpec) -> str:
    """Return a picture (SVG) of the chips, their cores by layer, and the traffic between chips.

    Args:
        found: with cores.
        spec: of a chip.
    """
    grid = Grid(len(found.between), spec)
    counts: dict[str, int] = {}
    for core in found.cores:
        counts[core.layer] = counts.get(core.layer, 0) + 1
    colors = dict(zip(counts, _colors(len(counts)), strict=True))
    cores = [grid.core(core, i, colors[core.layer]) for i, core in enumerate(found.cores)]
    keys, foot = _legend(counts, colors, grid.foot + 6)
    content = {
        "width": WIDTH,
        "height": foot + 6,
        "grid": grid,
        "chips": [(grid.corner(k), grid.tiles(k)) for k in range(grid.chips)],
        "used": [sum(core.chip == k for core in found.cores) for k in range(grid.chips)],
        "cores": cores,
        "wires": _wires(found.pairs, cores),
        "keys": keys,
        "between": [amount(found.between[i][1 - i]) for i in (0, 1)] if grid.chips == 2 else [],
    }
    return render("chip_map.svg", content)


def _colors(number: int) -> list[str]:
    """Return colors round the circle, neighbors of unlike lightness."""
    return [f"hsl({360 * i / number:.0f} 58% {(44, 62)[i % 2]}%)" for i in range(number)]


def _wires(pairs: Sequence[Pair], cores: Sequence[Square]) -> list[Wire]:
    """Return lines between the pairs with most packets, the strongest last and so on top."""
    drawn = sorted(pairs, key=lambda pair: -pair.packets)[:LINES]
    most = max((pair.packets for pair in drawn), default=0.0) or 1.0
    return [_wire(pair, cores, most) for pair in reversed(drawn)]


def _wire(pair: Pair, cores: Sequence[Square], most: float) -> Wire:
    return Wire(
        cores[pair.one].middle,
        cores[pair.other].middle,
        round(max(THICK * pair.packets / most, 0.2), 2),
        f"cores {pair.one} and {pair.other}: {plain(pair.packets)} packets a step",
    )


def _legend(counts: dict[str, int], colors: dict[str, str], top: float) -> tuple[list[Key], float]:
    """Return the layers in rows, and where the last row ends."""
    each = LETTER * max(len(f"{name} {cores}") for name, cores in counts.items()) + 30
    columns = max(1, int(WIDTH // each))
    keys = [
        Key(each * (i % columns), top + LEGEND * (i // columns), colors[name], name, cores)
        for i, (name, cores) in enumerate(counts.items())
    ]
    return keys, keys[-1].y + LEGEND
