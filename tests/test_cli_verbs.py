"""Every verb of the command line, in process: what it writes and what it prints."""

import csv
import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import spikeseg as ss
from conftest import TINY, Answer
from spikeseg.cli.commands import COMMANDS
from spikeseg.files import read_json, sha256
from spikeseg.runs import RunFolder, load_segmenter
from spikeseg.runs.folder import from_dict

Call = Callable[..., Answer]


@pytest.fixture
def picture(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A grey image of an odd size: its file and its pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (41, 53), dtype=np.uint8)
    path = tmp_path / "image.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


def indices(run: Path, pixels: np.ndarray, stage: str = "snn", **options: int) -> np.ndarray:
    segmenter, _ = load_segmenter(run, stage=stage, **options)
    return segmenter((pixels / 255).astype(np.float32)[None])


def test_the_overview_names_every_verb(spikeseg: Call) -> None:
    for arguments in (["--help"], ["-h"], ["help"], []):
        answer = spikeseg(*arguments)
        assert answer.code == 0
        assert all(f"\n  {verb} " in answer.out for verb in COMMANDS)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from spikeseg.cli import main

    assert main([verb, "--help"]) == 0
    assert f"spikeseg {verb}" in capsys.readouterr().out


def test_run_prints_one_json_object_and_nothing_else(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path
) -> None:
    answer = spikeseg("run", tiny_yaml, "--out", tmp_path / "run", "--json")
    assert (answer.code, answer.err) == (0, "")
    stored = read_json(tmp_path / "run" / "metrics.json")
    assert answer.json == stored | {"report": str(tmp_path / "run" / "report.html")}
    command = f"spikeseg run {tiny_yaml} --out {tmp_path / 'run'} --json"
    assert stored["command"] == command


def test_run_prints_a_table_and_where_the_report_is(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path
) -> None:
    answer = spikeseg("run", tiny_yaml, "--out", tmp_path / "run")
    assert answer.code == 0
    for words in ("2 held-out images", "V^Rand", "MAC", "AC", "images 3 to 4 held out", "Note: "):
        assert words in answer.out
    assert f"Report: {tmp_path / 'run' / 'report.html'}" in answer.out
    assert "train" in answer.err, "progress goes to standard error"


def test_train_convert_evaluate_report_are_run_in_parts(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, finished_run: Path
) -> None:
    run = tmp_path / "run"
    trained = spikeseg("train", tiny_yaml, "--out", run, "--json")
    assert (trained.code, trained.err) == (0, "")
    assert (trained.json["steps"], trained.json["images"]) == (6, 24)
    converted = spikeseg("convert", run, "--json")
    assert (converted.code, converted.err) == (0, "")
    graph = ss.load_graph(run / "graph.npz")
    assert converted.json["neurons"] == graph.num_neurons
    assert converted.json["synapses"] == graph.num_synapses
    assert converted.json["graph"] == str(run / "graph.npz")
    evaluated = spikeseg("evaluate", run, "--json")
    assert (evaluated.code, evaluated.err) == (0, "")
    assert evaluated.json == read_json(run / "metrics.json")
    reported = spikeseg("report", run, "--json")
    assert (reported.code, reported.json) == (0, {"report": str(run / "report.html")})
    whole = read_json(finished_run / "metrics.json")
    assert evaluated.json["stages"] == whole["stages"]
    assert sha256(run / "graph.npz") == sha256(finished_run / "graph.npz")


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("convert", ["neurons", "synapses at 1 x 32 x 32", "Graph: "]),
        ("evaluate", ["mIoU", "Split: "]),
        ("report", ["Report: "]),
    ],
)
def test_a_verb_without_json_prints_words(
    spikeseg: Call, run_copy: Path, verb: str, words: list[str]
) -> None:
    answer = spikeseg(verb, run_copy)
    assert answer.code == 0
    assert all(word in answer.out for word in words)


def test_train_without_json_says_where_the_network_is(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path
) -> None:
    answer = spikeseg("train", tiny_yaml, "--out", tmp_path / "run")
    assert answer.code == 0
    assert f"6 steps: {tmp_path / 'run' / 'network.safetensors'}" in answer.out


def test_evaluate_takes_other_steps(spikeseg: Call, run_copy: Path) -> None:
    answer = spikeseg("evaluate", run_copy, "--num_steps", 3, "--json")
    assert answer.code == 0
    assert answer.json["stages"]["snn"]["num_steps"] == 3
    assert len(answer.json["curve"]) == 3


