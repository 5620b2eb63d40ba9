"""The rectified linear unit with a ceiling."""

import torch
from torch import Tensor

from spikeseg.layers import ACTIVATIONS, AbstractActivation


@ACTIVATIONS.register("clipped_relu")
class ClippedReLU(AbstractActivation):
    """``min(max(x, 0), amplitude)``: one spike in every step is the most a neuron can fire.

    >>> ClippedReLU(5.0)(torch.tensor([-1.0, 3.0, 7.0]))
    tensor([0., 3., 5.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, in the shape of ``x``."""
        return torch.clamp(x, 0.0, self.amplitude)
