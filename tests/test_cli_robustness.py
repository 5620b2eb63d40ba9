"""``spikeseg robustness``: its file, what it prints, what it compares and what it refuses."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import spikeseg as ss
from conftest import Answer
from pages import leave_registries_as_found
from spikeseg.data import DATASETS, EventLayout
from spikeseg.files import read_json, sha256, write_json
from spikeseg.robustness import CORRUPTIONS, corrupt
from spikeseg.runs import RunFolder, load_segmenter

Call = Callable[..., Answer]
FITTING = ["blur", "contrast", "gaussian_noise", "salt_and_pepper"]


@pytest.fixture(scope="module")
def scored(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with ``robustness.json``, not to be changed."""
    from spikeseg.cli import main

    folder = Path(shutil.copytree(finished_run, tmp_path_factory.mktemp("robust") / "run"))
    assert main(["robustness", str(folder), "--json"]) == 0
    return folder


def change_config(run: Path, group: str, **values: object) -> None:
    """Change settings of a run as if it had been made with others."""
    stored = read_json(run / "config.json")
    target = stored["config"]
    for name in group.split("."):
        target = target[name]
    target.update(values)
    write_json(run / "config.json", stored)


def test_the_file_holds_every_network_corruption_and_set_level(scored: Path) -> None:
    found = read_json(scored / "robustness.json")
    assert [one["name"] for one in found["corruptions"]] == FITTING
    assert [tuple(one["levels"]) for one in found["corruptions"]] == [
        CORRUPTIONS.get(name).levels for name in FITTING
    ]
    assert [n["stage"] for n in found["networks"]] == ["ann", "snn"]
    files = {name: sha256(scored / name) for name in ("network.safetensors", "graph.npz")}
    trained = {"network.safetensors": files["network.safetensors"]}
    assert [n["made_from"] for n in found["networks"]] == [trained, files]
    assert [n["num_steps"] for n in found["networks"]] == [1, 8]
    assert all(n["training"]["noise"] == 0.02 for n in found["networks"])
    for network in found["networks"]:
        assert [len(network["scores"][name]) for name in FITTING] == [5] * 4


def test_clean_scores_are_those_of_the_evaluation(scored: Path) -> None:
    stages = read_json(scored / "metrics.json")["stages"]
    for network in read_json(scored / "robustness.json")["networks"]:
        for name, value in network["scores"]["clean"].items():
            assert value == stages[network["stage"]][name]


@pytest.mark.parametrize("stage", ["ann", "snn"])
def test_a_score_is_that_of_the_corrupted_test_images_one_by_one(scored: Path, stage: str) -> None:
    test = ss.load(RunFolder(scored).read_config().data).test
    segment, _ = load_segmenter(scored, stage=stage)
    images = [
        corrupt(sample.image, "salt_and_pepper", 0.09, seed=0, number=i)
        for i, sample in enumerate(test)
    ]
    expected = ss.score([s.mask for s in test], [segment(image) for image in images], 2)
    networks = read_json(scored / "robustness.json")["networks"]
    found = next(n for n in networks if n["stage"] == stage)["scores"]["salt_and_pepper"][2]
    assert found == {name: expected.to_dict()[name] for name in ("miou", "pixel_accuracy", "iou")}


def test_the_score_of_one_class_everywhere_is_told(scored: Path) -> None:
    found = read_json(scored / "robustness.json")
    test = ss.load(RunFolder(scored).read_config().data).test
    masks = [sample.mask for sample in test]
    cells = ss.score(masks, [np.ones_like(mask) for mask in masks], 2)
    assert found["constant"] == {"class": "cell", "miou": pytest.approx(cells.miou)}


def test_json_prints_what_the_file_holds_and_a_seed_repeats_it(
    spikeseg: Call, run_copy: Path
) -> None:
    options = ("--corruptions", "gaussian_noise", "--levels", 0.3, "--images", 1, "--json")
    made = []
    for seed in (4, 4, 5):
        answer = spikeseg("robustness", run_copy, *options, "--seed", seed)
        assert (answer.code, answer.err) == (0, "")
        assert answer.json == read_json(run_copy / "robustness.json")
        made.append(answer.json["networks"])
    assert made[0] == made[1] != made[2]
    assert answer.json["data"]["num_images"] == 1


def test_levels_are_ordered_from_mild_to_severe(spikeseg: Call, run_copy: Path) -> None:
    answer = spikeseg(
        "robustness", run_copy, "--corruptions", "contrast", "--levels", 0.1, 0.9, 0.5, "--json"
    )
    assert answer.json["corruptions"][0]["levels"] == [0.9, 0.5, 0.1]


def test_the_terminal_shows_a_table_units_and_what_was_left_out(
    spikeseg: Call, run_copy: Path
) -> None:
    answer = spikeseg("robustness", run_copy, "--images", 1)
    assert answer.code == 0
    for words in ("salt_and_pepper", "share of pixels", "spiking (float)", "cell everywhere: mIoU"):
        assert words in answer.out
    assert "do not fit photographs: events_dropped, events_spurious." in answer.out
    assert f"Written: {run_copy / 'robustness.json'}" in answer.out


