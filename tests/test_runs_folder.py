"""The run folder: every stage's file, what is missing by the command that writes it, resuming."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import TINY
from spikeseg import RunConfig, RunFolder, load_network, run
from spikeseg.errors import (
    ConfigError,
    CorruptFileError,
    FormatVersionError,
    RunFolderError,
)
from spikeseg.files import read_json, sha256
from spikeseg.runs import (
    convert_stage,
    evaluate_stage,
    load_segmenter,
    save_network,
    train_stage,
)
from spikeseg.runs.folder import from_dict

STAGES = {
    "config.json",
    "network.safetensors",
    "history.csv",
    "checkpoint.ckpt",
    "graph.npz",
    "metrics.json",
    "layers.json",
    "evaluation.npz",
}


def tiny(**changes: Any) -> RunConfig:
    config: RunConfig = from_dict(RunConfig, {**TINY, **changes}, "tiny")
    return config


def damaged(run: Path, name: str) -> Path:
    """Cut a file of a run in half."""
    path = run / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_every_stage_leaves_its_file(finished_run: Path) -> None:
    assert set(os.listdir(finished_run)) == STAGES | {"report.html", "baseline"}
    assert set(os.listdir(finished_run / "baseline")) == STAGES


def test_every_file_can_be_read_by_whom_the_others_can(finished_run: Path) -> None:
    modes = {f.name: f.stat().st_mode for f in finished_run.iterdir() if f.is_file()}
    assert len(set(modes.values())) == 1, modes


def test_a_run_folder_has_no_path_of_this_machine_but_in_the_command(finished_run: Path) -> None:
    for name in ("metrics.json", "config.json"):
        stored = read_json(finished_run / name)
        assert str(finished_run) in stored.pop("command")
        assert str(finished_run.parent) not in json.dumps(stored)


def test_the_settings_come_back_from_the_folder(finished_run: Path) -> None:
    assert RunFolder(finished_run).read_config() == tiny()


@pytest.mark.parametrize("word", ["clean", "paper", None])
def test_a_setting_of_several_words_or_none_comes_back(word: str | None) -> None:
    assert from_dict(RunConfig, {"data": {"protocol": word}}, "config").data.protocol == word


@pytest.mark.parametrize("word", ["dirty", 1, True])
def test_another_word_is_refused_with_those_that_there_are(word: object) -> None:
    with pytest.raises(
        ConfigError, match=r"data\.protocol is .*; it must be one of 'clean', 'paper'"
    ):
        from_dict(RunConfig, {"data": {"protocol": word}}, "config")


def test_the_graph_names_the_network_that_it_was_made_from(finished_run: Path) -> None:
    metrics = read_json(finished_run / "metrics.json")
    assert metrics["made_from"] == sha256(finished_run / "graph.npz")


def test_the_trained_network_comes_back_with_what_it_was_trained_for(finished_run: Path) -> None:
    trained = load_network(finished_run / "network.safetensors")
    assert trained.class_names == ("membrane", "cell")
    assert (trained.in_channels, trained.dt_ms) == (1, 1.0)
    assert trained.config == tiny().network
    assert not trained.network.training
    checkpoint = torch.load(finished_run / "checkpoint.ckpt", weights_only=True)["state_dict"]
    for name, value in trained.network.state_dict().items():
        assert torch.equal(value, checkpoint[f"network.{name}"]), name


def test_the_baseline_is_the_same_run_without_the_regularizer(finished_run: Path) -> None:
    baseline = RunFolder(finished_run).baseline
    assert baseline.read_config().training.regularizer.weight == 0
    stored = read_json(finished_run / "metrics.json")["baseline"]
    assert stored["stages"] == read_json(baseline.path / "metrics.json")["stages"]
    assert stored["layers"] == read_json(baseline.path / "layers.json")["layers"]


def test_a_run_repeats_bit_for_bit(finished_run: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "again")
    run(tiny(compare_without_regularizer=False), folder)
    for name in STAGES - {"config.json", "history.csv", "checkpoint.ckpt", "metrics.json"}:
        assert sha256(folder.path / name) == sha256(finished_run / name), name
    first, second = (read_json(p / "metrics.json") for p in (finished_run, folder.path))
    assert first["stages"] == second["stages"]


@pytest.mark.parametrize("name", ["network.safetensors", "graph.npz", "config.json"])
def test_a_missing_stage_is_named_with_the_command_that_writes_it(
    run_copy: Path, name: str
) -> None:
    (run_copy / name).unlink()
    verb = "convert" if name == "graph.npz" else "train"
    with pytest.raises(RunFolderError) as caught:
        evaluate_stage(RunFolder(run_copy))
    assert f"{run_copy} has no {name}; `spikeseg {verb}` writes it" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("network.safetensors", lambda run: convert_stage(RunFolder(run))),
        ("network.safetensors", load_segmenter),
        ("graph.npz", load_segmenter),
        ("config.json", lambda run: RunFolder(run).read_config()),
    ],
)
def test_a_file_that_is_cut_short_is_called_so_with_its_path(
    run_copy: Path, name: str, use: Any
) -> None:
    path = damaged(run_copy, name)
    with pytest.raises(CorruptFileError) as caught:
        use(run_copy)
    assert str(path) in str(caught.value)


def test_a_network_file_of_other_weights_is_called_so(run_copy: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = run_copy / "network.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file({"w": torch.zeros(2)}, path, metadata)
    with pytest.raises(CorruptFileError, match="does not hold the network"):
        load_network(path)


def test_a_network_file_of_another_program_is_called_so(run_copy: Path) -> None:
    from safetensors.torch import save_file

    path = run_copy / "network.safetensors"
    save_file({"w": torch.zeros(2)}, path, {"format": "pt"})
    with pytest.raises(FormatVersionError, match="reads format 1"):
        load_network(path)


@pytest.mark.parametrize(
    ("change", "error", "parts"),
    [
        ({"format": 2}, FormatVersionError, ["format 1", "train again"]),
        ({"config": {"sede": 1}}, ConfigError, ["'sede'", "did you mean 'seed'"]),
        ({"config": {"seed": "one"}}, ConfigError, ["config.json.seed is 'one'", "int"]),
        (
            {"config": {"training": {"precision": "float16"}}},
            ConfigError,
            ["training.precision is 'float16'", "'bfloat16'"],
        ),
        ({"config": {"training": 3}}, ConfigError, ["training is 3", "TrainingConfig"]),
        ({"config": {"training": {"epochs": 0}}}, ConfigError, ["epochs is 0", "positive"]),
        ({"config": None}, CorruptFileError, ["holds no settings"]),
    ],
)
def test_settings_that_were_changed_by_hand_are_checked(
    run_copy: Path, change: dict[str, Any], error: type[Exception], parts: list[str]
) -> None:
    path = run_copy / "config.json"
    path.write_text(json.dumps(read_json(path) | change))
    with pytest.raises(error) as caught:
        RunFolder(run_copy).read_config()
    for part in ["config.json" if error is not ConfigError else "", *parts]:
        assert part in str(caught.value)


def test_a_folder_that_holds_a_run_is_kept_unless_it_may_be_replaced(run_copy: Path) -> None:
    before = sha256(run_copy / "network.safetensors")
    with pytest.raises(RunFolderError, match=r"already holds a run.*--resume.*--overwrite"):
        train_stage(tiny(), RunFolder(run_copy))
    assert sha256(run_copy / "network.safetensors") == before
    train_stage(tiny(seed=5), RunFolder(run_copy), overwrite=True)
    assert sha256(run_copy / "network.safetensors") != before
    assert not (run_copy / "graph.npz").exists(), "of the run that was replaced"


def test_files_of_somebody_else_are_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(RunFolderError, match=r"holds thesis\.txt"):
            train_stage(tiny(), RunFolder(tmp_path), overwrite=overwrite)
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_run_that_stopped_before_its_first_checkpoint_can_be_resumed(tmp_path: Path) -> None:
    def stop(task: str, done: float, total: float, note: str = "") -> None:
        raise KeyboardInterrupt

    first, second = RunFolder(tmp_path / "a"), RunFolder(tmp_path / "b")
    with pytest.raises(KeyboardInterrupt):
        train_stage(tiny(), first, progress=stop)
    assert os.listdir(first.path) == ["config.json"]
    train_stage(tiny(), first, resume=True)
    train_stage(tiny(), second)
    assert sha256(first.file("network.safetensors")) == sha256(second.file("network.safetensors"))


def test_a_run_that_stopped_in_any_stage_can_be_resumed(finished_run: Path, tmp_path: Path) -> None:
    def stop_in(stage: str) -> Any:
        def stop(task: str, done: float, total: float, note: str = "") -> None:
            if task == stage:
                raise KeyboardInterrupt

        return stop

    folder = RunFolder(tmp_path / "run")
    resume = False
    for stage in ("train", "evaluate", "train without regularizer"):
        with pytest.raises(KeyboardInterrupt):
            run(tiny(), folder, resume=resume, progress=stop_in(stage))
        resume = True
    run(tiny(), folder, resume=True)
    for part in ("stages", "curve"):
        expected = read_json(finished_run / "metrics.json")[part]
        assert read_json(folder.file("metrics.json"))[part] == expected
    for name in ("network.safetensors", "baseline/network.safetensors"):
        assert sha256(folder.path / name) == sha256(finished_run / name)


def test_a_run_is_resumed_with_its_own_settings_only(run_copy: Path) -> None:
    changed = tiny(seed=3, network={"depth": 1, "width": 4, "dropout": 0.1})
    with pytest.raises(ConfigError) as caught:
        train_stage(changed, RunFolder(run_copy), resume=True)
    assert "network.width, seed differ" in str(caught.value)
    assert "config.json" in str(caught.value)


def test_there_is_nothing_to_resume_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"has no config\.json"):
        train_stage(tiny(), RunFolder(tmp_path), resume=True)
    assert os.listdir(tmp_path) == []


def test_a_network_for_other_data_is_not_scored(run_copy: Path, tmp_path: Path) -> None:
    from test_data_contract import write_folder

    root = tmp_path / "data"
    root.mkdir()
    write_folder(root, 3)
    (root / "classes.txt").write_text("a\nb\nc\n")
    for mask in (root / "masks").iterdir():
        import tifffile

        tifffile.imwrite(mask, tifffile.imread(mask) // 255 * 2)
    other = tiny(data={"name": "folder", "root": str(root)})
    with pytest.raises(RunFolderError, match=r"1 channels and 3 classes.*trained for 1 and 2"):
        evaluate_stage(RunFolder(run_copy), other)


def test_a_graph_of_an_older_network_is_refused(run_copy: Path) -> None:
    trained = load_network(run_copy / "network.safetensors")
    with torch.no_grad():
        next(trained.network.parameters()).add_(1.0)
    save_network(trained, run_copy / "network.safetensors")
    with pytest.raises(RunFolderError, match=r"graph\.npz was converted from another .*convert"):
        load_segmenter(run_copy)


def test_a_run_that_replaces_another_leaves_no_old_baseline(run_copy: Path) -> None:
    assert (run_copy / "baseline" / "metrics.json").is_file()
    RunFolder(run_copy).start(overwrite=True)
    assert not list((run_copy / "baseline").iterdir())
