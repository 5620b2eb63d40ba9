"""The pages under docs/: their code runs, their lists are complete, versions agree."""

import ast
import re

import pytest
import yaml

import spikeseg
from pages import REGISTRIES, ROOT, blocks, leave_registries_as_found, name_of, run_code
from spikeseg.config import ConversionConfig, DataConfig, NetworkConfig
from spikeseg.graph import topology, transforms

DOCS = ROOT / "docs"
PLUG_POINTS = [DOCS / "plug-points" / f"{name}.md" for name in REGISTRIES]


@pytest.mark.parametrize(
    "page", [*PLUG_POINTS, DOCS / "tour.md", DOCS / "energy.md", DOCS / "events.md"], ids=name_of
)
def test_the_code_on_a_page_runs(page, monkeypatch, tmp_path, capsys):
    leave_registries_as_found(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert blocks(page, "python")
    run_code(page)


@pytest.mark.parametrize("page", PLUG_POINTS, ids=name_of)
def test_a_plug_point_s_page_lists_its_members(page):
    section = re.search(r"## Members\n(.*?)\n## ", page.read_text("utf-8"), re.S)
    assert section is not None
    told = tuple(re.findall(r"^\| `(\w+)` \|", section[1], re.M))
    assert told == REGISTRIES[page.stem].names()


@pytest.mark.parametrize("page", PLUG_POINTS, ids=name_of)
def test_a_plug_point_s_page_names_a_registry_that_gains_the_member(page, monkeypatch, tmp_path):
    leave_registries_as_found(monkeypatch)
    monkeypatch.chdir(tmp_path)
    registry = REGISTRIES[page.stem]
    before = set(registry.names())
    run_code(page)
    gained = set(registry.names()) - before
    new_file = re.search(r"^`spikeseg/[\w/]+/(\w+)\.py`", page.read_text("utf-8"), re.M)
    assert new_file is not None
    assert gained == {new_file[1]}


@pytest.mark.parametrize("page", PLUG_POINTS, ids=name_of)
def test_a_plug_point_s_page_names_its_folder(page):
    told = re.search(r"^Folder `([\w/]+)`, registry `(\w+)`", page.read_text("utf-8"), re.M)
    assert told is not None
    assert told[1].replace("/", ".") == REGISTRIES[page.stem].package
    assert told[2] in (DOCS / "architecture.md").read_text("utf-8")


def test_the_reference_names_everything_that_the_package_exports():
    text = (DOCS / "api.md").read_text("utf-8").split("## ")[0]
    named = set(re.findall(r"`(\w+)`", text)) - {"spikeseg"}
    assert named == set(spikeseg.__all__)


def test_the_closed_set_of_transforms_is_told_whole():
    text = (DOCS / "architecture.md").read_text("utf-8")
    for kind in transforms.Transform.__args__:
        assert f"`{kind.__name__}`" in text
    assert len(transforms.Transform.__args__) == 9
    assert topology.Transform is transforms.Transform


def drawn_floors():
    """Return the height of each package as the architecture page draws it; the ground is 0."""
    drawing = blocks(DOCS / "architecture.md", "text")[0].splitlines()
    lines = [line[:36].split() for line in drawing]
    lines = [*lines[:-2], lines[-2] + lines[-1]]
    return {name: height for height, line in enumerate(reversed(lines)) for name in line}


def imported_packages(path):
    """Return the packages of spikeseg that a file imports."""
    nodes = [
        n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.ImportFrom)
    ]
    found = set()
    for module in (n.module for n in nodes if (n.module or "").startswith("spikeseg.")):
        found.add(module.split(".")[1])
    for node in (n for n in nodes if n.module == "spikeseg"):
        found |= {alias.name for alias in node.names}
    return found - {"_version"}


def test_imports_go_downstairs_as_the_floors_are_drawn():
    floors, source = drawn_floors(), ROOT / "src/spikeseg"
    tops = {p.stem for p in source.iterdir() if not p.name.startswith("_")} - {"py"}
    assert tops == set(floors)
    upwards = []
    for path in source.rglob("*.py"):
        own = path.relative_to(source).parts[0].removesuffix(".py")
        for other in imported_packages(path) if own in floors else ():
            is_ground = floors[own] == 0 == floors[other]
            if other != own and not is_ground and floors[other] >= floors[own]:
                upwards.append(f"{own} imports {other}")
    assert upwards == []


def test_the_defaults_that_the_pages_tell_are_those_of_the_code():
    conversion = ConversionConfig()
    assert "half_threshold" in conversion.recipes  # concepts: half a threshold by default
    assert spikeseg.Neuron().tau_syn == 0  # concepts: no synaptic filter by default
    assert DataConfig().test is None  # data: the last fifth
    assert NetworkConfig().name == "unet"


def test_the_changelog_begins_with_the_version_of_the_package():
    first = re.search(
        r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M
    )
    assert first is not None
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert first[1] == spikeseg.__version__ == citation["version"]
    assert first[2] == str(citation["date-released"]) == "2026-11-21"
