"""The non-linearity that matches Loihi's integrate-and-fire neuron."""

from typing import Any

import torch
from torch import Tensor

from spikeseg.layers import ACTIVATIONS, AbstractActivation


@ACTIVATIONS.register("loihi_relu")
class LoihiReLU(AbstractActivation):
    """The staircase of a neuron that is reset to zero in whole steps; smooth in its gradient.

    With the current in thresholds per step, ``J = x / amplitude``, the neuron fires every
    ``ceil(1 / J)`` steps:

    ```
    forward:   amplitude / ceil(1 / J)          (0 where J <= 0)
    gradient:  that of amplitude / (0.5 + 1 / J), which runs through the middle of the stairs
    ```

    Source: rate of ``LoihiSpikingRectifiedLinear`` in nengo-loihi 1.1.0 and the smoothed curve of
    its training counterpart, both with times in steps. In bfloat16 the edges of long
    periods shift by up to half a percent, as the currents themselves do.

    >>> LoihiReLU(1.0)(torch.tensor([-1.0, 0.4, 0.5, 3.0]))
    tensor([0.0000, 0.3333, 0.5000, 1.0000])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, in the shape of ``x``."""
        stairs: Tensor = _Staircase.apply(x, self.amplitude)  # type: ignore[no-untyped-call]
        return stairs


class _Staircase(torch.autograd.Function):
    """Few passes over memory: training spends as much here as in a convolution."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, amplitude: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.amplitude = amplitude
        period = torch.relu(x).reciprocal_().mul_(amplitude).ceil_()
        return period.reciprocal_().mul_(amplitude)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        root = torch.relu(x).mul_(0.5 / ctx.amplitude).add_(1.0)
        slope = torch.ops.aten.threshold_backward(grad / root.square_(), x, 0)
        return slope, None
