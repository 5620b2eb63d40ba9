"""A spiking graph, unrolled over its steps, whose weights can be trained."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.engine import spiking_scan
from spikeseg.engine.currents import Current, received
from spikeseg.engine.gates import pool_spikes
from spikeseg.errors import ConfigError
from spikeseg.graph import Connection, Population, SpikingGraph


class UnrolledGraph(nn.Module):
    """The same network as a graph, unrolled over its steps, with a gradient through every spike.

    Args:
        graph: of ``if_soft`` or ``if_signed`` neurons with threshold 1 and no synaptic filter.

    Raises:
        ConfigError: other neurons.
    """

    def __init__(self, graph: SpikingGraph) -> None:
        super().__init__()
        _check_neurons(graph)
        self.graph = graph
        self.currents = [Current(c, torch.zeros(1)) for c in graph.connections]
        self.weights = nn.ParameterList()
        for current in self.currents:
            current.replace_tensors(self._parameter)
        starts = {p.name: _start(p) for p in graph.hidden if p.neuron}
        self.starts = nn.ParameterList(starts.values())
        self._start_of = dict(zip(starts, self.starts, strict=True))

    def _parameter(self, tensor: Tensor) -> Tensor:
        self.weights.append(nn.Parameter(tensor))
        parameter: Tensor = self.weights[-1]
        return parameter

    def forward(self, images: Tensor, num_steps: int) -> tuple[Tensor, Tensor]:
        """Return what the output receives, and the work done.

        Args:
            images: (B, C, H, W), a size that the strides divide.
            num_steps: T.

        Returns:
            The output's current in every step, (T, B, K, H, W), and the synaptic operations of an
            image as a share of the graph's synapses, a scalar: the mean rate of a spike at a
            synapse times T.
        """
        graph = self.graph.resized(images.shape[2], images.shape[3])
        into: dict[str, list[Current]] = {p.name: [] for p in graph.populations}
        for connection, current in zip(graph.connections, self.currents, strict=True):
            into[connection.target].append(current)
        spikes: dict[str, Tensor] = {}
        work = images.new_zeros(())
        for population in graph.hidden:
            total = received(into[population.name], spikes, images, num_steps)
            fired = self._fire(population, total)
            spikes[population.name] = fired.flatten(0, 1)
            work = work + (fired.abs().sum((0, 1, 3, 4)) * _fan_out(graph, population, fired)).sum()
        synapses = sum(_num_synapses(graph, p) for p in graph.hidden)
        output = received(into[graph.output.name], spikes, images, num_steps)
        return output, work / (synapses * images.shape[0])

    def _fire(self, population: Population, current: Tensor) -> Tensor:
        """Return a population's spikes, (T, B, C, H, W); a gate receives its source's spikes."""
        if population.pooling is not None:
            return pool_spikes(population.pooling, current, None)[0]
        start = self._start_of[population.name].view(-1, 1, 1).expand(current.shape[1:])
        return spiking_scan(current, start, _is_signed(population))

    def to_graph(self) -> SpikingGraph:
        """Return the graph with the weights as they are now."""
        connections = tuple(
            Connection(c.source, c.target, current.transforms())
            for c, current in zip(self.graph.connections, self.currents, strict=True)
        )
        return replace(
            self.graph,
            populations=tuple(self._population(p) for p in self.graph.populations),
            connections=connections,
        )

    def _population(self, population: Population) -> Population:
        if population.neuron is None:
            return population
        start = tuple(float(v) for v in self._start_of[population.name].detach())
        return replace(population, neuron=replace(population.neuron, v_initial=start))


def _check_neurons(graph: SpikingGraph) -> None:
    for population in graph.hidden:
        neuron = population.neuron
        if neuron is None:  # a gate has no weights, and no potential
            continue
        known = neuron.name in ("if_soft", "if_signed")
        if not known or (neuron.v_threshold, neuron.tau_syn) != (1.0, 0.0):
            raise ConfigError(
                f"population {population.name!r} has {neuron}; only if_soft and "
                "if_signed neurons with threshold 1 and tau_syn 0 can be fine-tuned. Convert with "
                "neuron 'if_soft'."
            )


def _is_signed(population: Population) -> bool:
    assert population.neuron is not None
    return population.neuron.name == "if_signed"


def _start(population: Population) -> nn.Parameter:
    assert population.neuron is not None
    values = np.broadcast_to(np.asarray(population.neuron.v_initial), population.shape[0])
    return nn.Parameter(torch.tensor(values.copy(), dtype=torch.float32))


def _fan_out(graph: SpikingGraph, population: Population, like: Tensor) -> Tensor:
    """Return the mean number of synapses of a channel's neurons, (C,)."""
    return torch.as_tensor(graph.fan_out(population.name).mean(axis=(1, 2)), dtype=like.dtype)


def _num_synapses(graph: SpikingGraph, population: Population) -> int:
    return int(graph.fan_out(population.name).sum())
