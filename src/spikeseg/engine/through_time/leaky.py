"""Leaky neurons over time in one compiled scan, forward and backward."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikeseg.engine.through_time.compiled import is_compiled
from spikeseg.engine.through_time.dynamics import Dynamics, unroll_stepwise
from spikeseg.engine.through_time.folded import can_scan, fold, gradient_of, layout_of, room_for
from spikeseg.engine.through_time.fused import fused_leaky_scan
from spikeseg.engine.through_time.native import Span, run_native, same_tiles

# The current is x itself; its gradient is passed on.
_IDENTITY = same_tiles(1.0)


def leaky_scan(
    current: Tensor,
    decay: Tensor | float,
    dynamics: Dynamics,
    num_steps: int | None = None,
    gradient_only: bool = False,
) -> Tensor:
    """Run leaky neurons over all steps, differentiably, keeping nothing but their current.

    Equal to `unroll_stepwise` from potential 0. On the CPU, float32 and bfloat16 are one compiled
    loop with float32 potentials, which the backward pass makes anew; bfloat16 is rounded where it
    is written; a GPU has it compiled by `fused`. The layout stays: channels_last memory gives
    channels_last memory. Other dtypes and devices, and more
    than 16,384 steps, are taken one by one.

    Args:
        current: (T, B, C, H, W); or, with ``num_steps``, (B, C, H, W), the same in every step.
        decay: share of the potential that survives a step; a number or a tensor with one, which
            may be trained.
        dynamics: the neuron.
        num_steps: T, where the current is constant.
        gradient_only: nobody will read the spikes; compiled, they are then zeros without memory.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of ``current``.
    """
    if is_compiled(current.device):
        return fused_leaky_scan(current, decay, dynamics, num_steps)
    steps = len(current) if num_steps is None else num_steps
    if not can_scan(current, steps):
        return leaky_scan_stepwise(current, decay, dynamics, num_steps)
    spikes: Tensor = _LeakyScan.apply(  # type: ignore[no-untyped-call]
        fold(current), as_tensor(decay), dynamics, steps, num_steps is not None, gradient_only
    )
    return spikes


def leaky_scan_stepwise(
    current: Tensor, decay: Tensor | float, dynamics: Dynamics, num_steps: int | None = None
) -> Tensor:
    """Do what `leaky_scan` does, one torch step after another; any device and dtype."""
    whole = current if num_steps is None else current.expand(num_steps, *current.shape)
    exact = whole.float() if whole.dtype in (torch.bfloat16, torch.float16) else whole
    return unroll_stepwise(exact, decay, dynamics)[0].to(current.dtype)


def as_tensor(decay: Tensor | float) -> Tensor:
    """Return a number as a tensor, a tensor as it is."""
    return decay if isinstance(decay, Tensor) else torch.tensor(decay)


class _LeakyScan(torch.autograd.Function):
    """From dense (T * B, C, H, W) to (T, B, C, H, W)."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        decay: Tensor,
        dynamics: Dynamics,
        steps: int,
        constant: bool,
        gradient_only: bool,
    ) -> Tensor:
        ctx.save_for_backward(x, decay)
        size = x.numel() if constant else x.numel() // steps
        ctx.dynamics, ctx.span = dynamics, Span(steps, size, 0 if constant else size)
        batch = x.shape[0] if constant else x.shape[0] // steps
        if gradient_only:
            return x.new_zeros(1).expand(steps, batch, *x.shape[1:])
        out = room_for(steps if constant else 1, x)
        run_native("forward", dynamics, (x, None, out), _IDENTITY, ctx.span, decay.item())
        return out.view(steps, batch, *x.shape[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, decay = ctx.saved_tensors
        g, out, span = gradient_of(grad, layout_of(x), x.dtype), room_for(1, x), ctx.span
        totals = run_native("backward", ctx.dynamics, (x, g, out), _IDENTITY, span, decay.item())
        trained = ctx.needs_input_grad[1]
        by_decay = decay.new_full(decay.shape, totals[0].sum()) if trained else None
        return out, by_decay, *[None] * 4
