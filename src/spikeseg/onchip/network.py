"""A network as the chip runs it, whose float weights can be trained."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from spikeseg.chips import ChipSpec
from spikeseg.compiling import FloatNetwork
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
        self.parts = nn.ModuleList(
            ChipLayer(layer, channels[layer.name], chip, layer.name == network.output)
            for layer in network.layers
        )

    @property
    def layers(self) -> list[ChipLayer]:
        """The layers in order."""
        return [cast(ChipLayer, part) for part in self.parts]

    def forward(self, spikes: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the output's potential, and how often the neurons fire.

        Args:
            spikes: of the inputs, (T, B, C, H, W) of 0 and 1.

        Returns:
            The potential after each step, (T, B, K, H, W), in units of the output's weights, and
            the mean number of spikes of a neuron in a step.
        """
        fired, fires, neurons = dict(spikes), torch.zeros(()), 0
        potential = fires
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
