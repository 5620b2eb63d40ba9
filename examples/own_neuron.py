"""A neuron of your own, from its equations to a network that is made of it.

A neuron is one function. Written with operators only, it runs on torch tensors, on NumPy arrays and
compiled in the engine. Run it with ``python examples/own_neuron.py``.
"""

from typing import Any

import torch

import spikeseg as ss
from spikeseg.neurons import NEURONS, Parameters, State

NAME = "if_floor"


def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
    """Integrate, clip at zero from below, fire at the threshold, subtract it.

    ::

        u <- decay_u * u + gain_u * current
        v <- max(v + u, 0)
        spike = v >= v_threshold
        v <- v - spike * v_threshold

    Unlike ``if_soft`` it forgets inhibition at once: after any number of negative currents it
    fires as a neuron that starts at 0.

    >>> step(-9.0, State(0.0, 0.5), Parameters(1.0, 0.0, 1.0))
    (False, State(u=-9.0, v=-0.0, n=0.0))
    >>> step(0.75, State(0.0, 0.5), Parameters(1.0, 0.0, 1.0))
    (True, State(u=0.75, v=0.25, n=0.0))
    """
    u = parameters.decay_u * state.u + parameters.gain_u * current
    v = state.v + u
    v = v * (v > 0)
    spike = v >= parameters.v_threshold
    return spike, State(u, v - spike * parameters.v_threshold, state.n)


def main() -> None:
    """Register the neuron, and print what a network of it does beside one of ``if_soft``."""
    NEURONS.register(NAME)(step)
    torch.manual_seed(0)
    network = ss.make_network(ss.NetworkConfig(depth=1, width=4), in_channels=1, num_classes=2)
    images = torch.rand(1, 1, 32, 32)
    logits = network.eval()(images).detach()
    for name in ("if_soft", NAME):
        graph = ss.convert(network, images, ss.ConversionConfig(neuron=name))
        simulation = ss.simulate(graph, images, num_steps=64)
        spikes = sum(float(counts.sum()) for counts in simulation.spike_counts.values())
        error = float((simulation.potential - logits).norm() / logits.norm())
        print(
            f"{name:8s}: {spikes / graph.num_neurons:.2f} spikes per neuron, "
            f"logits differ by {error:.1%}"
        )


if __name__ == "__main__":
    main()
