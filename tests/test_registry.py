"""Plug points: names without imports, members on demand, clashes and misspellings by name."""

import importlib
import sys
from pathlib import Path

import pytest

from spikeseg.conversion import RECIPES
from spikeseg.data import DATASETS
from spikeseg.errors import ConfigError, UnknownNameError, nearest
from spikeseg.layers import ACTIVATIONS
from spikeseg.networks import NETWORKS
from spikeseg.neurons import NEURONS
from spikeseg.registry import Registry

REGISTRIES = {r.kind: r for r in (ACTIVATIONS, DATASETS, NETWORKS, NEURONS, RECIPES)}


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[object]:
    """A plug point in a package of its own, with the members ``circle`` and ``square``."""
    package = tmp_path / "shapes_for_tests"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from spikeseg.registry import Registry\nSHAPES = Registry('shape', 'shapes_for_tests')\n"
    )
    for name in ("circle", "square"):
        drop_in(package, name)
    (package / "_inside.py").write_text("raise AssertionError('not a member')")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("shapes_for_tests").SHAPES
    for name in [n for n in sys.modules if n.startswith("shapes_for_tests")]:
        del sys.modules[name]


def drop_in(package: Path, file: str, registered: str | None = None) -> None:
    (package / f"{file}.py").write_text(
        "from shapes_for_tests import SHAPES\n"
        f"@SHAPES.register({registered or file!r})\n"
        f"def draw():\n    return 'a {file}'\n"
    )
    importlib.invalidate_caches()


def test_names_are_sorted_files_and_nothing_is_imported_for_them(shapes: Registry[object]) -> None:
    assert shapes.names() == ("circle", "square")
    assert [n for n in sys.modules if n.startswith("shapes_for_tests.")] == []


def test_a_member_is_imported_alone_when_it_is_asked_for(shapes: Registry[object]) -> None:
    assert shapes.get("square")() == "a square"
    assert [n for n in sys.modules if n.startswith("shapes_for_tests.")] == [
        "shapes_for_tests.square"
    ]


def test_a_file_that_is_dropped_in_is_a_member(shapes: Registry[object], tmp_path: Path) -> None:
    drop_in(tmp_path / "shapes_for_tests", "rhombus")
    assert shapes.names() == ("circle", "rhombus", "square")
    assert shapes.get("rhombus")() == "a rhombus"


def test_an_unknown_name_lists_what_there_is_and_suggests_the_nearest(
    shapes: Registry[object],
) -> None:
    with pytest.raises(UnknownNameError) as caught:
        shapes.get("sqare")
    assert str(caught.value) == (
        "no shape is called 'sqare'; there are: circle, square; did you mean 'square'?"
    )


def test_an_unknown_name_is_a_lookup_error(shapes: Registry[object]) -> None:
    with pytest.raises(LookupError):
        shapes.get("zzz")


def test_a_name_that_is_taken_is_refused_with_both_owners(
    shapes: Registry[object], tmp_path: Path
) -> None:
    drop_in(tmp_path / "shapes_for_tests", "disc", registered="circle")
    shapes.get("circle")
    with pytest.raises(ConfigError) as caught:
        shapes.get("disc")
    message = str(caught.value)
    assert "shapes_for_tests.circle" in message
    assert "shapes_for_tests.disc" in message


def test_a_file_that_registers_another_name_is_said_to(
    shapes: Registry[object], tmp_path: Path
) -> None:
    drop_in(tmp_path / "shapes_for_tests", "oval", registered="ellipse")
    with pytest.raises(ConfigError, match="oval"):
        shapes.get("oval")


def test_a_member_may_be_registered_again_by_its_own_module(shapes: Registry[object]) -> None:
    shapes.get("circle")
    importlib.reload(sys.modules["shapes_for_tests.circle"])
    assert shapes.get("circle")() == "a circle"


def test_members_can_be_registered_from_outside() -> None:
    registry: Registry[str] = Registry("number", "spikeseg.neurons")
    registry.register("one")("1")
    assert "one" in registry.names()
    assert registry.get("one") == "1"


@pytest.mark.parametrize("registry", REGISTRIES.values(), ids=REGISTRIES)
def test_every_member_is_registered_under_the_name_of_its_file(registry: Registry[object]) -> None:
    folder = Path(sys.modules[registry.package].__file__).parent
    files = sorted(f.stem for f in folder.glob("[!_]*.py"))
    for name in files:
        assert registry.get(name) is not None
    assert list(registry.names()) == files


@pytest.mark.parametrize(
    ("name", "suggested"), [("unett", "'unet'"), ("UNET", ""), ("rleu", "'relu'"), ("qqqq", "")]
)
def test_only_a_near_name_is_suggested(name: str, suggested: str) -> None:
    found = nearest(name, ["unet", "relu"])
    assert found == (f"; did you mean {suggested}?" if suggested else "")
