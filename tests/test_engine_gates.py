"""Gates: the spikes of the slow twin, torch's max pooling of the counts, and their synapses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from drawn_transforms import pairs
from slow_gates import largest_counts
from slow_twin import slow_simulate
from spikeseg.engine import EarlyExit, run_analog, simulate, simulation
from spikeseg.engine.gates import pool_spikes
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.graph import (
    ChannelAffine,
    Connection,
    MaxPooling,
    Population,
    SpikingGraph,
    load_graph,
    save_graph,
)
from spikeseg.neurons import Neuron
from spikeseg.training.unrolled import UnrolledGraph


@st.composite
def poolings(draw):
    """Draw (pooling, (C, H, W)) that fit each other."""
    kernel, dilation = draw(pairs(1, 3)), draw(pairs(1, 2))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)  # as torch demands
    pooling = MaxPooling(kernel, draw(pairs(1, 3)), padding, dilation, draw(st.booleans()))
    smallest = [dilation[i] * (kernel[i] - 1) + 1 for i in (0, 1)]
    height, width = (n + draw(st.integers(0, 5)) for n in smallest)
    return pooling, (draw(st.integers(1, 3)), height, width)


def gated(pooling, shape, neuron=None):
    """Return the graph of input -> neurons -> gate -> output, without weights that matter."""
    after = pooling.output_shape(shape)
    channels = np.ones(shape[0], np.float32)
    return SpikingGraph(
        (
            Population("input", shape),
            Population("a", shape, neuron or Neuron()),
            Population("gate", after, spike_value=1.0, pooling=pooling),
            Population("output", after),
        ),
        (
            Connection("input", "a", (ChannelAffine(channels / 4, channels / 16),)),
            Connection("a", "gate", ()),
            Connection("gate", "output", ()),
        ),
    )


def drawn_images(shape, seed, batch=2):
    values = np.random.default_rng(seed).integers(-4, 33, (batch, *shape)) / 8
    return torch.tensor(values, dtype=torch.float32)


@given(drawn=poolings())
def test_the_shape_of_a_gate_is_torchs(drawn):
    pooling, shape = drawn
    layer = nn.MaxPool2d(
        pooling.kernel,
        pooling.stride,
        pooling.padding,
        pooling.dilation,
        ceil_mode=pooling.ceil_mode,
    )
    assert pooling.output_shape(shape) == tuple(layer(torch.zeros(1, *shape))[0].shape)


@settings(max_examples=40, deadline=None)
@given(drawn=poolings(), seed=st.integers(0, 99), name=st.sampled_from(["if_soft", "if_signed"]))
def test_every_spike_of_a_gate_is_that_of_the_slow_twin(drawn, seed, name):
    graph = gated(*drawn, Neuron(name, v_initial=0.5))
    x = drawn_images(drawn[1], seed)
    spikes, potentials = slow_simulate(graph, x.numpy(), 8)
    found = simulate(graph, x, 8, keep_spikes=True)
    np.testing.assert_array_equal(found.spikes["gate"].numpy(), spikes["gate"])
    np.testing.assert_array_equal(found.potential.numpy() * 8, potentials[-1])


@settings(max_examples=40, deadline=None)
@given(drawn=poolings(), seed=st.integers(0, 99), low=st.sampled_from([0, -1]))
def test_a_gate_fires_at_most_once_a_step_and_its_count_is_the_largest_count(drawn, seed, low):
    pooling, shape = drawn
    fired = np.random.default_rng(seed).integers(low, 2, (6, 2, *shape))
    spikes, counts = pool_spikes(pooling, torch.tensor(fired, dtype=torch.float32), None)
    assert set(spikes.unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert low or spikes.min() >= 0
    np.testing.assert_array_equal(counts, fired.sum(0))
    for found, expected in zip(spikes.sum(0), fired.sum(0), strict=True):
        np.testing.assert_array_equal(found, largest_counts(pooling, expected, found.shape))


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_chunks_of_steps_do_not_change_a_gate(monkeypatch, chunk):
    pooling, shape = MaxPooling((3, 3), (2, 2), (1, 1)), (2, 6, 7)
    graph, x = gated(pooling, shape), drawn_images(shape, 1)
    whole = simulate(graph, x, 11, keep_spikes=True).spikes
    monkeypatch.setattr(simulation, "_CHUNK_VALUES", chunk * 2 * 6 * 7 * 2)
    parts = simulate(graph, x, 11, keep_spikes=True).spikes
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_an_image_that_leaves_early_takes_the_counts_of_its_gates_along():
    pooling, shape = MaxPooling((3, 3), (2, 2), (1, 1)), (2, 6, 6)
    graph, x = gated(pooling, shape, Neuron("if_signed")), drawn_images(shape, 1, batch=6)
    rule = EarlyExit(check_every=1, patience=2, tolerance=0.1, min_steps=2)
    found = simulate(graph, x, 20, early_exit=rule)
    assert len(set(found.steps_used.tolist())) > 1
    for i, steps in enumerate(found.steps_used.tolist()):
        alone = simulate(graph, x[i : i + 1], steps)
        assert torch.equal(found.spike_counts["gate"][i], alone.spike_counts["gate"][0])


def test_a_graph_with_a_gate_is_unrolled_for_training():
    pooling, shape = MaxPooling((2, 2), (2, 2)), (2, 6, 6)
    graph, x = gated(pooling, shape), drawn_images(shape, 1)
    network = UnrolledGraph(graph)
    output, work = network(x, 6)
    found = simulate(graph, x, 6)
    torch.testing.assert_close(output.mean(0), found.potential)
    work.backward()
    assert network.weights[0].grad.abs().max() > 0
    assert network.to_graph()["gate"] == graph["gate"]


def test_in_analog_mode_a_gate_is_max_pooling():
    pooling, x = MaxPooling((2, 2), (1, 2)), drawn_images((2, 5, 6), 2)
    values = run_analog(gated(pooling, (2, 5, 6)), x)
    assert torch.equal(values["gate"], nn.MaxPool2d((2, 2), (1, 2))(values["a"]))


@settings(max_examples=40, deadline=None)
@given(drawn=poolings())
def test_the_synapses_of_a_gate_are_its_windows_inputs(drawn):
    pooling, shape = drawn
    counted = np.zeros(shape, int)
    for neuron in np.ndindex(*shape):
        alone = np.zeros(shape)
        alone[neuron] = 1
        counted[neuron] = largest_counts(pooling, alone, pooling.output_shape(shape)).sum()
    graph = gated(pooling, shape)
    connection = graph.into("gate")[0]
    np.testing.assert_array_equal(graph.connection_fan_out(connection), counted)
    out = np.prod(pooling.output_shape(shape))
    assert graph.num_synapses == counted.sum() + np.prod(shape) + out


def test_a_stored_gate_and_a_ceiling_come_back(tmp_path):
    graph = gated(MaxPooling((3, 2), (2, 1), (1, 0), (1, 2), ceil_mode=True), (2, 8, 8))
    populations = (graph.input, replace(graph["a"], ceiling=6.0), *graph.populations[2:])
    graph = replace(graph, populations=populations)
    save_graph(graph, tmp_path / "graph.npz")
    assert load_graph(tmp_path / "graph.npz").populations == graph.populations


def test_a_ceiling_holds_in_units_of_the_network():
    graph = gated(MaxPooling((1, 1), (1, 1)), (1, 2, 2))
    clipped = replace(graph["a"], ceiling=0.5, spike_value=4.0)
    graph = replace(graph, populations=(graph.input, clipped, *graph.populations[2:]))
    values = run_analog(graph, torch.full((1, 1, 2, 2), 4.0))
    assert values["a"].unique().tolist() == [0.5]


def wrong(**changes):
    graph = gated(MaxPooling((2, 2), (2, 2)), (1, 4, 4))
    populations = [replace(p, **changes.get(p.name, {})) for p in graph.populations]
    connections = tuple(
        replace(c, source=changes.get("source", c.source), transforms=changes.get("chain", ()))
        if c.target == "gate"
        else c
        for c in graph.connections
    ) + changes.get("more", ())
    return SpikingGraph(tuple(populations), connections)


IDENTITY = ChannelAffine(np.ones(1, np.float32))


@pytest.mark.parametrize(
    "changes",
    [
        {"gate": {"neuron": Neuron()}},
        {"source": "input"},
        {"chain": (IDENTITY,)},
        {"more": (Connection("a", "gate", ()),)},
        {"output": {"pooling": MaxPooling((1, 1), (1, 1))}},
    ],
)
def test_a_gate_that_cannot_work_is_refused(changes):
    with pytest.raises(ConfigError, match="pools spikes; such a gate has no neuron"):
        wrong(**changes)


def test_a_gate_of_another_shape_than_its_windows_is_refused():
    with pytest.raises(ShapeError, match=r"a -> gate gives shape \(1, 2, 2\)"):
        wrong(gate={"shape": (1, 3, 3)})