def test_runs_are_compared_on_the_same_images_and_unequal_training_is_said_aloud(
    spikeseg: Call, run_copy: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(run_copy, tmp_path / "noisy"))
    change_config(other, "training.augmentation", noise=0.2)
    answer = spikeseg("robustness", run_copy, other, "--corruptions", "contrast,blur")
    assert answer.code == 0
    said = "Not on equal footing: training.augmentation.noise was 0.02 in run, 0.2 in noisy."
    assert said in answer.out
    found = read_json(run_copy / "robustness.json")
    assert [(n["run"], n["run_index"]) for n in found["networks"]] == [
        *([("run", 0)] * 2),
        *([("noisy", 1)] * 2),
    ]
    first, second = found["networks"][:2], found["networks"][2:]
    assert [n["scores"] for n in first] == [n["scores"] for n in second]
    assert not (other / "robustness.json").exists()


def test_runs_of_one_name_are_told_apart_by_their_folders(
    spikeseg: Call, finished_run: Path, tmp_path: Path
) -> None:
    runs = [shutil.copytree(finished_run, tmp_path / name / "run") for name in "ab"]
    answer = spikeseg("robustness", *runs, "--corruptions", "blur", "--levels", 2, "--json")
    assert {n["run"] for n in answer.json["networks"]} == {"a/run", "b/run"}
    assert answer.json["notes"] == []


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--corruptions", "blurr"], ["'blurr'", "did you mean 'blur'"]),
        (["--corruptions", "blur,"], ["'blur,'", "commas"]),
        (["--corruptions", "blur,blur"], ["takes different values"]),
        (["--corruptions", "events_dropped"], ["for events", "are photographs", "blur"]),
        (["--levels", 0.1], ["for all corruptions", "--corruptions"]),
        (["--corruptions", "blur,contrast", "--levels", 0.1], ["for 2 corruptions"]),
        (["--corruptions", "blur", "--levels", -1], ["level -1 of 'blur'", "0..1000"]),
        (["--images", 0], ["images is 0"]),
        (["--images", 3], ["images is 3; there are 2 test images"]),
        (["--seed", -1], ["seed is -1"]),
        (["--corruption", "blur"], ["did you mean '--corruptions'"]),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(
    spikeseg: Call, run_copy: Path, options: list[object], parts: list[str]
) -> None:
    answer = spikeseg("robustness", run_copy, *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("spikeseg: error: ")
    assert all(part in answer.err for part in parts)
    assert not (run_copy / "robustness.json").exists()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("missing", "verb"), [("graph.npz", "convert"), ("network.safetensors", "train")]
)
def test_a_run_without_a_stage_is_refused_with_the_verb_that_makes_it(
    spikeseg: Call, finished_run: Path, tmp_path: Path, which: int, missing: str, verb: str
) -> None:
    runs = [shutil.copytree(finished_run, tmp_path / name) for name in "ab"]
    (runs[which] / missing).unlink()
    answer = spikeseg("robustness", *runs)
    assert answer.code == 2
    assert f"{runs[which]} has no {missing}; `spikeseg {verb}` writes it" in answer.err
    assert not (runs[0] / "robustness.json").exists()


def test_runs_with_other_test_images_and_runs_given_twice_are_refused(
    spikeseg: Call, run_copy: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(run_copy, tmp_path / "other"))
    change_config(other, "data", test="2-3")
    answer = spikeseg("robustness", run_copy, other)
    assert answer.code == 2
    assert f"{other} has other test images, masks or classes than {run_copy}" in answer.err
    assert "is given twice" in spikeseg("robustness", run_copy, run_copy / ".").err
    assert not (run_copy / "robustness.json").exists()


@pytest.fixture
def event_run(
    spikeseg: Call, tiny_yaml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A run on images of events; its first test image has no label."""
    leave_registries_as_found(monkeypatch)

    @DATASETS.register("bars")
    def bars(config: ss.DataConfig) -> ss.SegmentationData:
        def sample(i: int) -> ss.Sample:
            rng = np.random.default_rng(i)
            mask = np.zeros((32, 32), np.uint8)
            mask[:, 4 * i : 4 * i + 8] = 1
            counts = rng.poisson(np.where(mask, 3.0, 0.3), (4, 32, 32)).clip(0, 8)
            return ss.Sample(f"bar {i}", (counts / 8).astype(np.float32), mask)

        train, test = [sample(i) for i in range(3)], [sample(4), sample(5)]
        test[0].mask[:] = 255
        names = ("ground", "bar")
        return ss.SegmentationData(
            "bars", names, 4, train, test, "two of five", events=EventLayout(2, 8)
        )

    run = tmp_path / "events"
    settings = ["--data.test", "null", "--training.augmentation.rotate", "false"]
    for name in ("brightness", "contrast", "noise"):  # of which counts of events have none
        settings += [f"--training.augmentation.{name}", "0"]
    data = ("--data", '{"name": "bars"}')
    made = spikeseg("train", tiny_yaml, "--out", run, *data, *settings, "--json")
    assert made.code == 0, made.err
    assert spikeseg("convert", run, "--json").code == 0
    return run


def test_images_of_events_lose_and_gain_events(spikeseg: Call, event_run: Path) -> None:
    answer = spikeseg("robustness", event_run, "--json")
    assert answer.code == 0, answer.err
    names = [one["name"] for one in answer.json["corruptions"]]
    assert names == ["events_dropped", "events_spurious", "gaussian_noise", "salt_and_pepper"]
    assert answer.json["data"]["events"] == {"num_steps": 2, "largest_count": 8}
    assert answer.json["notes"] == [
        "Left out, since they do not fit images of events: blur, contrast."
    ]
    refused = spikeseg("robustness", event_run, "--corruptions", "contrast")
    assert refused.code == 2
    assert "'contrast' is for photographs, but the data are images of events" in refused.err
    unlabeled = spikeseg("robustness", event_run, "--images", 1)
    assert unlabeled.code == 2
    assert "no pixel to score" in unlabeled.err
