"""Connections in few bits: exactly the sums of the rounded weights, rounded once."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_transforms import chains
from dyadic import images, unet_graph
from spikeseg.engine import Engine, simulate
from spikeseg.engine.currents import Current
from spikeseg.engine.paths import make_path, without_enlarging
from spikeseg.engine.scan import initial_state, scan_stepwise
from spikeseg.engine.spikes import Spikes
from spikeseg.errors import ConfigError
from spikeseg.graph import Connection, Convolution, TransposedConvolution, Upsampling
from spikeseg.neurons import Neuron

UNIT, LEVELS, STEPS = 1 / 64, 127, 6
FLOAT = torch.zeros(0)


def in_seven_bits(transform):
    """Return the transform with weights of multiples of 1/64 up to 127/64, each channel's largest.

    They are exact in bfloat16, and in the 255 levels of each channel.
    """
    if not hasattr(transform, "weight"):
        return transform
    weight = np.round(np.clip(transform.weight / UNIT, -LEVELS, LEVELS)) * UNIT
    if isinstance(transform, Convolution):
        weight[:, 0, 0, 0] = LEVELS * UNIT * np.where(weight[:, 0, 0, 0] < 0, -1, 1)
    bias = transform.bias
    bias = None if bias is None else np.float32(np.round(np.clip(bias, -1, 1) / UNIT) * UNIT)
    return replace(transform, weight=np.float32(weight), bias=bias)


def few_bits(graph):
    chains = (
        replace(c, transforms=tuple(map(in_seven_bits, c.transforms))) for c in graph.connections
    )
    return replace(graph, connections=tuple(chains))


def rounded_twin(graph, batch):
    """Return all spikes, (T, B, C, H, W), of currents that are rounded to bfloat16, one by one."""
    values, fired = {graph.input.name: batch}, {}
    for population in graph.hidden:
        total = torch.zeros(STEPS, len(batch), *population.shape)
        for connection in graph.into(population.name):
            if connection.source == graph.input.name:
                total = total + Current(connection, batch)(batch)
                continue
            heard = values[connection.source]
            current = Current(connection, batch)(heard.flatten(0, 1)).bfloat16().float()
            total = total + current.unflatten(0, (STEPS, -1))
        state = initial_state(population.neuron, total)
        values[population.name] = fired[population.name] = scan_stepwise(
            population.neuron, total, state
        )[0]
    return fired


@pytest.mark.parametrize("numbers", ["bf16", "int8"])
@pytest.mark.parametrize("neuron", ["if_soft", "lif_hard", "if_signed"])
@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
def test_every_spike_is_that_of_the_rounded_currents(numbers, neuron, upsampling):
    graph = few_bits(unet_graph(Neuron(neuron, v_initial=0.5, decay_v=0.75), "stride", upsampling))
    batch = images(2, 2, 8, 8, seed=3)
    found = simulate(graph, batch, STEPS, precision=Engine(numbers), keep_spikes=True).spikes
    for name, expected in rounded_twin(graph, batch).items():
        assert expected.any(), "a silent population proves nothing"
        assert torch.equal(found[name].float(), expected), name


@pytest.mark.parametrize("numbers", ["bf16", "int8"])
@settings(max_examples=60, deadline=None)
@given(chains(), st.integers(0, 2**32 - 1))
def test_any_chain_in_few_bits_is_near_the_exact_one(numbers, drawn, seed):
    chain, shape = drawn
    random = torch.Generator().manual_seed(seed)
    spikes = (torch.rand((3, 2, *shape), generator=random) < 0.4).float()
    connection = Connection("a", "b", tuple(map(in_seven_bits, chain)))
    exact = Current(connection, FLOAT)(spikes.flatten(0, 1)).unflatten(0, (3, 2))
    found = make_path(connection, numbers, FLOAT)(Spikes(spikes, torch.float32))
    assert found.dtype == torch.bfloat16
    size = float(exact.abs().max()) if exact.numel() else 0.0
    torch.testing.assert_close(found.float(), exact, rtol=0.02, atol=0.02 * size + 1e-6)


@settings(max_examples=40, deadline=None)
@given(chains())
def test_in_float32_a_path_is_the_connection(drawn):
    chain, shape = drawn
    spikes = torch.ones(2, 1, *shape)
    connection = Connection("a", "b", chain)
    exact = Current(connection, FLOAT)(spikes.flatten(0, 1)).unflatten(0, (2, 1))
    found = make_path(connection, "fp32", FLOAT)(Spikes(spikes, torch.float32))
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(0, 99)
)
def test_a_doubled_map_is_not_made_to_be_convolved(channels, outputs, height, width, seed):
    random = np.random.default_rng(seed)
    weight = random.integers(-64, 65, (outputs, channels, 3, 3)).astype(np.float32) / 64
    conv = Convolution(weight, np.float32(random.integers(-9, 9, outputs)), padding=(1, 1, 1, 1))
    chain = (Upsampling((2, 2)), conv, Upsampling((2, 2)))
    short = without_enlarging(chain)
    assert [type(t) for t in short] == [TransposedConvolution, Upsampling]
    x = torch.from_numpy(random.integers(0, 2, (2, channels, height, width)).astype(np.float32))
    found, exact = (Current(Connection("a", "b", c), FLOAT)(x) for c in (short, chain))
    assert torch.equal(found, exact)


@pytest.mark.parametrize(
    "second",
    [
        Convolution(np.ones((1, 1, 3, 3), np.float32)),
        Convolution(np.ones((1, 1, 3, 3), np.float32), stride=(2, 2), padding=(1, 1, 1, 1)),
        Convolution(np.ones((1, 1, 5, 5), np.float32), padding=(1, 1, 1, 1)),
        Upsampling((2, 2)),
    ],
)
def test_other_pairs_stay_as_they_are(second):
    chain = (Upsampling((2, 2)), second)
    assert without_enlarging(chain) == chain


def test_double_images_are_exact_whatever_is_allowed():
    graph, batch = unet_graph(Neuron(v_initial=0.5)), images(1, 2, 8, 8).double()
    found = simulate(graph, batch, STEPS, precision="int8", keep_spikes=True)
    assert found.engine == "float64: exact, as the images are"
    for name, spikes in simulate(graph, batch, STEPS, keep_spikes=True).spikes.items():
        assert torch.equal(found.spikes[name], spikes)


def test_in_float64_no_sums_of_weights_are_rounded():
    random = np.random.default_rng(0)
    conv = Convolution(np.float32(random.normal(size=(2, 3, 3, 3))), padding=(1, 1, 1, 1))
    connection, spikes = Connection("a", "b", (Upsampling((2, 2)), conv)), torch.ones(1, 1, 3, 4, 4)
    like = torch.zeros(0, dtype=torch.float64)
    found = make_path(connection, "fp32", like)(Spikes(spikes.double(), torch.float64))
    exact = Current(connection, like)(spikes.double().flatten(0, 1))
    torch.testing.assert_close(found[0], exact, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("engine", [Engine("bf16"), Engine("int8"), Engine("fp32", "always")])
def test_an_engine_that_the_images_cannot_have_is_refused(engine):
    with pytest.raises(ConfigError, match="images of float64, which are always exact"):
        simulate(unet_graph(Neuron()), images(1, 2, 8, 8).double(), 2, precision=engine)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match="precision is 'int4'; it must be one of: float32, bf"):
        simulate(unet_graph(Neuron()), images(1, 2, 8, 8), 2, precision="int4")


def test_counts_are_left_out_on_request():
    graph, batch = unet_graph(Neuron(v_initial=0.5)), images(1, 2, 8, 8)
    found, whole = (simulate(graph, batch, 4, keep_counts=keep) for keep in (False, True))
    assert found.spike_counts == found.net_counts == {}
    assert torch.equal(found.potential, whole.potential)
