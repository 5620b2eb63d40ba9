"""How a leaky neuron of a directly trained network moves from step to step."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from spikeseg.surrogates import SURROGATES


@dataclass(frozen=True)
class Dynamics:
    """A leaky integrate-and-fire neuron and the derivative of its spike.

    ```
    v <- decay * v + current
    spike = v >= v_threshold
    v <- v - v_threshold * spike    (soft)    or    v <- v * (1 - spike)    (hard)
    ```

    Attributes:
        v_threshold: firing threshold.
        reset: ``soft`` (by subtraction) or ``hard`` (to zero).
        surrogate: the derivative of the spike; one of the registry.
        detach_reset: no gradient passes the spike in the reset.
    """

    v_threshold: float = 1.0
    reset: Literal["soft", "hard"] = "soft"
    surrogate: str = "triangle"
    detach_reset: bool = True


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, v: Tensor, dynamics: Dynamics) -> Tensor:
        ctx.save_for_backward(v)
        ctx.dynamics = dynamics  # type: ignore[attr-defined]
        return (v >= dynamics.v_threshold).to(v.dtype)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        (v,) = ctx.saved_tensors  # type: ignore[attr-defined]
        dynamics: Dynamics = ctx.dynamics  # type: ignore[attr-defined]
        slope = SURROGATES.get(dynamics.surrogate)
        distance = v / dynamics.v_threshold - 1.0
        return grads[0] * slope(distance).to(v.dtype) / dynamics.v_threshold, None


def fire(v: Tensor, dynamics: Dynamics) -> Tensor:
    """Return 1 where a potential of any shape has reached the threshold, differentiably."""
    spike: Tensor = _Spike.apply(v, dynamics)  # type: ignore[no-untyped-call]
    return spike


def reset(v: Tensor, spike: Tensor, dynamics: Dynamics) -> Tensor:
    """Return the potential after the reset."""
    passed = spike.detach() if dynamics.detach_reset else spike
    if dynamics.reset == "soft":
        return v - dynamics.v_threshold * passed
    return v * (1.0 - passed)


def unroll_stepwise(
    current: Tensor, decay: Tensor | float, dynamics: Dynamics, v: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Run the neurons, one torch step after another; differentiable, any device.

    Args:
        current: (T, B, C, H, W).
        decay: share of the potential that survives a step, 0..1; may be trained.
        dynamics: the neuron.
        v: (B, C, H, W), the potential before the first step; 0 if not given.

    Returns:
        Spikes, (T, B, C, H, W), and the potential after the last step.
    """
    spikes = []
    v = torch.zeros_like(current[0]) if v is None else v
    for now in current:
        v = decay * v + now
        spike = fire(v, dynamics)
        v = reset(v, spike, dynamics)
        spikes.append(spike)
    return torch.stack(spikes), v
