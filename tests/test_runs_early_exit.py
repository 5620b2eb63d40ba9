"""Early exit in a run: every figure uses the steps that its own image took."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spikeseg as ss
from spikeseg.config import EvaluationConfig
from spikeseg.engine import EarlyExit, simulate
from spikeseg.errors import ConfigError
from spikeseg.files import read_json
from spikeseg.graph import load_graph
from spikeseg.images import read_page, write_masks
from spikeseg.report import write_report
from spikeseg.runs import RunFolder, evaluate_stage
from spikeseg.runs.layer_table import percentile_rates
from spikeseg.runs.measuring import LayerTally

STEPS = 12
RULE = EarlyExit(check_every=1, patience=1, tolerance=0.1, min_steps=1)


@pytest.fixture
def exiting(run_copy: Path) -> tuple[RunFolder, list[Any]]:
    """A run evaluated with early exit, and a simulation of each test image."""
    folder = RunFolder(run_copy)
    config = folder.read_config()
    evaluation = dataclasses.replace(
        config.evaluation, num_steps=STEPS, exit_tolerance=0.1, exit_every=1, exit_patience=1
    )
    evaluate_stage(folder, dataclasses.replace(config, evaluation=evaluation))
    graph = load_graph(folder.file("graph.npz"))
    pictures = [torch.from_numpy(s.image)[None] for s in ss.load(config.data).test]
    readout = config.evaluation.readout
    return folder, [simulate(graph, p, STEPS, readout=readout, early_exit=RULE) for p in pictures]


def test_the_steps_and_rates_are_those_that_each_image_took(
    exiting: tuple[RunFolder, list[Any]],
) -> None:
    folder, found = exiting
    used = [int(f.steps_used[0]) for f in found]
    assert max(used) < STEPS
    stage = read_json(folder.file("metrics.json"))["stages"]["snn"]
    assert (stage["num_steps"], stage["exit_tolerance"]) == (STEPS, 0.1)
    assert stage["mean_steps_used"] == np.mean(used)
    spikes = sum(int(c.sum()) for f in found for c in f.spike_counts.values())
    neurons = sum(c.numel() for f in found for c in f.spike_counts.values())
    assert stage["spikes_per_neuron"] == pytest.approx(spikes / neurons)
    for layer in read_json(folder.file("layers.json"))["layers"]:
        counts = [float(f.spike_counts[layer["name"]].double().mean()) for f in found]
        rates = np.array(counts) / used * 1000
        assert layer["mean_rate_hz"] == pytest.approx(rates.mean())


def test_the_report_says_how_many_steps_were_taken(exiting: tuple[RunFolder, list[Any]]) -> None:
    page = write_report(exiting[0].path).read_text("utf-8")
    mean = read_json(exiting[0].file("metrics.json"))["stages"]["snn"]["mean_steps_used"]
    assert f"At most {STEPS} time steps, {mean:.1f} on average," in page
    assert f"{mean:.1f} of {STEPS}" in page


def test_a_rate_is_taken_over_each_crops_own_steps() -> None:
    counts = [np.full((2, 1, 1), n, np.uint16) for n in (2, 2, 6)]
    tally = LayerTally(counts=counts, steps=[4, 10, 10])
    np.testing.assert_array_equal(percentile_rates(tally, 100), np.full((2, 1, 1), 0.6))
    np.testing.assert_array_equal(percentile_rates(tally, 50), np.full((2, 1, 1), 0.5))


def test_segment_prints_the_mean_number_of_steps(
    run_copy: Path, tmp_path: Path, spikeseg: Any
) -> None:
    config = RunFolder(run_copy).read_config()
    graph = load_graph(run_copy / "graph.npz")
    stack = np.random.default_rng(0).integers(0, 256, (3, 32, 32)).astype(np.uint8)
    write_masks(tmp_path / "stack.tif", stack)
    readout = config.evaluation.readout
    rule = EarlyExit(tolerance=0.01, min_steps=1)
    used = []
    for page in range(len(stack)):
        image = torch.from_numpy(read_page(tmp_path / "stack.tif", page))[None]
        found = simulate(graph, image, STEPS, readout=readout, early_exit=rule)
        used.append(int(found.steps_used[0]))
    words = ["segment", tmp_path / "stack.tif", "--model", run_copy, "--out", tmp_path / "m.tif"]
    words += ["--num_steps", STEPS, "--exit_tolerance", 0.01]
    answer = spikeseg(*words)
    assert f"Time steps: {np.mean(used):.1f} on average over 3 pieces of images" in answer.out
    assert spikeseg(*words, "--json").json["mean_steps_used"] == np.mean(used)


def test_the_analog_network_takes_no_early_exit(
    run_copy: Path, tmp_path: Path, spikeseg: Any
) -> None:
    for name, value in {"exit_tolerance": 0.1, "precision": "int8"}.items():
        answer = spikeseg("segment", tmp_path, "--model", run_copy, "--out", tmp_path / "o",
                          "--stage", "ann", f"--{name}", value)  # fmt: skip
        assert answer.code == 2
        assert f"{name} is given, but stage 'ann' has no time steps" in answer.err


@pytest.mark.parametrize(
    "wrong", [{"exit_tolerance": -0.1}, {"exit_tolerance": 2.0}, {"exit_every": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError, match=rf"evaluation\.{name} is {value}; it must be"):
        EvaluationConfig(**wrong)
