"""Quantization-clip-floor-shift: the activation of a network that will fire for few steps."""

from typing import Any

import torch
from torch import Tensor, nn

from spikeseg.layers import ACTIVATIONS, AbstractStaircase


@ACTIVATIONS.register("qcfs")
class QCFS(AbstractStaircase):
    """What an integrate-and-fire neuron makes of a constant current in ``levels`` steps.

    ```
    forward:   threshold / L * clip(floor(x * L / threshold + 1/2), 0, L)
    gradient:  that of min(max(x, 0), threshold), also for the threshold
    ```

    Bu et al. 2022 (ICLR, openreview 7B3IJMM1k_M), equation 15, with a shift of 1/2. The threshold
    is trained, starting at the amplitude; converted with the recipes ``trained`` and
    ``half_threshold``, the first layer after L steps is this activation exactly, and later ones up
    to the order in which their spikes arrive.

    Args:
        amplitude: the threshold before training.
        levels: L.

    >>> QCFS(1.0, levels=4)(torch.tensor([-1.0, 0.1, 0.3, 0.7, 3.0])).detach()
    tensor([0.0000, 0.0000, 0.2500, 0.7500, 1.0000])
    """

    def __init__(self, amplitude: float = 1.0, levels: int = 8) -> None:
        super().__init__(amplitude, levels)
        self.threshold = nn.Parameter(torch.tensor(float(amplitude)))

    @property
    def amplitude(self) -> float:
        """The threshold as it is now."""
        return float(self.threshold.detach()) if "threshold" in self._parameters else self._start

    @amplitude.setter
    def amplitude(self, value: float) -> None:
        self._start = value

    def forward(self, x: Tensor) -> Tensor:
        """Return the activation, in the shape of ``x``."""
        levels: Tensor = _Rounded.apply(x / self.threshold, self.levels)  # type: ignore[no-untyped-call]
        return levels * self.threshold


class _Rounded(torch.autograd.Function):
    """``clip(floor(x * L + 1/2), 0, L) / L``, with the gradient of ``clip(x, 0, 1)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, levels: int) -> Tensor:
        ctx.save_for_backward(x)
        return (x * levels + 0.5).floor_().clamp_(0, levels).div_(levels)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grad * ((x > 0) & (x < 1)), None
