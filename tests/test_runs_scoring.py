"""What an evaluation writes, against a recount from single spikes and brute force over synapses."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch

import spikeseg
from spikeseg.config import DataConfig, EvaluationConfig, RunConfig
from spikeseg.data import Sample
from spikeseg.engine import simulate
from spikeseg.engine.currents import Current
from spikeseg.files import read_json
from spikeseg.graph import Connection, SpikingGraph, load_graph
from spikeseg.graph.transforms import Convolution, TransposedConvolution, without_bias
from spikeseg.runs import RunFolder, evaluate_stage, load_network, load_segmenter

STEPS = 8
READOUT = 0.5  # the default of a run
KEYS = {
    "pixel_accuracy",
    "miou",
    "iou",
    "dice",
    "v_rand",
    "v_info",
    "num_steps",
    "spikes_per_neuron",
    "synaptic_operations_per_image",
}


@pytest.fixture(scope="module")
def metrics(finished_run: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(finished_run / "metrics.json")
    return found


@pytest.fixture(scope="module")
def samples(finished_run: Path) -> list[Sample]:
    return list(spikeseg.load(RunFolder(finished_run).read_config().data).test)


def simulated(graph: SpikingGraph, sample: Sample, num_steps: int = STEPS) -> Any:
    picture = torch.from_numpy(sample.image)[None]
    return simulate(graph, picture, num_steps, readout=READOUT, keep_spikes=True)


def reached(connection: Connection, shape: tuple[int, int, int]) -> np.ndarray:
    """Return how many neurons each neuron reaches, by firing them one at a time."""
    ones = [
        dataclasses.replace(t, weight=np.ones_like(t.weight))
        if isinstance(t, Convolution | TransposedConvolution)
        else t
        for t in map(without_bias, connection.transforms)
    ]
    alone = torch.eye(int(np.prod(shape))).reshape(-1, *shape)
    current = Current(dataclasses.replace(connection, transforms=tuple(ones)), alone)
    return (current(alone) != 0).flatten(1).sum(1).reshape(shape).numpy()


def test_metrics_say_everything_about_both_stages(metrics: dict[str, Any]) -> None:
    assert set(metrics["stages"]) == {"ann", "snn"}
    for stage in metrics["stages"].values():
        assert set(stage) >= KEYS
    assert metrics["stages"]["snn"]["num_steps"] == STEPS
    assert metrics["data"]["class_names"] == ["membrane", "cell"]
    assert (metrics["data"]["num_train"], metrics["data"]["num_test"]) == (3, 2)
    assert "images 3 to 4 held out" in metrics["data"]["split"]
    assert metrics["command"].startswith("spikeseg run ")
    assert metrics["version"] == spikeseg.__version__


@pytest.mark.parametrize("stage", ["ann", "snn"])
def test_scores_are_those_of_segmenting_the_test_images(
    finished_run: Path, metrics: dict[str, Any], samples: list[Sample], stage: Any
) -> None:
    segmenter, _ = load_segmenter(finished_run, stage=stage)
    masks = [segmenter(sample.image) for sample in samples]
    expected = spikeseg.score([s.mask for s in samples], masks, 2, membrane_class=0).to_dict()
    found = metrics["stages"][stage]
    assert {key: found[key] for key in expected} == expected


def test_spikes_are_those_of_a_simulation_that_keeps_every_one(
    finished_run: Path, metrics: dict[str, Any], samples: list[Sample]
) -> None:
    graph = load_graph(finished_run / "graph.npz")
    spikes = neurons = 0
    for sample in samples:
        kept = simulated(graph, sample).spikes.values()
        spikes += sum(int(s.sum()) for s in kept)
        neurons += sum(s[0].numel() for s in kept)
    assert spikes > 0
    found = metrics["stages"]["snn"]["spikes_per_neuron"]
    assert found == pytest.approx(spikes / neurons, rel=1e-12)


def test_the_curve_has_the_scores_of_shorter_simulations(
    finished_run: Path, metrics: dict[str, Any], samples: list[Sample]
) -> None:
    graph = load_graph(finished_run / "graph.npz")
    assert [point["num_steps"] for point in metrics["curve"]] == list(range(1, STEPS + 1))
    for num_steps in (1, 5, STEPS):
        masks = [simulated(graph, s, num_steps).masks[-1, 0].numpy() for s in samples]
        expected = spikeseg.score([s.mask for s in samples], masks, 2)
        assert metrics["curve"][num_steps - 1]["miou"] == expected.miou
        assert metrics["curve"][num_steps - 1]["pixel_accuracy"] == expected.pixel_accuracy


def test_rates_and_errors_of_layers_are_those_of_a_recount(
    finished_run: Path, samples: list[Sample]
) -> None:
    layers = read_json(finished_run / "layers.json")
    graph = load_graph(finished_run / "graph.npz")
    network = load_network(finished_run / "network.safetensors").network
    kept = [simulated(graph, s).spikes for s in samples]
    modules, analog = dict(network.named_modules()), {}
    for name in kept[0]:
        modules[name].register_forward_hook(
            lambda m, i, output, name=name: analog.setdefault(name, []).append(output[0])
        )
    with torch.inference_mode():
        for sample in samples:
            network(torch.from_numpy(sample.image)[None])
    assert [layer["name"] for layer in layers["layers"]] == list(kept[0])
    for layer in layers["layers"]:
        counts = [k[layer["name"]].sum(0)[0].numpy().astype(int) for k in kept]
        size = counts[0].shape[1] // 2  # crops of 32 pixels in images of 64
        crops = [
            c[:, y : y + size, x : x + size] for c in counts for y in (0, size) for x in (0, size)
        ]
        rates = np.percentile(crops, 99, axis=0, method="nearest") * 1000 / STEPS
        assert layer["under_band"] == pytest.approx((rates < 50).mean())
        assert layer["over_band"] == pytest.approx((rates > 200).mean())
        assert layer["in_band"] == pytest.approx(((rates >= 50) & (rates <= 200)).mean())
        assert sum(layer["rate_histogram"]["counts"]) == layer["num_neurons"] == rates.size
        assert layer["dead"] == (np.max(crops, axis=0) == 0).sum()
        assert layer["saturated"] == (np.max(crops, axis=0) == STEPS).sum()
        value = graph[layer["name"]].spike_values
        assert layer["threshold"] == np.median(value)
        truth = torch.stack(analog[layer["name"]]).double().numpy()
        error = np.stack(counts) * value / STEPS - truth
        expected = np.sqrt((error**2).sum() / (truth**2).sum())
        assert layer["relative_error"] == pytest.approx(expected, rel=1e-6)
    assert layers["num_crops"] == 8


def test_the_examples_are_the_first_test_images_with_their_masks(
    finished_run: Path, samples: list[Sample]
) -> None:
    with np.load(finished_run / "evaluation.npz") as stored:
        arrays = dict(stored)
    assert arrays["names"].tolist() == [samples[0].name]
    np.testing.assert_array_equal(arrays["masks"][0], samples[0].mask)
    np.testing.assert_allclose(arrays["images"][0] / 255, samples[0].image[0], atol=0.5 / 255)
    for stage in ("ann", "snn"):
        segmenter, _ = load_segmenter(finished_run, stage=stage)
        np.testing.assert_array_equal(arrays[stage][0], segmenter(samples[0].image))
    np.testing.assert_array_equal(arrays["forming"][0, -1], arrays["snn"][0])
    assert arrays["steps"][-1] == STEPS


def small_images(root: Path, size: tuple[int, int]) -> DataConfig:
    """Write four noisy images, the last of which is held out."""
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
        for i in range(4):
            pixels = rng.integers(0, 256, size, dtype=np.uint8)
            stored = pixels if kind == "images" else (pixels > 99).astype(np.uint8) * 255
            tifffile.imwrite(root / kind / f"{i}.tif", stored)
    return DataConfig("folder", root=str(root), test="3-3")


def test_operations_are_counted_synapse_by_synapse(run_copy: Path, tmp_path: Path) -> None:
    """On a small image, where each neuron can be fired alone to see whom it reaches."""
    folder = RunFolder(run_copy)
    config = dataclasses.replace(
        folder.read_config(),
        data=small_images(tmp_path / "data", (12, 16)),
        evaluation=EvaluationConfig(num_steps=STEPS, crop=12),
    )
    evaluate_stage(folder, config)
    graph = load_graph(folder.file("graph.npz")).resized(12, 16)
    spikes = simulated(graph, spikeseg.load(config.data).test[0]).spikes
    expected = {
        p.name: sum(
            float((reached(c, p.shape) * spikes[p.name].sum((0, 1)).numpy()).sum())
            for c in graph.out_of(p.name)
        )
        for p in graph.hidden
    }
    found = read_json(folder.file("metrics.json"))["stages"]
    assert found["snn"]["synaptic_operations_per_image"] == sum(expected.values()) > 0
    for layer in read_json(folder.file("layers.json"))["layers"]:
        assert layer["synaptic_operations_per_image"] == expected[layer["name"]]
    first = sum(float(reached(c, graph.input.shape).sum()) for c in graph.out_of("input"))
    assert found["snn"]["input_multiplications_per_image"] == first


def test_images_that_the_strides_do_not_divide_are_scored_at_their_own_size(
    run_copy: Path, tmp_path: Path
) -> None:
    folder = RunFolder(run_copy)
    config = dataclasses.replace(
        folder.read_config(),
        data=small_images(tmp_path / "data", (13, 17)),
        evaluation=EvaluationConfig(num_steps=STEPS, crop=12),
    )
    evaluate_stage(folder, config)
    sample = spikeseg.load(config.data).test[0]
    segmenter, _ = load_segmenter(run_copy, num_steps=STEPS)
    mask = segmenter(sample.image)
    assert mask.shape == (13, 17)
    expected = spikeseg.score([sample.mask], [mask], 2)
    assert read_json(folder.file("metrics.json"))["stages"]["snn"]["miou"] == expected.miou


def test_evaluating_again_keeps_what_the_run_noted(run_copy: Path) -> None:
    before = read_json(run_copy / "metrics.json")
    evaluate_stage(RunFolder(run_copy))
    assert read_json(run_copy / "metrics.json") == before


def test_evaluating_again_with_other_steps_drops_the_baseline_of_the_first_steps(
    run_copy: Path,
) -> None:
    folder = RunFolder(run_copy)
    before = read_json(folder.file("metrics.json"))
    config: RunConfig = folder.read_config()
    fewer = dataclasses.replace(config.evaluation, num_steps=3)
    evaluate_stage(folder, dataclasses.replace(config, evaluation=fewer))
    after = read_json(folder.file("metrics.json"))
    assert after["stages"]["snn"]["num_steps"] == len(after["curve"]) == 3
    assert after["curve"] == before["curve"][:3]
    assert after["stages"]["ann"] == before["stages"]["ann"]
    assert (after["seconds"], after["training"]) == (before["seconds"], before["training"])
    assert "baseline" in before
    assert "baseline" not in after


def test_a_damaged_metrics_file_is_written_anew(run_copy: Path) -> None:
    before = read_json(run_copy / "metrics.json")
    (run_copy / "metrics.json").write_text('{"form')
    evaluate_stage(RunFolder(run_copy))
    assert read_json(run_copy / "metrics.json")["stages"] == before["stages"]


def test_the_work_of_the_analog_network_is_counted_by_hand(finished_run: Path) -> None:
    """Each output of a convolution costs a multiplication a tap that lies inside of the image."""
    network = load_network(finished_run / "network.safetensors").network
    total = 0

    def count(module: torch.nn.Conv2d, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        nonlocal total
        inside = torch.nn.functional.conv2d(
            torch.ones_like(inputs[0]),
            torch.ones_like(module.weight),
            stride=module.stride,
            padding=module.padding,
        )
        total += int(inside.sum())

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 1, 64, 64))
    stages = read_json(finished_run / "metrics.json")["stages"]
    assert stages["ann"]["synaptic_operations_per_image"] == total
