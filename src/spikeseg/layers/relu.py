"""The rectified linear unit."""

import torch
from torch import Tensor

from spikeseg.layers import ACTIVATIONS, AbstractActivation


@ACTIVATIONS.register("relu")
class ReLU(AbstractActivation):
    """``max(x, 0)``: the rate of an integrate-and-fire neuron that never saturates.

    >>> ReLU(5.0)(torch.tensor([-1.0, 7.0]))
    tensor([0., 7.])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, in the shape of ``x``."""
        return torch.relu(x)