@pytest.mark.parametrize("stage", ["snn", "ann"])
def test_segment_writes_0_and_255_for_two_classes_at_the_images_size(
    spikeseg: Call,
    finished_run: Path,
    picture: tuple[Path, np.ndarray],
    tmp_path: Path,
    stage: str,
) -> None:
    out = tmp_path / "mask.png"
    answer = spikeseg(
        *("segment", picture[0], "--model", finished_run, "--out", out),
        *("--stage", stage, "--json"),
    )
    assert (answer.code, answer.err) == (0, "")
    assert answer.json == {
        "written": [{"path": str(out), "shape": [1, 41, 53]}],
        "values": {"membrane": 0, "cell": 255},
        "mean_steps_used": 8.0 if stage == "snn" else None,
    }
    expected = indices(finished_run, picture[1], stage) * 255
    np.testing.assert_array_equal(np.asarray(Image.open(out)), expected)


def test_segment_writes_indices_if_asked(
    spikeseg: Call, finished_run: Path, picture: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    out = tmp_path / "mask.tif"
    answer = spikeseg("segment", picture[0], "--model", finished_run, "--out", out, "--indices")
    assert answer.code == 0
    assert "Values: 0 = membrane, 1 = cell" in answer.out
    found = tifffile.imread(out).reshape(41, 53)
    np.testing.assert_array_equal(found, indices(finished_run, picture[1]))


def test_segment_takes_other_steps_and_tiles(
    spikeseg: Call, finished_run: Path, picture: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    out = tmp_path / "mask.png"
    answer = spikeseg(
        *("segment", picture[0], "--model", finished_run, "--out", out),
        *("--num_steps", 2, "--tile", 256, "--device", "cpu", "--indices"),
    )
    assert answer.code == 0
    expected = indices(finished_run, picture[1], num_steps=2)
    np.testing.assert_array_equal(np.asarray(Image.open(out)), expected)


def test_segment_takes_a_folder(
    spikeseg: Call, finished_run: Path, picture: tuple[Path, np.ndarray], tmp_path: Path
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    shutil.copy(picture[0], source / "a.png")
    tifffile.imwrite(source / "b.tif", np.stack([picture[1]] * 2), photometric="minisblack")
    answer = spikeseg(
        "segment", source, "--model", finished_run, "--out", tmp_path / "out", "--json"
    )
    assert answer.code == 0
    assert [w["shape"] for w in answer.json["written"]] == [[1, 41, 53], [2, 41, 53]]
    single, stack = (tifffile.imread(tmp_path / "out" / f"{s}.tif") for s in "ab")
    for page in stack:
        np.testing.assert_array_equal(page, single.reshape(41, 53))


def test_info_names_versions_devices_and_every_member(spikeseg: Call) -> None:
    answer = spikeseg("info", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["spikeseg"] == ss.__version__
    assert "cpu" in answer.json["devices"]
    points = answer.json["plug points"]
    kinds = {"dataset", "network", "activation", "conversion recipe", "neuron", "partitioner"}
    assert set(points) == {*kinds, "corruption", "cost table", "event format", "surrogate"}
    assert "unet" in points["network"]
    words = spikeseg("info")
    assert all(name in words.out for names in points.values() for name in names)


def test_demo_runs_the_demo_settings(
    spikeseg: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spikeseg.cli import demo

    settings = {**TINY, "compare_without_regularizer": False}
    monkeypatch.setattr(demo, "DEMO_CONFIG", from_dict(ss.RunConfig, settings, "tiny"))
    answer = spikeseg("demo", "--out", tmp_path / "demo", "--seed", 7, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert RunFolder(tmp_path / "demo").read_config() == dataclasses.replace(
        demo.DEMO_CONFIG, seed=7
    )
    assert (tmp_path / "demo" / "report.html").is_file()
    again = spikeseg("demo", "--out", tmp_path / "demo")
    assert again.code == 2
    assert spikeseg("demo", "--out", tmp_path / "demo", "--overwrite", "--json").code == 0


def test_a_resumed_run_ends_like_the_unbroken_one(
    spikeseg: Call,
    tiny_yaml: Path,
    tmp_path: Path,
    finished_run: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from spikeseg.training.callbacks import Reporter

    def press_ctrl_c(self: Reporter, trainer: object, *args: object) -> None:
        if trainer.global_step == 4:
            raise KeyboardInterrupt

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "on_train_batch_end", press_ctrl_c)
        answer = spikeseg("run", tiny_yaml, "--out", out, "--json")
    assert (answer.code, answer.out) == (130, "")
    assert answer.err == "spikeseg: interrupted; what was finished is kept.\n"
    with open(out / "history.csv") as file:
        assert len(list(csv.DictReader(file))) == 1
    assert spikeseg("run", tiny_yaml, "--out", out, "--resume", "--json").code == 0
    name = "network.safetensors"
    assert sha256(out / name) == sha256(finished_run / name)
