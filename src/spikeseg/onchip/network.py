"""A network as the chip runs it, whose float weights can be trained."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.chips import ChipSpec
from spikeseg.compiling import FloatNetwork
from spikeseg.engine import spiking_scan
from spikeseg.engine.currents import Current, received
from spikeseg.graph import Connection, SpikingGraph
from spikeseg.onchip.layer import Channels, ChipLayer


class ChipNetwork(nn.Module):
    """The layers of a network, run in order; every connection is one step late.

    Args:
        network: feed-forward, its layers in an order that leads from the inputs to the output.
        channels: for each layer, the ranges of channels that share cores.
        chip: the chip.

    Raises:
        CompileError: a layer that cannot be trained.
    """

    def __init__(
        self, network: FloatNetwork, channels: Mapping[str, tuple[Channels, ...]], chip: ChipSpec
    ) -> None:
        super().__init__()
        self.network = network
        self.layers = nn.ModuleList(
            ChipLayer(layer, channels[layer.name], chip) for layer in network.layers
        )

    def forward(self, spikes: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the output's potential, and how often the neurons fire.

        Args:
            spikes: of the inputs, (T, B, C, H, W) of 0 and 1.

        Returns:
            The potential after each step, (T, B, K, H, W), in units of the output's weights, and
            the mean number of spikes of a neuron in a step.
        """
        fired, fires, neurons = dict(spikes), torch.zeros(()), 0
        for layer in self.layers:
            name = layer.layer.name
            fired[name], potential = layer(fired)
            if name != self.network.output:
                fires = fires + fired[name].sum()
                neurons += fired[name].numel()
        return potential, fires / max(neurons, 1)

    def trained(self) -> FloatNetwork:
        """Return the network with the parameters as they are now."""
        return replace(self.network, layers=tuple(layer.trained() for layer in self.layers))


class HostLayer(nn.Module):
    """The neurons on the host that turn an image into spikes, trainable.

    Args:
        graph: the populations that hear the image are ``if_soft`` with threshold 1.
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
        return spiking_scan(current, start)

    def trained(self) -> tuple[tuple[Connection, ...], tuple[float, ...]]:
        """Return the connections and the first potentials as they are now."""
        connections = tuple(
            replace(connection, transforms=current.transforms())
            for connection, current in zip(self.connections, self.currents, strict=True)
        )
        return connections, tuple(float(v) for v in self.start.detach())
