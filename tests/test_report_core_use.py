"""The picture of how full cores are, read back from its SVG."""

import re
from xml.etree import ElementTree

import pytest

from spikeseg.chips import Box, load_chip
from spikeseg.compiling.resources import CoreUse
from spikeseg.report.core_use import core_use_picture

CHIP = load_chip("loihi1")
SVG = "{http://www.w3.org/2000/svg}"


def use(layer: str, compartments: int, bits: int = 0, thresholds: int = 1) -> CoreUse:
    box = Box.whole((1, 1, compartments))
    return CoreUse(layer, box, compartments, 100, 200, bits, 1, thresholds)


def drawn(*uses: CoreUse) -> ElementTree.Element:
    return ElementTree.fromstring(core_use_picture(uses, CHIP))


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]


def heights(path: ElementTree.Element) -> list[float]:
    """Return the heights of an outline's steps above its ground."""
    ground = float(re.findall(r"M[\d.]+,([\d.]+)", path.attrib["d"])[0])
    return [ground - float(v) for v in re.findall(r"V([\d.]+)", path.attrib["d"])[:-1]]


def test_every_layer_and_every_resource_is_drawn_and_named() -> None:
    picture = drawn(use("enc", 1024), use("enc", 512), use("dec", 256))
    assert {"enc", "dec", "neurons", "input axons", "output axons"} <= set(texts(picture))
    assert len(list(picture.iter(f"{SVG}path"))) == 2 * 4


def test_the_heights_are_the_shares() -> None:
    path = next(drawn(use("enc", 1024), use("enc", 512)).iter(f"{SVG}path"))
    assert heights(path) == pytest.approx([64, 32], abs=0.01)
    assert "100 % at most, 75.0 % on average" in "".join(path.itertext())


def test_what_exceeds_a_limit_stands_above_its_line() -> None:
    picture = drawn(use("enc", 2048), use("dec", 512))
    over, fine = list(picture.iter(f"{SVG}path"))[:2]
    limit = next(picture.iter(f"{SVG}line"))
    assert over.attrib["class"] == "area over"
    assert fine.attrib["class"] == "area"
    assert 64 - float(limit.attrib["y1"]) + 12 == pytest.approx(32)
    assert heights(over) == pytest.approx([64])


def test_thresholds_are_drawn_only_where_they_differ() -> None:
    assert "thresholds" not in texts(drawn(use("enc", 10)))
    assert "thresholds" in texts(drawn(use("enc", 10, thresholds=3)))


def test_layers_fill_the_width_and_none_is_too_narrow_to_see() -> None:
    picture = drawn(use("one", 1), *(use("many", 1024) for _ in range(385)))
    one, many = list(picture.iter(f"{SVG}rect"))[:2]
    assert float(one.attrib["width"]) >= 30
    right = float(many.attrib["x"]) + float(many.attrib["width"])
    assert right == pytest.approx(876, abs=0.1)


def test_a_name_is_text_and_never_markup() -> None:
    assert "a<b>&" in texts(drawn(use("a<b>&", 1)))
