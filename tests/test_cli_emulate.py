"""``spikeseg emulate``: scores, counts, masks against other ways to get them; what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spikeseg as ss
from conftest import CHIP, Answer
from spikeseg.chips import (
    Box,
    ChipPopulation,
    ChipProgram,
    Core,
    KernelSynapses,
    load_chip,
    load_program,
)
from spikeseg.emulation import Recording
from spikeseg.files import read_json, sha256
from spikeseg.graph import load_graph
from spikeseg.onchip import host_spikes
from spikeseg.onchip.adapting import chip_network
from spikeseg.runs import RunFolder
from spikeseg.runs.chip import running
from spikeseg.runs.chip.running import read_out

Call = Callable[..., Answer]
STEPS = 12


def refused(answer: Answer, *parts: object) -> None:
    assert (answer.code, answer.out) == (2, "")
    message = answer.err.strip().splitlines()[-1]
    assert message.startswith("spikeseg: error: ")
    assert all(str(part) in message for part in parts), message


@pytest.fixture(scope="module")
def stage(emulated_run: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(emulated_run / "metrics.json")["stages"]["chip"]
    return found


@pytest.fixture(scope="module")
def counts(emulated_run: Path) -> dict[str, np.ndarray]:
    """Spikes of every neuron for every test image, by population, emulated once more."""
    config, program = (
        RunFolder(emulated_run).read_config(),
        load_program(emulated_run / "program.npz"),
    )
    graph = load_graph(emulated_run / "chip_graph.npz")
    images = torch.from_numpy(np.stack([sample.image for sample in ss.load(config.data).test]))
    spikes = {k: v.numpy() for k, v in host_spikes(graph, images, STEPS).items()}
    found = ss.emulate(program, spikes).spike_counts
    hidden = {name: c for name, c in found.items() if name != program.output}
    return {name: fired.sum(axis=0) for name, fired in spikes.items()} | hidden


def trained_masks(run: Path) -> list[np.ndarray]:
    """Return the masks as training computes them: by convolutions of torch, in one pass."""
    config = RunFolder(run).read_config()
    assert config.chip is not None
    graph = load_graph(run / "chip_graph.npz")
    network = chip_network(graph, graph, config.chip, load_chip(config.chip.name))
    masks = []
    for sample in ss.load(config.data).test:
        spikes = host_spikes(graph, torch.from_numpy(sample.image)[None], config.chip.num_steps)
        with torch.no_grad():
            potential, _ = network({name: fired.float() for name, fired in spikes.items()})
        masks.append(potential[-1, 0].argmax(0).numpy())
    return masks


def test_the_scores_are_those_of_the_masks_that_training_computes(
    emulated_run: Path, stage: dict[str, Any]
) -> None:
    config = RunFolder(emulated_run).read_config()
    truths = [sample.mask for sample in ss.load(config.data).test]
    masks = [mask.astype(np.uint8) for mask in trained_masks(emulated_run)]
    expected = ss.score(truths, masks, 2, membrane_class=0).to_dict()
    assert {key: stage[key] for key in expected} == expected
    with np.load(emulated_run / "chip_examples.npz") as stored:
        assert np.array_equal(stored["chip"], masks[:1])


def test_the_stage_says_what_was_emulated(emulated_run: Path, stage: dict[str, Any]) -> None:
    program = load_program(emulated_run / "program.npz")
    told = {key: stage[key] for key in ("num_steps", "bits", "chip", "cores", "chips", "operation")}
    assert told == {
        "num_steps": STEPS,
        "bits": 8,
        "chip": "loihi1",
        "cores": len(program.cores),
        "chips": 1,
        "operation": "AC",
    }
    assert stage["made_from"] == sha256(emulated_run / "program.npz")
    assert set(stage["overflows"].values()) == {0}
    assert stage["output_spikes"] == 0


def test_operations_are_the_synapses_of_the_program_that_spikes_pass(
    emulated_run: Path, stage: dict[str, Any], counts: dict[str, np.ndarray]
) -> None:
    program = load_program(emulated_run / "program.npz")
    total = 0
    for population in program.populations:
        (channels, *size), names = population.shape, set()
        for core in program.cores_of(population.name):
            for group in core.synapses:
                assert isinstance(group, KernelSynapses)
                if group.source in names:
                    continue  # the window is that of the whole population, in every core
                names.add(group.source)
                sources = program.shapes[group.source][1:]
                met = [
                    np.bincount(
                        group.window.meetings(a, group.weight.shape[a], n, m)[:, 0], minlength=n
                    )
                    for a, (n, m) in enumerate(zip(sources, size, strict=True))
                ]
                total += channels * int((counts[group.source] * np.outer(*met)).sum())
    assert stage["synaptic_operations_per_image"] == total / 2


def test_the_recording_holds_the_counts_of_the_images_that_the_report_shows(
    emulated_run: Path, counts: dict[str, np.ndarray]
) -> None:
    with np.load(emulated_run / "recording.npz") as stored:
        assert list(stored["populations"]) == list(counts)
        assert list(stored["images"]) == ["image 3"]
        for i, name in enumerate(stored["populations"]):
            assert stored[f"counts{i}"].dtype == np.uint32
            assert np.array_equal(stored[f"counts{i}"], counts[str(name)][:1])


def test_spikes_and_rates_are_those_of_emulating_again(
    emulated_run: Path, stage: dict[str, Any], counts: dict[str, np.ndarray]
) -> None:
    graph = load_graph(emulated_run / "chip_graph.npz")
    assert list(counts) == [p.name for p in graph.hidden]
    spikes = sum(int(c.sum()) for c in counts.values())
    assert stage["spikes_per_neuron"] == pytest.approx(spikes / 2 / graph.num_neurons)
    assert stage["input_spikes_per_image"] == counts["stem.neurons"].sum() / 2
    table = read_json(emulated_run / "chip_layers.json")
    for layer in table["layers"]:
        own = counts[layer["name"]]
        assert layer["mean_rate_hz"] == pytest.approx(own.mean() / STEPS * 1000)
        assert layer["dead"] == (own.sum(axis=0) == 0).sum()
    assert [layer["on"] for layer in table["layers"]] == ["host"] + ["chip"] * (len(counts) - 1)


def test_json_is_the_file_and_words_are_a_column(spikeseg: Call, chip_copy: Path) -> None:
    answer = spikeseg("emulate", chip_copy, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json == read_json(chip_copy / "metrics.json")
    assert "chip (8-bit)" in spikeseg("emulate", chip_copy).out


def test_other_steps_are_taken_at_once(spikeseg: Call, chip_copy: Path) -> None:
    answer = spikeseg("emulate", chip_copy, "--num_steps", 7, "--json")
    assert answer.json["stages"]["chip"]["num_steps"] == 7
    assert RunFolder(chip_copy).read_config().chip.num_steps == STEPS  # type: ignore[union-attr]


def test_channels_on_cores_that_count_in_other_units_are_compared_in_thresholds() -> None:
    def core(channel: int, threshold: int) -> Core:
        zeros, box = np.zeros(2, np.int32), Box((channel, 0, 0), (channel + 1, 1, 2))
        ones = np.ones(2, np.int32)
        return Core("out", box, zeros, zeros, ones * threshold, zeros, ones, 0, 99, zeros, ())

    populations = (ChipPopulation("out", (2, 1, 2)),)
    program = ChipProgram("toy", (), populations, (core(0, 640), core(1, 1280)), "out", (0, 0))
    potentials = np.array([[[[50, 50]], [[90, 110]]]], np.int32)
    assert read_out(program, Recording(1, {}, potentials, {}, {})).tolist() == [[[0, 1]]]


def test_evaluating_again_keeps_the_chip_and_another_program_drops_it(
    spikeseg: Call, chip_copy: Path
) -> None:
    before = read_json(chip_copy / "metrics.json")["stages"]["chip"]
    assert spikeseg("evaluate", chip_copy, "--json").json["stages"]["chip"] == before
    assert spikeseg("compile", chip_copy, *CHIP[:-2], "--chip.percentile", 90).code == 0
    refused(spikeseg("report", chip_copy), "of another program", f"`spikeseg emulate {chip_copy}`")
    assert list(spikeseg("evaluate", chip_copy, "--json").json["stages"]) == ["ann", "snn"]
    assert spikeseg("report", chip_copy).code == 0


def test_evaluating_drops_the_chip_of_another_network(spikeseg: Call, chip_copy: Path) -> None:
    retrain(chip_copy)
    assert spikeseg("convert", chip_copy).code == 0
    assert list(spikeseg("evaluate", chip_copy, "--json").json["stages"]) == ["ann", "snn"]


def retrain(run: Path) -> None:
    """Change one weight of the trained network."""
    path = run / "network.safetensors"
    trained = ss.load_network(path)
    with torch.no_grad():
        next(trained.network.parameters()).add_(0.01)
    ss.runs.save_network(trained, path)


def test_strict_reaches_the_emulator(
    spikeseg: Call, chip_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    emulate = running.emulate

    def heard(*arguments: Any, strict: bool, **options: Any) -> Any:
        asked.append(strict)
        return emulate(*arguments, strict=strict, **options)

    monkeypatch.setattr(running, "emulate", heard)
    assert spikeseg("emulate", chip_copy, "--strict", "--json").code == 0
    assert asked == [True, True]
