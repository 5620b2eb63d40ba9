"""The verb tune on a run: what it looks at, what it leaves, what it writes."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikeseg as ss
from spikeseg import data as datasets
from spikeseg.config import DataConfig
from spikeseg.data import SegmentationData
from spikeseg.errors import ConfigError, DataError
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from spikeseg.runs import RunFolder, convert_stage, tune_stage
from spikeseg.runs.tuning import split_training


def refuse() -> Any:
    raise AssertionError("tuning looked at a test image")


class Untouchable:
    """Test samples that may be counted, not seen."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return refuse()


def test_tuning_converts_with_the_choice_and_sees_no_test_image(
    run_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, load = RunFolder(run_copy), datasets.load

    def without_test(config: DataConfig) -> SegmentationData:
        return dataclasses.replace(load(config), test=Untouchable())  # type: ignore[arg-type]

    monkeypatch.setattr(datasets, "load", without_test)
    record = tune_stage(folder, miou_drop=1.0, trials=2, crops=2)
    stored = read_json(run_copy / "tuning.json")
    assert stored["choice"] == record["choice"] is not None
    assert stored["choice"] in stored["front"]
    assert all(t in stored["trials"] for t in stored["front"])
    config = folder.read_config()
    chosen = stored["choice"]
    assert config.evaluation.num_steps == chosen["num_steps"]
    assert config.evaluation.readout == chosen["readout"]
    assert list(config.conversion.recipes) == list(chosen["conversion"]["recipes"])
    made = load_graph(run_copy / "graph.npz")
    again = convert_stage(folder)
    assert [p.spike_value for p in made.hidden] == [p.spike_value for p in again.hidden]
    fewest = min(t["synaptic_operations_per_crop"] for t in stored["trials"])
    assert chosen["synaptic_operations_per_crop"] == fewest  # a drop of 1 is reached by all


def test_a_dry_run_leaves_the_run_as_it_is(run_copy: Path, spikeseg: Any) -> None:
    kept = {f.name: f.read_bytes() for f in run_copy.iterdir() if f.is_file()}
    answer = spikeseg(
        "tune", run_copy, "--dry_run", "--miou_drop", 1, "--trials", 1, "--crops", 1, "--json"
    )
    assert answer.code == 0
    assert answer.json["choice"]["num_steps"] >= 1
    for name, content in kept.items():
        assert (run_copy / name).read_bytes() == content, name


def test_an_aim_that_none_reaches_is_one_error_and_the_trials_are_kept(
    run_copy: Path, spikeseg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikeseg.runs.tuning.analog_scores", lambda network, crops: 1.0)
    before = (run_copy / "graph.npz").read_bytes()
    answer = spikeseg("tune", run_copy, "--trials", 1, "--crops", 1, "--miou_drop", 0)
    assert answer.code == 2
    assert "no setting reaches mIoU 1.0000" in answer.err
    assert "the best of 1 conversions reaches 0." in answer.err
    assert (run_copy / "graph.npz").read_bytes() == before
    stored = read_json(run_copy / "tuning.json")
    assert stored["choice"] is None
    assert stored["trials"]


def test_the_table_of_the_front_marks_the_choice(run_copy: Path, spikeseg: Any) -> None:
    answer = spikeseg("tune", run_copy, "--miou_drop", 1, "--trials", 1, "--crops", 1)
    assert answer.code == 0
    assert "* is chosen" in answer.out
    assert "no test image was used" in answer.out
    assert "Converted with the choice" in answer.out


@pytest.mark.parametrize(("count", "kept"), [(2, 1), (4, 3), (5, 4), (16, 13), (20, 16)])
def test_the_last_fifth_of_the_training_images_is_compared_on(count: int, kept: int) -> None:
    samples = [ss.Sample(str(i), np.zeros((1, 1, 1)), np.zeros((1, 1))) for i in range(count)]
    data = SegmentationData("x", ("a", "b"), 1, samples, [], "")
    first, last = split_training(data)
    assert [*first, *last] == samples
    assert len(first) == kept


def test_one_training_image_is_refused() -> None:
    one = [ss.Sample("0", np.zeros((1, 1, 1)), np.zeros((1, 1)))]
    with pytest.raises(DataError, match="there is 1 training image; tuning needs at least 2"):
        split_training(SegmentationData("x", ("a", "b"), 1, one, [], ""))


@pytest.mark.parametrize("wrong", [{"miou_drop": -0.1}, {"trials": 0}, {"crops": 0}])
def test_values_out_of_range_are_refused(finished_run: Path, wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError, match=f"{name} is {value}; it must be"):
        tune_stage(RunFolder(finished_run), **wrong)
