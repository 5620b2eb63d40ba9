"""The front door: what can be imported, how fast, and which version it is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import spikeseg

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "lightning", "pytorch_lightning", "kornia", "numba", "matplotlib", "scipy")


def loaded_after(code: str) -> set[str]:
    """Return the heavy packages that a fresh Python has loaded after running ``code``."""
    tell = f"import sys; print('LOADED', *[n for n in {HEAVY} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\n{tell}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(result.stdout.splitlines()[-1].split()[1:])


def test_all_is_sorted_and_agrees_with_where_names_live() -> None:
    assert spikeseg.__all__ == sorted(spikeseg.__all__)
    assert set(spikeseg.__all__) == {*spikeseg._HOMES, "__version__"}


@pytest.mark.parametrize("name", spikeseg.__all__)
def test_every_public_name_can_be_imported_from_its_home(name: str) -> None:
    value = getattr(spikeseg, name)
    assert value is not None
    if name != "__version__":
        home = sys.modules[f"spikeseg.{spikeseg._HOMES[name]}"]
        assert getattr(home, name) is value
        assert name in getattr(home, "__all__", [name])


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sgment'"):
        _ = spikeseg.sgment


def test_the_finder_of_heavy_packages_finds_them() -> None:
    assert "scipy" in loaded_after("import scipy")


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import spikeseg; dir(spikeseg)") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_the_overview_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"from spikeseg.cli import main; assert main({arguments}) == 0"
    assert loaded_after(code) == set()


@pytest.mark.parametrize("verb", ["run", "segment", "evaluate", "diagnose"])
def test_the_help_of_a_verb_loads_nothing_heavy(verb: str) -> None:
    code = f"""
from spikeseg.cli import main
assert main([{verb!r}, "--help"]) == 0
"""
    assert loaded_after(code) == set()


def test_a_module_can_be_run_as_the_command() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "spikeseg", "--version"], check=True, capture_output=True, text=True
    )
    assert result.stdout == f"spikeseg {spikeseg.__version__}\n"


def test_the_newest_version_of_the_changelog_is_this_one() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == spikeseg.__version__
