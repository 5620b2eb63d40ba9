"""Work of networks for tests of energy: some by hand, some drawn."""

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from spikeseg.energy import NetworkWork, StepWork, Work
from spikeseg.graph import (
    AveragePooling,
    Connection,
    Convolution,
    Population,
    SpikingGraph,
    TransposedConvolution,
)
from spikeseg.neurons import Neuron


def work(**counts: float) -> Work:
    """Return work with the given counts; the others are 0."""
    return Work(**{field.name: counts.get(field.name, 0.0) for field in fields(Work)})


def network(*layers: Work, num_steps: int = 1, chips: int = 1) -> NetworkWork:
    return NetworkWork({f"l{i}": layer for i, layer in enumerate(layers)}, num_steps, chips)


@st.composite
def drawn_work(draw: st.DrawFn) -> Work:
    """Draw the work of a layer whose counts are possible together."""
    neurons, steps = draw(st.integers(1, 1000)), draw(st.integers(1, 100))
    updates = neurons * steps
    receiving = draw(st.integers(0, updates))
    packets = draw(st.integers(0, 10_000))
    operations = draw(st.integers(1, 10**6))
    return work(
        neurons=neurons,
        weights=draw(st.integers(1, 10**5)),
        updates=updates,
        state_bits=96 * updates,
        receiving_updates=receiving,
        spikes=draw(st.integers(1, updates)),
        synaptic_operations=operations,
        weight_bits=8 * operations,
        packets_in=draw(st.integers(0, 10_000)),
        packets_out=packets,
        within_tile=draw(st.integers(0, packets)),
        hops_east_west=draw(st.integers(0, 10**5)),
        hops_north_south=draw(st.integers(0, 10**5)),
        inter_chip_packets=draw(st.integers(0, packets)),
    )


@st.composite
def drawn_steps(draw: st.DrawFn) -> StepWork:
    """Draw a few steps of a few cores, in which no more neurons receive than there are."""
    draws = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 3)))
    neurons = draws.integers(1, 1000, shape[1])
    return StepWork(
        operations=draws.integers(0, 10_000, shape).astype(float),
        receiving=draws.integers(0, neurons + 1, shape).astype(float),
        packets=draws.integers(0, 1000, shape).astype(float),
        neurons=neurons.astype(float),
        tiles=draw(st.integers(1, 32)),
    )


def two_steps(tiles: int = 1) -> StepWork:
    """Return two steps of two cores."""
    return StepWork(
        operations=np.array([[100.0, 0.0], [0.0, 10.0]]),
        receiving=np.array([[20.0, 0.0], [0.0, 5.0]]),
        packets=np.array([[7.0, 0.0], [0.0, 1.0]]),
        neurons=np.array([50.0, 80.0]),
        tiles=tiles,
    )


def small_graph() -> SpikingGraph:
    """Return a graph with a stride, a pooling, a transposed convolution and a skip."""
    neuron = Neuron()
    draws = np.random.default_rng(0)

    def kernel(*shape):
        return draws.normal(size=shape).astype(np.float32)

    down = Convolution(kernel(3, 2, 3, 3), stride=(2, 2), padding=(1, 1, 1, 1))
    up = TransposedConvolution(kernel(4, 3, 2, 2), stride=(2, 2))
    return SpikingGraph(
        (
            Population("input", (1, 8, 8)),
            Population("first", (2, 8, 8), neuron),
            Population("deep", (3, 4, 4), neuron),
            Population("deeper", (4, 2, 2), neuron),
            Population("last", (3, 4, 4), neuron),
            Population("output", (2, 4, 4)),
        ),
        (
            Connection(
                "input", "first", (Convolution(kernel(2, 1, 3, 3), None, (1, 1), (1,) * 4),)
            ),
            Connection("first", "deep", (down,)),
            Connection(
                "deep", "deeper", (AveragePooling((2, 2), (2, 2)), Convolution(kernel(4, 3, 1, 1)))
            ),
            Connection("deeper", "last", (up,)),
            Connection("deep", "last", (Convolution(kernel(3, 3, 1, 1)),)),
            Connection("last", "output", (Convolution(kernel(2, 3, 1, 1)),)),
        ),
    )
