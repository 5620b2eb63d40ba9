"""Layers run event by event equal convolutions and the slow scan, to the bit where sums are exact.

Weights are multiples of 1/256 up to 1/2, so a sum of thousands of them fits into float32.
"""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeseg.engine.currents import Current
from spikeseg.engine.event import code as event_code
from spikeseg.engine.event.bit_map import BitMap
from spikeseg.engine.event.layer import EventLayer, compile_layer
from spikeseg.engine.scan import initial_state, scan_stepwise
from spikeseg.errors import ShapeError
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    Connection,
    Convolution,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import output_shape
from spikeseg.neurons import NEURONS, Neuron

CHANNELS = st.sampled_from([1, 2, 3, 5, 8, 16, 17, 24, 32, 33, 40, 64, 70])
MEMBERS = [name for name in NEURONS.names() if Neuron(name).spike_levels == (0, 1)]


def pairs(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


def weights(draw, *shape):
    seed = draw(st.integers(0, 2**16))
    return np.float32(np.random.default_rng(seed).integers(-128, 129, shape) / 256)


@st.composite
def convolutions(draw, channels, out):
    taps, stride = draw(pairs(1, 5)), draw(pairs(1, 3))
    padding = tuple(draw(st.integers(0, 3)) for _ in range(4))
    bias = weights(draw, out) if draw(st.booleans()) else None
    return (Convolution(weights(draw, out, channels, *taps), bias, stride, padding),)


@st.composite
def transposed(draw, channels, out):
    taps, stride = draw(pairs(1, 5)), draw(pairs(1, 3))
    more = tuple(draw(st.integers(0, s - 1)) for s in stride)
    weight, bias = weights(draw, channels, out, *taps), weights(draw, out)
    return (TransposedConvolution(weight, bias, stride, draw(pairs(0, 2)), more),)


@st.composite
def enlarged(draw, channels, out):
    mode = draw(st.sampled_from(["nearest", "zeros"]))
    return (Upsampling(draw(pairs(1, 3)), mode), *draw(convolutions(channels, out)))


@st.composite
def scaled(draw, channels, out):
    scale = np.float32(draw(st.sampled_from([-1.0, 0.5, 2.0]))) * np.ones(out, np.float32)
    affine = ChannelAffine(scale, weights(draw, out) if draw(st.booleans()) else None)
    return (*draw(convolutions(channels, out)), affine)


@st.composite
def neurons(draw, out):
    start = tuple(weights(draw, out).tolist()) if draw(st.booleans()) else 0.5
    tau, decay = draw(st.sampled_from([0.0, 2.0])), draw(st.sampled_from([0.5, 0.9]))
    return Neuron(draw(st.sampled_from(MEMBERS)), 1.25, start, tau, decay)


@st.composite
def layers(draw):
    """Draw (layer, connections, spikes of each source, constant)."""
    out, size = draw(CHANNELS), draw(pairs(1, 9))
    kind = draw(st.sampled_from([convolutions, transposed, enlarged, scaled]))
    chains, shapes = [], []
    for _ in range(draw(st.integers(1, 2))):
        channels = draw(CHANNELS)
        chains.append(draw(kind(channels, out)))
        shapes.append((channels, *size))
    try:
        shape = output_shape(chains[0], shapes[0])
        assume(all(output_shape(*pair) == shape for pair in zip(chains, shapes, strict=True)))
    except ShapeError:
        assume(False)
    connections = [Connection(f"s{i}", "t", chain) for i, chain in enumerate(chains)]
    layer = EventLayer(connections, draw(neurons(out)), shapes)
    steps, batch = draw(st.integers(2, 4)), draw(st.integers(1, 2))
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    rate = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    spikes = [(torch.rand(steps, batch, *s, generator=random) < rate).float() for s in shapes]
    constant = torch.from_numpy(weights(draw, batch, *shape)) if draw(st.booleans()) else None
    return layer, connections, spikes, constant


def currents(connections, spikes, constant):
    parts = [
        Current(c, torch.zeros(1))(s.flatten(0, 1))
        for c, s in zip(connections, spikes, strict=True)
    ]
    total = sum(parts).unflatten(0, spikes[0].shape[:2])
    return total if constant is None else total + constant


def zeros(like):
    return torch.zeros(like.shape[1:]).contiguous(memory_format=torch.channels_last)


@given(layers())
@settings(max_examples=80, deadline=None)
def test_spikes_states_and_counts_are_those_of_the_slow_scan(drawn):
    layer, connections, spikes, constant = drawn
    x = currents(connections, spikes, constant)
    wanted, state = scan_stepwise(layer.neuron, x, initial_state(layer.neuron, x))
    counts = zeros(x)
    fired, found = layer([BitMap.of(s) for s in spikes], constant, None, counts)
    assert torch.equal(fired.dense(torch.float32), wanted)
    assert torch.equal(found.v, state.v)
    assert layer.neuron.tau_syn == 0 or torch.equal(found.u, state.u)
    assert torch.equal(counts, wanted.sum(0))
    assert fired.count() == int(wanted.sum()), "bits behind a row are 0"


@given(layers(), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_two_chunks_of_steps_are_one(drawn, first):
    layer, _, spikes, constant = drawn
    whole, _ = layer([BitMap.of(s) for s in spikes], constant)
    first = min(first, len(spikes[0]) - 1)
    early, state = layer([BitMap.of(s[:first]) for s in spikes], constant)
    late, _ = layer([BitMap.of(s[first:]) for s in spikes], constant, state)
    assert torch.equal(torch.cat([early.words, late.words]), whole.words)


@given(layers())
@settings(max_examples=20, deadline=None)
def test_without_avx512_it_is_the_same(drawn):
    layer, connections, spikes, constant = drawn
    heard = [BitMap.of(s) for s in spikes]
    wanted, _ = layer(heard, constant)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(event_code, "has_feature", lambda name: False)
        plain = EventLayer(connections, layer.neuron, layer.source_shapes)
        patched.setattr(plain, "_compiled", compile_layer(plain.plan))
        found, _ = plain(heard, constant)
    assert torch.equal(found.words, wanted.words)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def plain_layer(seed=0, size=33, neuron=None):
    random = np.random.default_rng(seed)
    weight = np.float32(random.normal(size=(24, 20, 3, 3)) / 8)
    connection = Connection("a", "b", (Convolution(weight, padding=(1, 1, 1, 1)),))
    layer = EventLayer([connection], neuron or Neuron("lif_soft"), [(20, size, size)])
    fired = torch.from_numpy(random.random((4, 2, 20, size, size)) < 0.2).float()
    return layer, connection, fired


@pytest.mark.usefixtures("two_threads")
def test_two_threads_find_what_one_finds():
    layer, _, fired = plain_layer()
    found, after = layer([BitMap.of(fired)])
    torch.set_num_threads(1)
    wanted, state = layer([BitMap.of(fired)])
    assert torch.equal(found.words, wanted.words)
    assert torch.equal(after.v, state.v)


def test_currents_of_real_weights_differ_by_rounding_only():
    layer, connection, fired = plain_layer(neuron=Neuron("if_soft", 1e6))
    _, state = layer([BitMap.of(fired)])
    wanted = Current(connection, fired.double())(fired.double().sum(0))
    torch.testing.assert_close(state.v.double(), wanted, rtol=1e-5, atol=1e-5)


def test_an_image_does_not_change_with_its_neighbors():
    layer, _, fired = plain_layer()
    both, _ = layer([BitMap.of(fired)])
    alone, _ = layer([BitMap.of(fired[:, 1:])], keep_state=False)
    assert torch.equal(alone.words, both.words[:, 1:])


def test_without_keeping_there_is_no_state():
    layer, _, fired = plain_layer()
    assert layer([BitMap.of(fired)], keep_state=False)[1] is None


def test_counts_are_added_in_any_layout():
    layer, _, fired = plain_layer()
    counts = torch.ones(2, 24, 33, 33)
    found, _ = layer([BitMap.of(fired)], counts=counts)
    assert torch.equal(counts, found.dense(torch.float32).sum(0) + 1)


WEIGHT = np.ones((2, 2, 3, 3), np.float32)


@pytest.mark.parametrize(
    "chain",
    [
        (),
        (AveragePooling((2, 2), (2, 2)),),
        (Convolution(WEIGHT, dilation=(2, 1)),),
        (Convolution(WEIGHT, groups=2),),
        (Upsampling((2, 2), "bilinear"), Convolution(WEIGHT)),
        (Convolution(WEIGHT), Convolution(WEIGHT)),
        (Convolution(np.ones((1, 20_000, 1, 1), np.float32)),),
    ],
)
def test_what_is_not_one_convolution_is_left_to_others(chain):
    assert not EventLayer.can_run([Connection("a", "b", chain)], Neuron())


def test_spikes_with_a_sign_are_left_to_others():
    connections = [Connection("a", "b", (Convolution(WEIGHT),))]
    assert EventLayer.can_run(connections, Neuron())
    assert not EventLayer.can_run(connections, Neuron("if_signed"))


def test_shapes_that_do_not_fit_are_refused():
    layer, _, fired = plain_layer()
    with pytest.raises(ShapeError, match=r"20, 33, 33"):
        layer([BitMap.of(fired[..., :32])])
    with pytest.raises(ShapeError, match="constant"):
        layer([BitMap.of(fired)], torch.zeros(2, 20, 33, 33))
    with pytest.raises(ShapeError, match="counts"):
        layer([BitMap.of(fired)], counts=torch.zeros(1, 24, 33, 33))
    other = Connection("c", "b", (Convolution(np.ones((24, 20, 1, 1), np.float32)),))
    with pytest.raises(ShapeError, match="agree"):
        EventLayer([other, other], Neuron(), [(20, 4, 4), (20, 5, 4)])
    with pytest.raises(ShapeError, match="weights for 20 channels"):
        EventLayer([other], Neuron(), [(3, 4, 4)])
