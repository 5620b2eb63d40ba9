"""Convolution, norm and neurons as one part."""

from collections import OrderedDict
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spikeseg.engine import add_onto, convolve_doubled, needed_twice
from spikeseg.spiking.neurons import SpikingActivation
from spikeseg.spiking.normalization import TimeNorm
from spikeseg.spiking.recomputing import recomputed


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
        return self.keeping_little(self.run, x)

    def keeping_little(self, run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        """Return what a run gives; if the clock says so, computed again for the gradient."""
        neurons = self.neurons
        assert isinstance(neurons, SpikingActivation)
        if neurons.clock.recompute and torch.is_grad_enabled():
            return recomputed(self, run, *inputs)
        return run(*inputs)

    def run(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        conv = next(self.children())
        return self.fired(conv(x))

    def fired(self, current: Tensor) -> Tensor:
        """Return what norm and neurons make of a current: one scan, if that is a norm over time."""
        _, norm, neurons = self.children()
        assert isinstance(neurons, SpikingActivation)
        fused = isinstance(norm, TimeNorm) and neurons.clock.batch is not None
        spikes: Tensor = neurons(current, norm) if fused else neurons(norm(current))
        return spikes

    def divides(self, up: nn.Module) -> bool:
        """Return whether `merged` need not make the large map that ``up`` makes."""
        conv, neurons = self.conv, self.neurons
        assert isinstance(neurons, SpikingActivation)
        doubles = isinstance(up, nn.Upsample) and (up.mode, up.scale_factor) == ("nearest", 2)
        plain = isinstance(conv, nn.Conv2d) and (conv.kernel_size, conv.stride) == ((3, 3), (1, 1))
        return doubles and plain and neurons.clock.batch is not None

    def run_merged(self, skip: Tensor, low: Tensor) -> Tensor:
        """Return the spikes of a map beside a smaller one, which is enlarged twofold."""
        conv, wide = next(self.children()), skip.shape[1]
        assert isinstance(conv, nn.Conv2d)
        beside = F.conv2d(skip, conv.weight[:, :wide], conv.bias, padding=conv.padding)
        return self.fired(add_onto(convolve_doubled(low, conv.weight[:, wide:]), beside))


def merged(unit: nn.Module, skip: Tensor, low: Tensor, up: nn.Module) -> Tensor:
    """Return ``unit(cat(skip, up(low)))``.

    A convolution of several maps is the sum of one for each, and one of a map that is enlarged by
    copying its pixels has 4/9 of the products; so a spiking unit makes neither the enlarged map nor
    the concatenation.

    Args:
        unit: a convolution with what follows.
        skip: (N, C, H, W).
        low: (N, C', h, w).
        up: makes (N, C'', H, W) of it.
    """
    if not (isinstance(unit, SpikingUnit) and unit.divides(up)):
        found: Tensor = unit(torch.cat([skip, up(low)], dim=1))
        return found
    return unit.keeping_little(unit.run_merged, skip, low)


def twice(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a map of spikes for two layers, whose gradients are then added in one pass."""
    return needed_twice(x) if x.requires_grad else (x, x)
