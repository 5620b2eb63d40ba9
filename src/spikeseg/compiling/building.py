"""From a spiking graph to layers for a chip; the layers that hear the image stay on the host."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spikeseg.chips import SpikeInput
from spikeseg.compiling.folding import Folded, fold
from spikeseg.compiling.layers import FloatKernel, FloatLayer, FloatNetwork, Floats
from spikeseg.errors import CompileError
from spikeseg.graph import Connection, Population, SpikingGraph

_NEVER = 512.0  # thresholds of the output in largest weights; 2^9 fit beside a weight exponent 0


def host_populations(graph: SpikingGraph) -> tuple[Population, ...]:
    """Return the populations that hear the image; they fire on the host, outside of the chip.

    A chip receives spikes and no currents, so the first layer codes the image (as in Patel et al.
    2021 and in nengo-loihi).

    Raises:
        CompileError: one hears the image and other neurons too, or fires other spikes than 0, 1.
    """
    image = graph.input.name
    hosts = []
    for population in graph.populations[1:]:
        heard = [connection.source == image for connection in graph.into(population.name)]
        if not any(heard):
            continue
        if not all(heard) or population.neuron is None:
            raise CompileError(
                f"population {population.name!r} hears the image, and is {_what(population)}; a "
                "chip takes spikes only. Put a layer of neurons behind the image."
            )
        if population.neuron.spike_levels != (0, 1):
            raise CompileError(
                f"population {population.name!r} codes the image with {population.neuron.name} "
                "neurons, whose spikes are not 0 and 1. Convert with neuron loihi."
            )
        hosts.append(population)
    return tuple(hosts)


def _what(population: Population) -> str:
    return "the output" if population.neuron is None else "fed by other neurons too"


def build_network(graph: SpikingGraph, output_tau: float | None = None) -> FloatNetwork:
    """Return the layers of a graph that go to the chip.

    The output becomes neurons that never fire, whose potential is read after the last step. With a
    leak, it forgets the first steps, in which spikes are still on their way through the layers.

    Args:
        graph: of ``loihi`` or ``lif_hard`` neurons, sized to the images.
        output_tau: time constant of the output's leak, in steps.

    Raises:
        CompileError: neurons, gates or transforms that the chip does not have; names them.
    """
    hosts = host_populations(graph)
    names = {population.name for population in hosts}
    layers = tuple(
        _layer(graph, population, output_tau)
        for population in graph.populations[1:]
        if population.name not in names
    )
    inputs = tuple(SpikeInput(population.name, population.shape) for population in hosts)
    return FloatNetwork(inputs, layers, graph.output.name, graph.dt_ms)


def _layer(graph: SpikingGraph, population: Population, output_tau: float | None) -> FloatLayer:
    _check(graph, population)
    folded = {c.source: _folded(graph, c) for c in graph.into(population.name)}
    kernels = tuple(
        FloatKernel(source, part.weight.astype(np.float32), part.window)
        for source, part in folded.items()
    )
    bias = sum((part.bias for part in folded.values()), np.zeros(population.shape[0]))
    layer = FloatLayer(
        name=population.name,
        shape=population.shape,
        kernels=kernels,
        bias=bias.astype(np.float32),
        threshold=1.0,
        decay_u=1.0,
        decay_v=0.0,
    )
    neuron = population.neuron
    if neuron is None:
        threshold = silent_threshold([kernel.weight for kernel in kernels])
        leak = 0.0 if output_tau is None else 1.0 - math.exp(-1.0 / output_tau)
        return replace(layer, threshold=threshold, v_min=-np.inf, decay_v=leak)
    start = np.broadcast_to(np.asarray(neuron.v_initial, np.float32), population.shape[0])
    decay = 1.0 - neuron.parameters.decay_u
    return replace(
        layer,
        threshold=neuron.v_threshold,
        decay_u=decay,
        decay_v=1.0 - neuron.decay_v if neuron.name == "lif_hard" else 0.0,
        v_min=-np.inf if neuron.name == "lif_hard" else 0.0,
        v_initial=start.copy(),
    )


def silent_threshold(weights: Sequence[Floats]) -> float:
    """Return a threshold that an output never reaches, and that costs its weights no bits."""
    return _NEVER * max(float(np.abs(weight).max()) for weight in weights)


def _folded(graph: SpikingGraph, connection: Connection) -> Folded:
    where = f"{connection.source} -> {connection.target}"
    return fold(connection.transforms, graph[connection.source].shape, where)


def _check(graph: SpikingGraph, population: Population) -> None:
    if population.pooling is not None:
        raise CompileError(
            f"population {population.name!r} pools spikes by their maximum, which a chip's core "
            "cannot. Use average pooling or strides, and train again."
        )
    if population.neuron is not None and population.neuron.name not in ("loihi", "lif_hard"):
        raise CompileError(
            f"population {population.name!r} has {population.neuron.name} neurons; a Loihi core "
            "resets to zero and fires above the threshold. Convert with neuron loihi, or train "
            "spiking neurons with reset 'hard'."
        )
    sources = [c.source for c in graph.into(population.name)]
    if len(set(sources)) < len(sources):
        raise CompileError(
            f"population {population.name!r} hears {sources}; a core has one connection from each "
            "source. Add the two connections up."
        )
