"""Networks that are trained through their spikes, through the front door: what is told, refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from conftest import TINY, Answer
from spikeseg.cli import main

Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YAML file of a run of a second."""
    path = tmp_path_factory.mktemp("settings") / "direct.yaml"
    path.write_text(yaml.safe_dump(TINY | {"compare_without_regularizer": False}))
    return path


@pytest.fixture(scope="module")
def both(settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a twin that has norms for each of 2 steps; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "both"
    options = ["--direct.num_steps", "2", "--direct.norm", "bntt"]
    assert main(["run", str(settings), *options, "--out", str(out), "--json"]) == 0
    return out


def refused(answer: Answer, *words: str) -> None:
    """Check that there is one error, of one line, with these words."""
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("error:") == 1
    assert "Traceback" not in answer.err
    assert all(word in answer.err for word in words), answer.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--direct.decay", 2], "direct.decay is 2.0; it must be in [0, 1]"),
        (["--network.spiking.decay", 2], "network.spiking.decay is 2.0"),
        (["--direct.surrogate", "foo"], "no surrogate is called 'foo'"),
        (["--network.spiking.surrogate", "foo"], "no surrogate is called 'foo'"),
        (["--direct.neuron", "foo"], "Got value: foo"),
        (["--direct.steps", 4], "--direct.num_steps"),
        (["--network.spiking.coding", "steps", "--network.spiking.num_steps", 3], "into 3 steps"),
        (["--direct.coding", "steps", "--direct.num_steps", 3], "into 3 steps"),
        (["--direct.num_steps", 2, "--network.spiking.num_steps", 2], "Leave one of them out"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_written(
    spikeseg: Call, settings: Path, tmp_path: Path, options: list[object], words: str
) -> None:
    refused(spikeseg("run", settings, *options, "--out", tmp_path / "run"), words)
    assert not (tmp_path / "run").exists()


def test_one_network_at_a_time_is_trained_by_several_processes(
    spikeseg: Call, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    options = ["--compare_without_regularizer", "true", "--out", tmp_path / "run"]
    refused(spikeseg("run", settings, *options), "compare_without_regularizer is set")
    assert not (tmp_path / "run").exists()


def test_a_run_with_a_twin_scores_it_and_says_where_it_comes_from(both: Path) -> None:
    whole, alone = (json.loads((p / "metrics.json").read_text()) for p in (both, both / "direct"))
    assert list(whole["stages"]) == ["ann", "snn", "direct"]
    assert whole["stages"]["direct"]["miou"] == alone["stages"]["snn"]["miou"]
    assert whole["stages"]["direct"]["made_from"] == alone["made_from"]
    assert [point["num_steps"] for point in whole["direct_curve"]] == [1, 2]
    assert "Trained through its spikes, the same network" in (both / "report.html").read_text()


def test_scores_of_the_twin_alone_are_printed(spikeseg: Call, both: Path) -> None:
    answer = spikeseg("evaluate", both / "direct")
    assert answer.code == 0
    assert "mIoU" in answer.out
    assert "ANN" not in answer.out


@pytest.mark.parametrize("verb", ["diagnose", "tune", "finetune", "measure", "report"])
def test_verbs_about_an_analog_network_refuse_a_run_without_one(
    spikeseg: Call, both: Path, verb: str
) -> None:
    before = sorted((both / "direct").iterdir())
    refused(spikeseg(verb, both / "direct"), "was trained through its spikes")
    assert sorted((both / "direct").iterdir()) == before


@pytest.mark.parametrize(
    ("verb", "words"),
    [("energy", "no program.npz"), ("compile", "norm 'bntt' changes the weights")],
)
def test_verbs_of_the_chip_say_what_is_missing(
    spikeseg: Call, both: Path, verb: str, words: str
) -> None:
    refused(spikeseg(verb, both / "direct"), words)


@pytest.mark.parametrize("option", [("--num_steps", 4), ("--exit_tolerance", 0.1)])
def test_a_trained_spiking_network_is_evaluated_as_it_was_trained(
    spikeseg: Call, both: Path, option: tuple[str, object]
) -> None:
    before = (both / "direct" / "metrics.json").read_bytes()
    refused(spikeseg("evaluate", both / "direct", *option), option[0], "leave it out")
    assert (both / "direct" / "metrics.json").read_bytes() == before


def test_norms_of_two_steps_cannot_run_for_forty(
    spikeseg: Call, both: Path, tmp_path: Path
) -> None:
    image, out = tmp_path / "image.png", tmp_path / "mask.png"
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(image)
    words = "num_steps is 40, but this network has batch norms for 2 steps"
    given = (image, "--model", both, "--stage", "direct", "--out", out)
    refused(spikeseg("segment", *given, "--num_steps", 40), words)
    assert not out.exists()
    assert spikeseg("segment", *given, "--num_steps", 1).code == 0


def test_another_neuron_is_no_way_to_resume(spikeseg: Call, settings: Path, both: Path) -> None:
    options = ["--direct.num_steps", 2, "--direct.norm", "bntt", "--direct.neuron", "plif"]
    answer = spikeseg("run", settings, *options, "--resume", "--out", both)
    refused(answer, "--resume: direct.neuron differ")


def test_a_run_that_is_replaced_takes_its_twin_along(
    spikeseg: Call, settings: Path, tmp_path: Path
) -> None:
    one = ["--training.epochs", 1, "--training.steps_per_epoch", 1, "--out", tmp_path / "run"]
    assert spikeseg("train", settings, *one).code == 0
    (tmp_path / "run" / "direct").mkdir()
    (tmp_path / "run" / "direct" / "network.safetensors").write_bytes(b"of another network")
    assert spikeseg("train", settings, *one, "--overwrite").code == 0
    assert not (tmp_path / "run" / "direct" / "network.safetensors").exists()


def test_info_lists_every_plug_point(spikeseg: Call) -> None:
    found = spikeseg("info", "--json").json["plug points"]
    assert found["surrogate"] == ["arctan", "fast_sigmoid", "rectangular", "triangle"]
    assert "salt_and_pepper" in found["corruption"]
    assert {"deeplab_vgg9", "fcn_vgg9", "unet"} <= set(found["network"])


def test_help_shows_the_settings_of_spiking_neurons(spikeseg: Call) -> None:
    text = spikeseg("run", "--help").out
    assert "--direct" in text
    assert "--network.spiking" in text
