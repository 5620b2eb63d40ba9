"""The neurons on the host that turn an image into spikes."""

from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.compiling import host_populations
from spikeseg.engine import Dynamics, spiking_scan, unroll_stepwise
from spikeseg.engine.currents import Current, received
from spikeseg.graph import Connection, SpikingGraph


class HostLayer(nn.Module):
    """The neurons on the host that turn an image into spikes, trainable.

    Args:
        graph: the populations that hear the image are ``if_soft`` with threshold 1, or leak.
        name: one of them.
    """

    def __init__(self, graph: SpikingGraph, name: str) -> None:
        super().__init__()
        self.connections = graph.into(name)
        self.currents = [Current(c, torch.zeros(1)) for c in self.connections]
        self.weights = nn.ParameterList()
        for current in self.currents:
            current.replace_tensors(self._parameter)
        neuron = graph[name].neuron
        assert neuron is not None
        self.neuron = neuron
        start = np.broadcast_to(np.asarray(neuron.v_initial, np.float32), graph[name].shape[0])
        self.start = nn.Parameter(torch.from_numpy(start.copy()))

    def _parameter(self, tensor: Tensor) -> Tensor:
        self.weights.append(nn.Parameter(tensor))
        parameter: Tensor = self.weights[-1]
        return parameter

    def forward(self, images: Tensor, num_steps: int) -> Tensor:
        """Return the spikes of a constant image, (T, B, C, H, W)."""
        current = received(self.currents, {}, images, num_steps)
        start = self.start.view(-1, 1, 1).expand(current.shape[1:])
        if self.neuron.name == "if_soft":
            return spiking_scan(current, start)
        reset: Literal["soft", "hard"] = "soft" if self.neuron.name == "lif_soft" else "hard"
        dynamics = Dynamics(self.neuron.v_threshold, reset)
        return unroll_stepwise(current, self.neuron.decay_v, dynamics, start)[0]

    def trained(self) -> tuple[tuple[Connection, ...], tuple[float, ...]]:
        """Return the connections and the first potentials as they are now."""
        connections = tuple(
            replace(connection, transforms=current.transforms())
            for connection, current in zip(self.connections, self.currents, strict=True)
        )
        return connections, tuple(float(v) for v in self.start.detach())


def host_spikes(graph: SpikingGraph, images: Tensor, num_steps: int) -> dict[str, Tensor]:
    """Return the spikes that the host sends to the chip, bool (T, B, C, H, W) a population.

    Args:
        graph: the populations that hear the image are ``if_soft`` with threshold 1, or leak.
        images: (B, C, H, W), float32.
        num_steps: T.

    Raises:
        CompileError: the image is heard by the output, or together with other neurons.
    """
    graph = graph.resized(images.shape[2], images.shape[3])
    with torch.inference_mode():
        return {
            population.name: HostLayer(graph, population.name)(images, num_steps).bool()
            for population in host_populations(graph)
        }
