"""Leaky neurons over all steps."""

from torch import Tensor

from spikeseg.engine.dynamics import Dynamics, unroll_stepwise


def leaky_scan(
    current: Tensor, decay: Tensor | float, dynamics: Dynamics, num_steps: int | None = None
) -> Tensor:
    """Return the spikes."""
    if num_steps is not None:
        current = current.expand(num_steps, *current.shape)
    return unroll_stepwise(current, decay, dynamics)[0]
