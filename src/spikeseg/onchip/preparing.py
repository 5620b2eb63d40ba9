"""From a trained network to a graph for the chip, and from trained layers back to a graph."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from torch import Tensor, nn

from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork, host_populations
from spikeseg.compiling.layers import Floats
from spikeseg.config import ChipConfig, ConversionConfig, SpikingConfig
from spikeseg.conversion import convert, spiking_graph
from spikeseg.errors import CompileError
from spikeseg.graph import (
    Connection,
    Convolution,
    Population,
    SpikingGraph,
    Transform,
    TransposedConvolution,
)
from spikeseg.onchip.host import HostLayer
from spikeseg.spiking import SpikingNetwork


def prepare(
    network: nn.Module, images: Tensor, config: ChipConfig, dt_ms: float = 1.0
) -> SpikingGraph:
    """Return a trained network as a graph of the chip's neurons, thresholds balanced.

    A network that was trained through its spikes keeps its neurons and thresholds; see
    `prepare_spiking`.

    The populations that hear the image stay on the host, where neurons lose nothing when they are
    reset: they are ``if_soft``.

    Args:
        network: the trained network.
        images: (B, C, H, W) to balance the thresholds on.
        config: where the thresholds come from.
        dt_ms: length of a time step in milliseconds.

    Raises:
        SpikeSegError: what cannot be converted, or not be put on a chip; see `convert` and
            `host_populations`.
    """
    if isinstance(network, SpikingNetwork):
        return prepare_spiking(network, images, config, dt_ms)
    conversion = ConversionConfig(
        neuron="loihi",
        recipes=(config.thresholds, "half_threshold"),
        granularity="channel",
        percentile=config.percentile,
    )
    graph = convert(network, images, conversion, dt_ms=dt_ms)
    hosts = {population.name for population in host_populations(graph)}
    return replace(graph, populations=tuple(_on_host(p, hosts) for p in graph.populations))


def prepare_spiking(
    network: SpikingNetwork, images: Tensor, config: ChipConfig, dt_ms: float = 1.0
) -> SpikingGraph:
    """Return a network that was trained with the chip's timing as a graph of its neurons.

    Raises:
        CompileError: the neurons, norms, coding, timing or steps are not the chip's; names all.
        SpikeSegError: a layer that cannot be converted.
    """
    spiking = network.config
    wrong = [text for is_so, text in _differences(spiking, config) if is_so]
    if wrong:
        raise CompileError(
            f"the spiking network was trained otherwise than {config.name} runs: "
            f"{'; '.join(wrong)}. Train it so, or compile the analog network."
        )
    return spiking_graph(network, images, dt_ms=dt_ms)


def _differences(spiking: SpikingConfig, config: ChipConfig) -> list[tuple[bool, str]]:
    """Return what could keep a spiking network from a chip, and whether it does."""
    steps = spiking.num_steps
    return [
        (
            spiking.norm == "bntt",
            "norm 'bntt' changes the weights in every step, which a chip cannot (threshold, batch)",
        ),
        (spiking.neuron not in ("lif", "plif"), f"neuron {spiking.neuron!r} (lif, plif)"),
        (spiking.coding != "direct", f"coding {spiking.coding!r} (direct)"),
        (spiking.reset != "hard", f"reset {spiking.reset!r} (hard)"),
        (not spiking.delay, "no delay, but spikes take a step from layer to layer (delay: true)"),
        (config.num_steps != steps, f"chip.num_steps {config.num_steps} ({steps})"),
        (
            config.output_tau is not None,
            f"chip.output_tau {config.output_tau}, but all steps count alike (null)",
        ),
    ]


def _on_host(population: Population, hosts: set[str]) -> Population:
    if population.name not in hosts or population.neuron is None:
        return population
    return replace(population, neuron=replace(population.neuron, name="if_soft"))


def to_graph(
    graph: SpikingGraph, network: FloatNetwork, hosts: Mapping[str, HostLayer] | None = None
) -> SpikingGraph:
    """Return a graph with the weights, biases and first potentials of trained layers.

    Args:
        graph: that the layers were built from.
        network: the layers.
        hosts: the trained layers of the host; the graph's own if not given.
    """
    connections = [c for layer in network.layers for c in _connections(graph, layer)]
    starts = {layer.name: _numbers(layer) for layer in network.layers}
    starts.pop(network.output)
    kept = [c for c in graph.connections if c.source == graph.input.name]
    for name, host in (hosts or {}).items():
        made, starts[name] = host.trained()
        kept = [c for c in kept if c.target != name] + list(made)
    populations = tuple(_started(p, starts) for p in graph.populations)
    return replace(graph, populations=populations, connections=(*kept, *connections))


def _numbers(layer: FloatLayer) -> tuple[float, ...]:
    spread = np.broadcast_to(np.asarray(layer.v_initial), layer.shape[0])
    return tuple(float(v) for v in spread)


def _started(population: Population, starts: Mapping[str, tuple[float, ...]]) -> Population:
    if population.neuron is None or population.name not in starts:
        return population
    neuron = replace(population.neuron, v_initial=starts[population.name])
    return replace(population, neuron=neuron)


def _connections(graph: SpikingGraph, layer: FloatLayer) -> list[Connection]:
    biases = [layer.bias] + [None] * (len(layer.kernels) - 1)
    return [
        Connection(
            kernel.source,
            layer.name,
            (_transform(kernel, bias, graph[kernel.source].shape, layer.shape),),
        )
        for kernel, bias in zip(layer.kernels, biases, strict=True)
    ]


def _transform(
    kernel: FloatKernel,
    bias: Floats | None,
    source: tuple[int, int, int],
    target: tuple[int, int, int],
) -> Transform:
    """Return the transform that a kernel is."""
    window, taps = kernel.window, kernel.weight.shape[:2]
    reach = [(k - 1) * d + 1 for k, d in zip(taps, window.dilation, strict=True)]
    (stride_y, stride_x), (top, left) = window.stride, window.padding
    if not window.transposed:
        bottom = max((target[1] - 1) * stride_y + reach[0] - top - source[1], 0)
        right = max((target[2] - 1) * stride_x + reach[1] - left - source[2], 0)
        weight = np.ascontiguousarray(kernel.weight.transpose(3, 2, 0, 1))
        padding = (top, bottom, left, right)
        return Convolution(weight, bias, window.stride, padding, window.dilation)
    extra = (
        target[1] - (source[1] - 1) * stride_y - reach[0] + 2 * top,
        target[2] - (source[2] - 1) * stride_x - reach[1] + 2 * left,
    )
    if min(extra) < 0:
        raise CompileError(
            f"the transposed kernel from {kernel.source} reaches {extra} pixels beyond its target; "
            "only one that ends with the target can be trained. Use nearest upsampling by 2 with "
            "an odd kernel, or a transposed convolution whose kernel equals its stride."
        )
    weight = np.ascontiguousarray(kernel.weight.transpose(2, 3, 0, 1))
    return TransposedConvolution(
        weight, bias, window.stride, window.padding, extra, window.dilation
    )
