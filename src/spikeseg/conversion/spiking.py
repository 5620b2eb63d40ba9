"""From a network that was trained through its spikes to the graph that does the same."""

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from spikeseg.config import ConversionConfig, SpikingConfig
from spikeseg.conversion.assembling import assemble
from spikeseg.conversion.planning import first_plan
from spikeseg.conversion.tracing import TracedNetwork, trace
from spikeseg.errors import ConfigError
from spikeseg.graph import Population, SpikingGraph
from spikeseg.neurons import Neuron
from spikeseg.spiking import SpikingActivation, SpikingNetwork, StepNorm


def convert_spiking(network: SpikingNetwork, images: Tensor, *, dt_ms: float = 1.0) -> SpikingGraph:
    """Return the graph that does in every step what a directly trained network does.

    Nothing is balanced or folded but the norms: neurons, thresholds and leaks are those that were
    trained. Every spike counts 1.

    Args:
        network: trained.
        images: (B, C, H, W), for the size of the graph.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: neurons, norms or a coding that a graph cannot express; says which and what
            works.
        UnsupportedLayerError: a layer that a graph cannot express.
    """
    check_expressible(network.config)
    return spiking_graph(network, images, dt_ms=dt_ms)


def spiking_graph(network: SpikingNetwork, images: Tensor, *, dt_ms: float = 1.0) -> SpikingGraph:
    """Return the neurons and connections of a spiking network, whatever its timing."""
    traced = structure(network, images)
    graph = assemble(traced, first_plan(traced, ConversionConfig()), dt_ms)
    neurons = dict(network.inner.named_modules())
    populations = tuple(_population(p, neurons) for p in graph.populations)
    return replace(graph, populations=populations)


def inexpressible(config: SpikingConfig) -> str | None:
    """Return why no graph does what such a network does; ``None`` where one does."""
    if config.norm == "bntt":
        return "norm 'bntt' has other gains in every step, and a graph has one weight a synapse"
    if config.neuron not in ("lif", "plif"):
        return f"{config.neuron} neurons have no counterpart in a graph"
    if config.coding != "direct":
        return f"coding {config.coding!r} has another input in every step, and a graph has one"
    if config.delay:
        return "spikes of a network with delay arrive a step late, and those of a graph do not"
    return None


def check_expressible(config: SpikingConfig) -> None:
    """Refuse a spiking network that no graph expresses.

    Raises:
        ConfigError: says why, and what works.
    """
    reason = inexpressible(config)
    if reason:
        raise ConfigError(
            f"the network cannot be written as a graph: {reason}. Train with neuron lif or plif, "
            "norm threshold or batch, coding direct and no delay; other networks are evaluated as "
            "they are."
        )


def structure(network: SpikingNetwork, images: Tensor) -> TracedNetwork:
    """Return the populations and connections of a spiking network.

    The norms of BNTT are those of its first step.
    """
    inner = copy.deepcopy(network.inner).eval()
    for name, module in list(inner.named_modules()):
        if isinstance(module, StepNorm):
            owner, _, last = name.rpartition(".")
            setattr(inner.get_submodule(owner), last, _first_norm(module))
    return trace(inner, first_step(network.config, images[:1]))


def first_step(config: SpikingConfig, images: Tensor) -> Tensor:
    """Return an input of the shape that one step has, from images."""
    if config.coding != "steps":
        return images
    return images[:, : images.shape[1] // config.num_steps]


def _first_norm(norm: StepNorm) -> nn.BatchNorm2d:
    plain = nn.BatchNorm2d(norm.weight.shape[1], eps=norm.eps)
    with torch.no_grad():
        plain.weight.copy_(norm.weight[0])
        plain.running_mean.copy_(norm.running_mean[0])  # type: ignore[union-attr]
        plain.running_var.copy_(norm.running_var[0])  # type: ignore[union-attr]
    return plain.eval()


def _population(population: Population, modules: dict[str, nn.Module]) -> Population:
    if population.neuron is None:
        return population
    module = modules[population.name]
    assert isinstance(module, SpikingActivation)
    config = module.config
    neuron = Neuron(
        f"lif_{config.reset}",
        v_threshold=config.v_threshold,
        decay_v=float(torch.as_tensor(module.decay).detach()),
    )
    return replace(population, neuron=neuron)
