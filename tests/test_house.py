"""The house: imports only go downstairs, the wings do not meet, files stay small."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "spikeseg"
FLOORS = (
    {"errors", "registry", "config", "files", "progress", "_version"},
    {"neurons", "surrogates"},
    {"graph"},
    {"engine", "metrics", "images", "events", "chips", "meters"},
    {"layers", "compiling", "emulation", "placing"},
    {"spiking"},
    {"losses"},
    {"networks", "data", "batches", "energy", "robustness"},
    {"training", "conversion", "exporters"},
    {"inference", "diagnosis", "tuning", "onchip"},
    {"own"},
    {"runs", "report"},
    {"cli", "__main__"},
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
LEARNING = {
    "layers",
    "losses",
    "spiking",
    "networks",
    "data",
    "batches",
    "training",
    "conversion",
    "finetuning",
    "diagnosis",
    "tuning",
    "robustness",
}
CHIP = {"chips", "compiling", "emulation", "placing", "energy"}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room (a package, or a file of the ground floor) that a file lies in."""
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(source: str) -> Iterator[str]:
    """Yield each room that a text imports from, wherever in the text the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            whole = node.module == "spikeseg"
            names = [f"spikeseg.{a.name}" for a in node.names] if whole else [str(node.module)]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("spikeseg."))


def edges() -> set[tuple[str, str]]:
    pairs = ((room_of(f), room) for f in FILES for room in imported(f.read_text()))
    return {(a, b) for a, b in pairs if a not in (b, "__init__")}


def test_every_room_has_a_floor() -> None:
    rooms = {room_of(f) for f in FILES} - {"__init__"}
    assert rooms == set(FLOOR), "a new room needs a floor, and no floor names an absent room"


def test_an_import_is_found_wherever_it_stands() -> None:
    text = """
from typing import TYPE_CHECKING
import spikeseg.graph.storage
from spikeseg import config
if TYPE_CHECKING:
    from spikeseg.runs import RunFolder
def f():
    from spikeseg.cli.console import print_json
    import torch
"""
    assert set(imported(text)) == {"graph", "config", "runs", "cli"}


def test_imports_only_go_downstairs() -> None:
    level = [(a, b) for a, b in edges() if FLOOR[a] < FLOOR[b]]
    assert level == []


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    below: dict[str, set[str]] = {}
    for a, b in edges():
        below.setdefault(a, set()).add(b)
    order = list(graphlib.TopologicalSorter(below).static_order())
    assert order.index("errors") < order.index("cli")


def test_the_learning_wing_and_the_chip_wing_do_not_meet() -> None:
    meeting = [(a, b) for a, b in edges() if {a, b} & LEARNING and {a, b} & CHIP]
    assert meeting == []


def test_the_graph_knows_no_framework() -> None:
    text = "".join(f.read_text() for f in FILES if room_of(f) in ("graph", "neurons"))
    roots = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not roots & {"torch", "lightning", "numba"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_is_at_most_300_lines_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


def test_no_file_is_named_after_nothing_in_particular() -> None:
    parts = {part for f in FILES for part in f.relative_to(SOURCE).with_suffix("").parts}
    assert not {p.strip("_") for p in parts} & {"utils", "common", "base", "manager", "misc"}


def test_test_files_are_at_most_300_lines() -> None:
    long = [f.name for f in (ROOT / "tests").glob("*.py") if len(f.read_text().splitlines()) > 300]
    assert long == []
