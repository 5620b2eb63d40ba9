"""``spikeseg diagnose``: its files, its page, what it prints and what it refuses."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Answer
from spikeseg.errors import CorruptFileError, FormatVersionError, RunFolderError
from spikeseg.files import read_json, sha256, write_json
from spikeseg.report import write_diagnosis

Call = Callable[..., Answer]
FILES = ("diagnosis.json", "diagnosis.html")


@pytest.fixture(scope="module")
def diagnosed(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a diagnosis, not to be changed."""
    import shutil

    from spikeseg.cli import main

    folder = Path(shutil.copytree(finished_run, tmp_path_factory.mktemp("diagnosed") / "run"))
    assert main(["diagnose", str(folder), "--num_steps", "4", "--json"]) == 0
    return folder


@pytest.fixture
def copied(diagnosed: Path, tmp_path: Path) -> Path:
    """A folder with the same ``diagnosis.json``, free to be changed."""
    (tmp_path / "diagnosis.json").write_bytes((diagnosed / "diagnosis.json").read_bytes())
    return tmp_path


def test_the_file_holds_every_layer_and_where_it_comes_from(diagnosed: Path) -> None:
    found = read_json(diagnosed / "diagnosis.json")
    layers = read_json(diagnosed / "layers.json")["layers"]
    assert [layer["name"] for layer in found["layers"]] == [layer["name"] for layer in layers]
    assert found["made_from"] == sha256(diagnosed / "graph.npz")
    assert (found["num_steps"], found["curve_steps"]) == (4, [1, 2, 4])
    assert (found["num_images"], found["num_test"], found["size"]) == (2, 2, [32, 32])
    assert found["findings"]


def test_json_prints_what_the_file_holds_and_where_the_page_is(
    spikeseg: Call, run_copy: Path
) -> None:
    answer = spikeseg("diagnose", run_copy, "--images", 1, "--json")
    assert (answer.code, answer.err) == (0, "")
    stored = read_json(run_copy / "diagnosis.json")
    assert answer.json == stored | {"page": str(run_copy / "diagnosis.html")}
    assert (stored["num_images"], stored["num_steps"]) == (1, 8)


def test_the_terminal_shows_every_finding_and_claim(spikeseg: Call, run_copy: Path) -> None:
    answer = spikeseg("diagnose", run_copy)
    assert answer.code == 0
    stored = read_json(run_copy / "diagnosis.json")
    for sentence in [*stored["claims"], *(f["change"] for f in stored["findings"])]:
        assert sentence in answer.out
    assert "32 x 32 pixels" in " ".join(answer.out.split())


def test_a_diagnosis_is_repeated_byte_by_byte(spikeseg: Call, run_copy: Path) -> None:
    made = []
    for _ in range(2):
        assert spikeseg("diagnose", run_copy, "--num_steps", 4, "--json").code == 0
        made.append([(run_copy / name).read_bytes() for name in FILES])
    assert made[0] == made[1]


def test_the_page_is_whole_and_loads_nothing(diagnosed: Path) -> None:
    text = (diagnosed / "diagnosis.html").read_text("utf-8")
    assert not re.search(r"(src|href)=\"(?!#|data:)", text)
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in text
    found = read_json(diagnosed / "diagnosis.json")
    for finding in found["findings"]:
        assert f'data-kind="{finding["kind"]}"' in text
    num_layers = len(found["layers"])
    dots = re.findall(r"<circle .*?</circle>", text)
    assert len(dots) == num_layers * (len(found["curve_steps"]) + 4)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--num_steps", 0], ["num_steps is 0", "at least 1"]),
        (["--images", 0], ["images is 0", "at least 1"]),
        (["--image", 2], ["'--image'", "did you mean '--images'"]),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(
    spikeseg: Call, run_copy: Path, options: list[object], parts: list[str]
) -> None:
    answer = spikeseg("diagnose", run_copy, *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("spikeseg: error: ")
    assert all(part in answer.err for part in parts)
    assert not any((run_copy / name).exists() for name in FILES)


@pytest.mark.parametrize(
    ("missing", "verb"), [("graph.npz", "convert"), ("network.safetensors", "train")]
)
def test_a_run_without_a_stage_is_refused_with_the_verb_that_makes_it(
    spikeseg: Call, run_copy: Path, missing: str, verb: str
) -> None:
    (run_copy / missing).unlink()
    answer = spikeseg("diagnose", run_copy)
    assert (answer.code, answer.out) == (2, "")
    assert missing in answer.err
    assert f"`spikeseg {verb}` writes it" in answer.err
    assert not any((run_copy / name).exists() for name in FILES)


def test_a_page_without_its_file_names_the_verb(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="run `spikeseg diagnose"):
        write_diagnosis(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "error", "said"),
    [
        ("format", 2, FormatVersionError, "format 2"),
        ("layers", [], CorruptFileError, "no layers"),
        ("curve_steps", [1, 2], CorruptFileError, "curve has 3 values for 2"),
        ("claims", None, CorruptFileError, "claims is None"),
    ],
)
def test_a_damaged_file_is_refused_by_the_page(
    copied: Path, place: str, value: object, error: type[Exception], said: str
) -> None:
    path = copied / "diagnosis.json"
    write_json(path, read_json(path) | {place: value})
    with pytest.raises(error, match=re.escape(said)):
        write_diagnosis(copied)
    assert not (copied / "diagnosis.html").exists()


def test_an_unknown_role_is_refused_by_the_page(copied: Path) -> None:
    path = copied / "diagnosis.json"
    stored = read_json(path)
    stored["layers"][0]["role"] = "deep"
    write_json(path, stored)
    with pytest.raises(CorruptFileError, match="'deep'; it must be one of"):
        write_diagnosis(copied)
