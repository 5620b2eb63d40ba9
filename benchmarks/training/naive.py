"""The neuron as anybody would write it in PyTorch: h = 0.5 v + x, s = [h >= 1], v = h (1 - s)."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

DECAY, THRESHOLD, ALPHA = 0.5, 1.0, 2.0


class Arctangent(torch.autograd.Function):
    """A step whose derivative is (alpha / 2) / (1 + (pi alpha x / 2)^2), Fang et al. 2021."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Return 1 where ``x >= 0``, else 0."""
        ctx.save_for_backward(x)
        return (x >= 0).to(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return the gradient of ``x``."""
        x: Tensor = ctx.saved_tensors[0]
        return gradients[0] * (ALPHA / 2) / (1 + (math.pi / 2 * ALPHA * x) ** 2)


_fire: Callable[[Tensor], Tensor] = Arctangent.apply


class NaiveNeuron(nn.Module):
    """Leaky integrate-and-fire neurons from 0, a loop over T; the reset passes no gradient.

    Args:
        strict: fire only *above* the threshold, as snnTorch and Norse do.
    """

    def __init__(self, strict: bool = False) -> None:
        super().__init__()
        self.strict = strict

    def forward(self, x: Tensor) -> Tensor:
        """Return spikes of currents, both (T, B, C, H, W)."""
        v = torch.zeros_like(x[0])
        spikes = []
        for current in x:
            h = DECAY * v + current
            s = -_fire(THRESHOLD - h) + 1 if self.strict else _fire(h - THRESHOLD)
            v = h * (1 - s.detach())
            spikes.append(s)
        return torch.stack(spikes)
