"""Fine-tuning against the simulator, torch's autograd and what it is meant to lower."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dyadic import randomized
from spikeseg import data as datasets
from spikeseg.config import (
    ConversionConfig,
    DataConfig,
    FinetuningConfig,
    NetworkConfig,
    TrainingConfig,
)
from spikeseg.conversion import convert
from spikeseg.engine import simulate, spiking_scan
from spikeseg.engine.through_time.surrogate import spiking_scan_stepwise
from spikeseg.errors import ConfigError
from spikeseg.graph import fan_out
from spikeseg.losses import SegmentationLoss
from spikeseg.networks import make_network
from spikeseg.neurons import Neuron
from spikeseg.training import UnrolledGraph, finetune

CELLS = DataConfig(name="cells", num_images=6, image_size=64)
TRAINING = TrainingConfig(epochs=1, steps_per_epoch=1, batch_size=2, crop=32)


def unet_graph(*recipes, **options):
    torch.manual_seed(2)
    network = randomized(make_network(NetworkConfig(depth=1, width=2, **options), 1, 2)).eval()
    images = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(3))
    chosen = recipes or ("percentile", "half_threshold")
    config = ConversionConfig(recipes=chosen, granularity="channel")
    return convert(network, images, config), images


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), steps=st.integers(1, 6), signed=st.booleans())
def test_the_compiled_gradient_is_that_of_torch_step_by_step(seed, steps, signed):
    generator = torch.Generator().manual_seed(seed)
    current = torch.randn(steps, 2, 3, 4, 5, generator=generator) * 0.9 + 0.2
    start = torch.rand(2, 3, 4, 5, generator=generator)
    weights = torch.randn(current.shape, generator=generator)
    found = []
    for run in (spiking_scan, spiking_scan_stepwise):
        x, v = current.clone().requires_grad_(), start.clone().requires_grad_()
        spikes = run(x, v, signed)
        (spikes * weights).sum().backward()
        found.append((spikes.detach(), x.grad, v.grad))
    assert torch.equal(found[0][0], found[1][0])
    for one, other in zip(found[0][1:], found[1][1:], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_derivative_of_a_lone_spike_is_the_triangle():
    current = torch.linspace(-1, 3, 41).view(1, 1, 1, 1, 41).requires_grad_()
    spiking_scan(current, torch.zeros(1, 1, 1, 41)).sum().backward()
    expected = (1 - (current.detach() - 1).abs()).clamp(min=0)
    torch.testing.assert_close(current.grad, expected)


@pytest.mark.parametrize("recipes", [("half_threshold",), ("half_threshold", "signed")])
@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize("downsampling", ["stride", "average"])
def test_an_unrolled_graph_is_the_simulated_one(upsampling, downsampling, recipes):
    graph, images = unet_graph(
        "percentile", *recipes, upsampling=upsampling, downsampling=downsampling
    )
    output, _ = UnrolledGraph(graph)(images, 5)
    expected = simulate(graph, images, 5)
    torch.testing.assert_close(output.detach().mean(dim=0), expected.potential)


def test_an_untrained_unrolled_graph_gives_the_graph_back():
    graph, images = unet_graph()
    again = UnrolledGraph(graph).to_graph()
    expected, found = (simulate(g, images, 6, keep_spikes=True) for g in (graph, again))
    for name, spikes in expected.spikes.items():
        assert torch.equal(found.spikes[name], spikes)
    assert torch.equal(found.potential, expected.potential)


def test_the_spikes_of_a_mean_synapse_are_operations_over_synapses():
    graph, _ = unet_graph(downsampling="average")
    images = torch.rand(2, 1, 64, 64)
    _, spikes = UnrolledGraph(graph)(images, 4)
    counts, sized = simulate(graph, images, 4).spike_counts, graph.resized(64, 64)
    operations = synapses = 0.0
    for p in sized.hidden:
        for c in sized.out_of(p.name):
            reached = fan_out(c.transforms, p.shape)
            operations += float((counts[p.name].numpy() * reached).sum())
            synapses += float(reached.sum())
    # Borders, where synapses are fewer, count here as the mean of their channel.
    assert float(spikes.detach()) == pytest.approx(operations / synapses / 2, rel=0.02)


def test_every_weight_bias_and_potential_gets_a_gradient():
    graph, images = unet_graph()
    unrolled = UnrolledGraph(graph)
    output, spikes = unrolled(images, 4)
    (output.square().mean() + spikes).backward()
    assert len(list(unrolled.parameters())) > 3 * len(graph.hidden) - 3
    missing = [n for n, p in unrolled.named_parameters() if p.grad is None or not p.grad.any()]
    assert len(missing) <= 1, missing  # one channel that is silent may keep a potential at rest


@pytest.mark.parametrize("neuron", [Neuron("loihi"), Neuron("if_soft", tau_syn=2.0)])
def test_other_neurons_are_refused_with_what_to_do(neuron):
    graph, _ = unet_graph()
    others = [replace(p, neuron=p.neuron and neuron) for p in graph.populations]
    graph = replace(graph, populations=tuple(others))
    with pytest.raises(ConfigError, match=r"only if_soft and .* Convert with neuron 'if_soft'"):
        UnrolledGraph(graph)


def tuned(tmp_path, **options):
    torch.manual_seed(0)
    network = make_network(NetworkConfig(depth=1, width=4), 1, 2).eval()
    graph = convert(network, torch.rand(4, 1, 32, 32))
    data = datasets.load(CELLS)
    config = FinetuningConfig(num_steps=3, **options)
    return graph, finetune(graph, data, config, TRAINING, folder=tmp_path), data


def loss_rows(tmp_path):
    with open(tmp_path / "finetuning.csv", newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def test_fine_tuning_lowers_the_loss_of_the_spiking_network(tmp_path):
    graph, better, data = tuned(tmp_path, batches=75)
    rows = loss_rows(tmp_path)
    assert [row["step"] for row in rows] == [25, 50, 75]
    assert rows[-1]["segmentation"] < rows[0]["segmentation"]
    image = torch.from_numpy(data.test[0].image)[None]
    mask = torch.from_numpy(data.test[0].mask.astype(np.int64))[None]
    before, after = (
        float(sum(SegmentationLoss()(simulate(g, image, 3).potential, mask).values()))
        for g in (graph, better)
    )
    assert after < before - 0.05


def test_a_sparse_network_fires_less(tmp_path):
    for name in ("dense", "sparse"):
        (tmp_path / name).mkdir()
    tuned(tmp_path / "dense", batches=50)
    tuned(tmp_path / "sparse", batches=50, sparsity=2.0)
    dense, sparse = (loss_rows(tmp_path / name)[-1] for name in ("dense", "sparse"))
    assert sparse["spikes_per_synapse"] < 0.7 * dense["spikes_per_synapse"]


def test_fine_tuning_is_the_same_every_time(tmp_path):
    (_, first, _), (_, second, _) = (tuned(tmp_path, batches=3) for _ in range(2))
    for one, other in zip(first.connections, second.connections, strict=True):
        for a, b in zip(one.transforms, other.transforms, strict=True):
            np.testing.assert_array_equal(getattr(a, "weight", 0), getattr(b, "weight", 0))


def test_a_loss_that_explodes_is_said_with_what_to_do(tmp_path):
    with pytest.raises(
        ConfigError, match=r"diverged.* Use a finetuning.learning_rate below 1e\+36"
    ):
        tuned(tmp_path, batches=8, learning_rate=1e36)
