"""Convolution, norm and neurons as one part."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from spikeseg.spiking.neurons import SpikingActivation
from spikeseg.spiking.recomputing import recomputed


class SpikingUnit(nn.Sequential):
    """A convolution, a norm and neurons, with time in the batch.

    Args:
        conv: (T * B, C, H, W) to (T * B, C', H', W'), linear.
        norm: of C' channels.
        neurons: `SpikingActivation`.
    """

    neurons: SpikingActivation

    def __init__(self, conv: nn.Module, norm: nn.Module, neurons: SpikingActivation) -> None:
        super().__init__(OrderedDict(conv=conv, norm=norm, neurons=neurons))

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        if self.neurons.clock.recompute and torch.is_grad_enabled():
            return recomputed(self, self.run, x)
        return self.run(x)

    def run(self, x: Tensor) -> Tensor:
        """Return the spikes; all that the gradient needs is kept."""
        spikes: Tensor = self.neurons(self.norm(self.conv(x)))
        return spikes
