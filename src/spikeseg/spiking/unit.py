"""Convolution, norm and neurons as one part."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from spikeseg.spiking.neurons import LIF, SpikingActivation
from spikeseg.spiking.normalization import TimeNorm
from spikeseg.spiking.recomputing import recomputed
from spikeseg.spiking.together import is_shared


class SpikingUnit(nn.Sequential):
    """A convolution, a norm and neurons, with time in the batch.

    Args:
        conv: (T * B, C, H, W) to (T * B, C', H', W'), linear.
        norm: of C' channels.
        neurons: `SpikingActivation`.
    """

    def __init__(self, conv: nn.Module, norm: nn.Module, neurons: nn.Module) -> None:
        super().__init__(OrderedDict(conv=conv, norm=norm, neurons=neurons))

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        neurons = self.neurons
        assert isinstance(neurons, SpikingActivation)
        if neurons.clock.recompute and torch.is_grad_enabled():
            return recomputed(self, self.run, x)
        return self.run(x)

    def run(self, x: Tensor) -> Tensor:
        """Return the spikes; norm and neurons in one where the engine has both in one."""
        norm, neurons, current = self.norm, self.neurons, self.conv(x)
        alone = not (norm.training and is_shared())
        if isinstance(norm, TimeNorm) and isinstance(neurons, LIF) and neurons.is_whole and alone:
            return neurons.normalized(current, norm)
        spikes: Tensor = neurons(norm(current))
        return spikes
