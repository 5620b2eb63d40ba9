"""The pictures of energy, read back from their SVG."""

import math
import re
from xml.etree import ElementTree

import pytest

from report_energy import LOWER, energy_of, energy_values, write_energy
from spikeseg.chips import load_chip
from spikeseg.report.chip_map import chip_map_picture
from spikeseg.report.energy_bars import JOULES, SHARES, energy_bars
from spikeseg.report.energy_curve import energy_chart
from spikeseg.report.energy_results import ChipMap, Pair, PlacedCore

SVG = "{http://www.w3.org/2000/svg}"
LOIHI = load_chip("loihi1")


@pytest.fixture
def energy(tmp_path):
    return energy_of(tmp_path)


def titled(picture, tag, words):
    """Return the shapes whose text holds ``words``."""
    shapes = picture.iter(f"{SVG}{tag}")
    return [s for s in shapes if words in (s.findtext(f"{SVG}title") or "")]


def test_parts_are_as_wide_as_their_share(energy):
    picture = ElementTree.fromstring(energy_bars(energy))
    whole = SHARES[1] - SHARES[0]
    shares = {"idle neurons": 1 / 8, "active neurons": 1 / 8, "synapses": 1 / 2, "static": 1 / 4}
    for label, share in shares.items():
        [part] = titled(picture, "rect", f"{label} under davies2018" if label != "static"
                        else "static power under davies2018")  # fmt: skip
        assert float(part.get("width")) == pytest.approx(share * whole, abs=0.02)
    assert titled(picture, "rect", "network under davies2018") == []


def test_energies_stand_on_one_logarithmic_axis(energy):
    picture = ElementTree.fromstring(energy_bars(energy))
    [davies] = titled(picture, "circle", "under davies2018")
    [quiet] = titled(picture, "circle", "under quiet")
    decades = (JOULES[1] - JOULES[0]) / 5  # 1 uJ to 0.1 J, in which 11 mJ fits
    apart = float(davies.get("cx")) - float(quiet.get("cx"))
    assert apart == pytest.approx(math.log10(8e-3 / 1e-6) * decades, abs=0.02)
    rivals = titled(picture, "rect", "dense INT8 under horowitz45_memory")
    assert len(rivals) == 3
    text = [" ".join("".join(t.itertext()).split()) for t in picture.iter(f"{SVG}text")]
    assert [t for t in text if t.endswith("J")] == ["1 µJ", "10 µJ", "100 µJ", "1 mJ", "10 mJ",
                                                    "100 mJ"]  # fmt: skip


def map_of(*cores, between=((0.0, 5.0), (9.0, 0.0)), pairs=()):
    return ChipMap(between, tuple(PlacedCore(*c) for c in cores), tuple(Pair(*p) for p in pairs))


def squares(found, chip=LOIHI):
    picture = ElementTree.fromstring(chip_map_picture(found, chip))
    return picture, [r for r in picture.iter(f"{SVG}rect") if r.get("class") == "core"]


def test_cores_lie_in_the_tile_of_their_position():
    """Positions fill a tile of 4, then the next to the right; rows of 8 tiles below each other."""
    _, cores = squares(map_of(("a", 0, 0), ("a", 0, 1), ("a", 0, 2), ("a", 0, 4), ("a", 0, 32),
                              ("b", 1, 0)))  # fmt: skip
    at = [(float(c.get("x")), float(c.get("y"))) for c in cores]
    first, right, below, next_tile, next_row, other = at
    assert right[1] == first[1]
    assert right[0] > first[0]
    assert below[0] == first[0]
    assert below[1] == pytest.approx(first[1] + right[0] - first[0], abs=0.02)
    tile = next_tile[0] - first[0]
    assert tile > 2 * (right[0] - first[0])
    assert next_row == pytest.approx((first[0], first[1] + tile), abs=0.02)
    assert other[0] > first[0] + 8 * tile
    assert other[1] == first[1]


def test_layers_have_their_own_colors_and_a_legend():
    picture, cores = squares(map_of(("a", 0, 0), ("b", 0, 1), ("a", 1, 0)))
    colors = [core.get("fill") for core in cores]
    assert colors[0] == colors[2] != colors[1]
    keys = [r.get("fill") for r in picture.iter(f"{SVG}rect") if r.get("class") is None]
    assert keys == colors[:2]
    text = ["".join(t.itertext()) for t in picture.iter(f"{SVG}text")]
    assert {"a 2", "b 1"} <= set(text)


def test_lines_are_as_wide_as_their_packets_and_numbers_stand_between_two_chips():
    found = map_of(("a", 0, 0), ("b", 1, 0), ("b", 1, 1), pairs=[(0, 1, 40.0), (0, 2, 10.0)])
    picture, cores = squares(found)
    thin, thick = [e for e in picture.iter(f"{SVG}line") if e.get("class") == "wire"]
    assert float(thick.get("stroke-width")) == 4 * float(thin.get("stroke-width"))
    side = float(cores[0].get("width"))
    assert float(thick.get("x1")) == pytest.approx(float(cores[0].get("x")) + side / 2, abs=0.01)
    assert float(thick.get("x2")) == pytest.approx(float(cores[1].get("x")) + side / 2, abs=0.01)
    text = ["".join(t.itertext()) for t in picture.iter(f"{SVG}text")]
    assert {"5 →", "← 9", "packets a step"} <= set(text)


@pytest.mark.parametrize("chips", range(1, 17))
def test_any_number_of_chips_fits_the_picture(chips):
    values = energy_values(num_chips=chips)["map"]
    found = map_of(*values["cores"], between=tuple(map(tuple, values["between_chips"])),
                   pairs=values["pairs"])  # fmt: skip
    picture, cores = squares(found)
    width, height = map(float, picture.get("viewBox").split()[2:])
    tiles = [r for r in picture.iter(f"{SVG}rect") if r.get("class") == "tile"]
    assert len(tiles) == 32 * chips
    corners = {(r.get("x"), r.get("y")) for r in tiles}
    assert len(corners) == len(tiles), "no tile lies on another"
    for shape in (*tiles, *cores):
        assert 0 <= float(shape.get("x")) <= width - float(shape.get("width"))
        assert 0 <= float(shape.get("y")) <= height - float(shape.get("height"))


def test_energy_against_accuracy_is_drawn_from_the_points(tmp_path, energy):
    write_energy(tmp_path / "other", band=LOWER)
    other = energy_of(tmp_path, [tmp_path / "other"]).beside[0]
    chart = energy_chart((energy.curve, other))
    assert [line.label for line in chart.lines][1] == "other (20 to 80 Hz)"
    first, last = chart.lines[0].dots
    assert (first.x, first.y) == (chart.lines[1].dots[0].x, chart.lines[1].dots[0].y)
    assert chart.x.at(math.log10(2e-3)) == first.x
    assert chart.y.at(0.95) == last.y
    assert last.x > first.x
    assert last.y < first.y
    assert chart.steps == ((8, 32), (8, 32))
    numbers = [re.match(r"[\d.]+", tick.label) for tick in chart.x_ticks]
    assert len(numbers) >= 2
    assert all(numbers)
