"""The engine against the slow twin: identical spikes and masks, in any division into chunks."""

import numpy as np
import pytest
import torch
from torch import nn

from dyadic import images, randomized, rounded, unet_graph
from slow_twin import slow_simulate
from spikeseg.conversion import convert
from spikeseg.engine import Engine, run_analog, simulate, simulation, walk
from spikeseg.errors import ConfigError, DataError, ShapeError
from spikeseg.graph import ChannelAffine, Connection, Convolution, Population, SpikingGraph
from spikeseg.neurons import NEURONS, Neuron

STEPS = 16


def assert_same_as_twin(graph, batch, precision="float32"):
    result = simulate(
        graph,
        batch,
        STEPS,
        mask_steps=range(1, STEPS + 1),
        keep_spikes=True,
        precision=precision,
    )
    spikes, potentials = slow_simulate(graph, batch.numpy(), STEPS)
    assert result.spikes.keys() == spikes.keys()
    for name, expected in spikes.items():
        np.testing.assert_array_equal(result.spikes[name].numpy(), expected, err_msg=name)
        np.testing.assert_array_equal(result.spike_counts[name].numpy(), abs(expected).sum(axis=0))
        np.testing.assert_array_equal(result.net_counts[name].numpy(), expected.sum(axis=0))
    np.testing.assert_array_equal(result.masks.numpy(), potentials.argmax(axis=2))
    np.testing.assert_array_equal(result.potential.numpy() * STEPS, potentials[-1])
    return spikes


@pytest.mark.parametrize("neuron", NEURONS.names())
@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
@pytest.mark.parametrize("downsampling", ["stride", "average"])
def test_every_spike_and_mask_of_a_unet_is_that_of_the_slow_twin(downsampling, upsampling, neuron):
    graph = unet_graph(Neuron(neuron, v_initial=0.5), downsampling, upsampling)
    spikes = assert_same_as_twin(graph, images(2, 2, 8, 8, seed=3))
    assert all(fired.mean() > 0 for fired in spikes.values()), "a silent population proves nothing"


@pytest.mark.parametrize("neuron", NEURONS.names())
@pytest.mark.parametrize("size", [8, 16])
def test_event_by_event_every_spike_is_that_of_the_slow_twin(neuron, size):
    graph = unet_graph(Neuron(neuron, v_initial=0.5), size=size, depth=size // 8)
    assert_same_as_twin(graph, images(2, 2, size, size, seed=3), Engine("fp32", "always"))


def test_what_is_faster_is_measured_and_changes_no_spike(monkeypatch):
    monkeypatch.setattr(walk, "_SMALL", 0)
    graph = unet_graph(Neuron(v_initial=0.5))
    assert_same_as_twin(graph, images(2, 2, 8, 8, seed=3), "float32")


@pytest.mark.parametrize("chunk", [1, 3])
def test_event_layers_carry_their_state_over(monkeypatch, chunk):
    graph = unet_graph(Neuron("loihi", tau_syn=2.0))
    batch, how = images(2, 2, 8, 8, seed=3), {"precision": Engine("fp32", "always")}
    whole = simulate(graph, batch, STEPS, keep_spikes=True, **how)
    largest = max(p.size for p in graph.populations[1:]) * len(batch)
    monkeypatch.setattr(simulation, "_CHUNK_VALUES", largest * chunk)
    parts = simulate(graph, batch, STEPS, keep_spikes=True, **how)
    for name, spikes in whole.spikes.items():
        assert torch.equal(spikes, parts.spikes[name])


@pytest.mark.parametrize(
    ("readout", "unread"), [(0.5, [0, 1, 2, 2, 3, 3, 4]), (0.25, [0, 1, 2, 3, 4, 5, 5])]
)
def test_a_delayed_readout_leaves_the_first_steps_out(readout, unread):
    graph, batch = unet_graph(Neuron(v_initial=0.5)), images(2, 2, 8, 8, seed=3)
    steps = range(1, len(unread) + 1)
    result = simulate(graph, batch, len(unread), mask_steps=steps, readout=readout)
    _, potentials = slow_simulate(graph, batch.numpy(), len(unread))
    total = np.concatenate([np.zeros_like(potentials[:1]), potentials])
    read = np.stack([total[step] - total[first] for step, first in zip(steps, unread, strict=True)])
    np.testing.assert_array_equal(result.masks.numpy(), read.argmax(axis=2))
    mean = read[-1] / (len(unread) - unread[-1])
    np.testing.assert_allclose(result.potential.numpy(), mean, rtol=1e-6)


@pytest.mark.parametrize("readout", [0.0, -0.5, 1.5])
def test_a_readout_that_is_no_share_is_refused(readout):
    with pytest.raises(ConfigError, match=rf"readout is {readout}; it must be in \(0, 1\]"):
        simulate(unet_graph(Neuron()), images(1, 2, 8, 8), 4, readout=readout)


@pytest.mark.parametrize("neuron", NEURONS.names())
def test_synaptic_filters_agree_with_the_slow_twin_in_float64(neuron):
    graph = unet_graph(Neuron(neuron, tau_syn=3.0))
    assert_same_as_twin(graph, images(2, 2, 8, 8, seed=3).double())


@pytest.mark.parametrize("steps_per_chunk", [1, 3, 7, 16])
def test_the_division_into_chunks_changes_nothing(monkeypatch, steps_per_chunk):
    graph, batch = unet_graph(Neuron("loihi", tau_syn=2.0)), images(2, 2, 8, 8).double()
    whole = simulate(graph, batch, STEPS, mask_steps=[5, 16], keep_spikes=True)
    largest = max(p.size for p in graph.populations[1:]) * len(batch)
    monkeypatch.setattr(simulation, "_CHUNK_VALUES", largest * steps_per_chunk)
    done = []
    parts = simulate(
        graph, batch, STEPS, mask_steps=[5, 16], keep_spikes=True, progress=done.append
    )
    assert max(done) == min(steps_per_chunk, 11)  # a chunk ends at a mask step
    assert sum(done) == STEPS
    assert torch.equal(whole.masks, parts.masks)
    assert torch.equal(whole.potential, parts.potential)
    for name, spikes in whole.spikes.items():
        assert torch.equal(spikes, parts.spikes[name])
        assert torch.equal(whole.spike_counts[name], parts.spike_counts[name])


class Residual(nn.Module):
    """Sums in which an unchanged value comes first, and is needed again later."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU())
        self.branch = nn.Conv2d(3, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 3, 3, padding=1)
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x):
        x = self.stem(x)
        y = torch.relu(x + self.branch(x) + self.second(x))
        return self.head(torch.cat([x, y], dim=1))


def plain_graph(first, *others, neuron=None):
    """Return input -> a -> b -> output, all (1, 2, 2), with these chains from a to b."""
    neuron = neuron or Neuron()
    shape = (1, 2, 2)
    names = ("input", "a", "b", "output")
    populations = tuple(Population(n, shape, neuron if n in "ab" else None) for n in names)
    chains = [("input", "a", ()), *(("a", "b", c) for c in (first, *others))]
    chains += [("a", "output", ()), ("b", "output", ())]
    return SpikingGraph(populations, tuple(Connection(*c) for c in chains))


def test_an_unchanged_value_in_a_sum_is_still_whole_for_its_other_readers():
    half = ChannelAffine(np.float32([0.5]))
    graph = plain_graph((), (half,), (half,))
    batch = torch.tensor([[[[1.0, 0.5], [0.25, 0.0]]]])
    assert_same_as_twin(graph, batch)


def test_a_residual_network_agrees_with_the_slow_twin():
    torch.manual_seed(0)
    network = randomized(Residual())
    graph = rounded(convert(network, images(2, 2, 6, 6)), Neuron("if_soft"))
    assert_same_as_twin(graph, images(2, 2, 6, 6, seed=5))


def test_a_population_fed_by_the_input_and_by_neurons_agrees_with_the_slow_twin():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1)

        def forward(self, x):
            y = torch.relu(self.one(x))
            return self.two(torch.cat([x, torch.relu(self.two(torch.cat([x, y], 1)))], 1))

    torch.manual_seed(0)
    graph = rounded(convert(Mixed(), images(1, 2, 6, 6)), Neuron("loihi"))
    assert_same_as_twin(graph, images(2, 2, 6, 6, seed=5))


def test_a_graph_without_neurons_gives_the_masks_of_its_linear_map():
    conv = Convolution(np.float32([[[[1.0]]], [[[-1.0]]]]), np.float32([0.0, 1.0]))
    graph = SpikingGraph(
        (Population("input", (1, 1, 2)), Population("output", (2, 1, 2))),
        (Connection("input", "output", (conv,)),),
    )
    result = simulate(graph, torch.tensor([[[[0.25, 0.75]]]]), 3, mask_steps=[1, 3])
    assert result.masks.tolist() == [[[[1, 0]]], [[[1, 0]]]]
    assert result.spike_counts == {}


def test_a_graph_runs_on_images_of_another_size_than_it_was_made_for():
    graph = unet_graph(Neuron("if_soft"), size=8)
    batch = images(1, 2, 4, 12, seed=2)
    assert_same_as_twin(graph.resized(4, 12), batch)
    assert simulate(graph, batch, 2).masks.shape == (1, 1, 4, 12)


def test_images_of_a_batch_do_not_influence_each_other():
    graph, batch = unet_graph(Neuron("if_hard")), images(3, 2, 8, 8, seed=8)
    together = simulate(graph, batch, STEPS)
    for i in range(3):
        alone = simulate(graph, batch[i : i + 1], STEPS)
        assert torch.equal(alone.potential[0], together.potential[i])


def test_mask_steps_come_back_sorted_and_once():
    graph = unet_graph(Neuron("if_soft"))
    result = simulate(graph, images(1, 2, 8, 8), 9, mask_steps=[9, 2, 2])
    assert result.mask_steps == (2, 9)
    assert result.masks.shape == (2, 1, 8, 8)
    assert result.masks.dtype == torch.uint8


def test_spikes_are_kept_only_on_request():
    graph = unet_graph(Neuron("if_soft"))
    assert simulate(graph, images(1, 2, 8, 8), 2).spikes == {}
    kept = simulate(graph, images(1, 2, 8, 8), 2, keep_spikes=True).spikes
    assert kept.keys() == {p.name for p in graph.hidden}
    assert {s.dtype for s in kept.values()} == {torch.int8}


@pytest.mark.parametrize("num_steps", [0, -3])
def test_no_steps_are_refused(num_steps):
    with pytest.raises(ConfigError, match=rf"num_steps is {num_steps}; .* at least 1"):
        simulate(unet_graph(Neuron()), images(1, 2, 8, 8), num_steps)


@pytest.mark.parametrize("steps", [[0], [5], [2, 9], []])
def test_mask_steps_outside_of_the_simulation_are_refused(steps):
    with pytest.raises(ConfigError, match=r"mask_steps are \[.*must .* 1\.\.4"):
        simulate(unet_graph(Neuron()), images(1, 2, 8, 8), 4, mask_steps=steps)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 8, 8), (0, 2, 8, 8)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"takes \(B, 2, H, W\)"):
        simulate(unet_graph(Neuron()), torch.zeros(shape), 4)


def test_a_size_that_the_strides_do_not_divide_is_refused():
    with pytest.raises(ShapeError, match="strides divide"):
        simulate(unet_graph(Neuron()), images(1, 2, 7, 8), 4)


@pytest.mark.parametrize("run", [lambda g, x: simulate(g, x, 2), run_analog])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float16, torch.bfloat16])
def test_images_that_are_not_float_are_refused_and_not_computed_in_integers(run, dtype):
    with pytest.raises(DataError, match=f"images are {dtype}.*float32 or float64"):
        run(unet_graph(Neuron()), images(1, 2, 8, 8).to(dtype))
