"""Leaky neurons on a GPU: all steps in one kernel, behind the same interface as on a processor.

The gradient is that of `unrolled`, written out, in a torch.autograd.Function, and not what
torch.compile would derive: so nothing but the current is kept for the backward pass, whatever
torch's partitioner prefers in which version, and both passes are plain functions of tensors, which
compile as one graph each. The backward pass makes the potentials anew, in registers, in the kernel
that needs them.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikeseg.engine.through_time import unrolled
from spikeseg.engine.through_time.compiled import BACKEND, run_compiled
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.folded import fold, gradient_of, layout_of
from spikeseg.engine.through_time.norm import Norm
from spikeseg.neurons import Neuron, State
from spikeseg.surrogates import SURROGATES

_LAST = torch.channels_last


def fused_leaky_scan(
    current: Tensor,
    decay: Tensor | float,
    dynamics: Dynamics,
    num_steps: int | None = None,
    backend: str = BACKEND,
) -> Tensor:
    """Do what `leaky_scan` does, through torch.compile.

    Args:
        current: (T, B, C, H, W); or, with ``num_steps``, (B, C, H, W), the same in every step.
        decay: share of the potential that survives a step; a number or a tensor with one.
        dynamics: the neuron.
        num_steps: T, where the current is constant.
        backend: of torch.compile.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of ``current``.
    """
    plan = _plan_for(current, dynamics, num_steps)
    spikes: Tensor = _FusedScan.apply(  # type: ignore[no-untyped-call]
        fold(current), _like(decay, current), plan, backend
    )
    return spikes


def fused_normalized_scan(
    x: Tensor,
    norm: Norm,
    decay: Tensor | float,
    dynamics: Dynamics,
    num_steps: int | None = None,
    backend: str = BACKEND,
) -> Tensor:
    """Do what `normalized_leaky_scan` does, through torch.compile.

    Args:
        x: (T, B, C, H, W); or, with ``num_steps``, (B, C, H, W), the same in every step.
        norm: the batch norm; its running statistics are updated in place in training.
        decay: share of the potential that survives a step; a number or a tensor with one.
        dynamics: the neuron.
        num_steps: T, where x is constant.
        backend: of torch.compile.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of x.
    """
    plan = replace(_plan_for(x, dynamics, num_steps), training=norm.training)
    spikes: Tensor = _FusedNormalized.apply(  # type: ignore[no-untyped-call]
        fold(x), norm.weight, norm.bias, _like(decay, x), norm, plan, backend
    )
    return spikes


def fused_scan(
    neuron: Neuron, current: Tensor, state: State, backend: str = BACKEND
) -> tuple[Tensor, State]:
    """Do what `scan` does, through torch.compile: eight steps in a kernel, then the next eight.

    Args:
        neuron: what they are.
        current: (T, B, C, H, W).
        state: ``u``, ``v`` and ``n``, each (B, C, H, W).
        backend: of torch.compile.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of ``current``, and the new state.
    """
    parts = []
    for part in torch.split(current, _MOST_STEPS):
        plan = unrolled.Steps(neuron.step, neuron.parameters, len(part))
        spikes, *after = run_compiled(unrolled.step_all, plan, (part, *state), backend)
        parts.append(spikes)
        state = State(*after)
    return torch.cat(parts) if len(parts) > 1 else parts[0], state


_MOST_STEPS = 8  # in a kernel of a simulation, which may have hundreds of steps


def _plan_for(x: Tensor, dynamics: Dynamics, num_steps: int | None) -> unrolled.Plan:
    steps = len(x) if num_steps is None else num_steps
    slope = SURROGATES.get(dynamics.surrogate)
    return unrolled.Plan(dynamics, slope, steps, constant=num_steps is not None)


def _like(decay: Tensor | float, x: Tensor) -> Tensor:
    """Return the decay as one number on the device of x, as wide as potentials are."""
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    if isinstance(decay, Tensor):
        return decay.reshape(()).to(x.device, dtype)
    return torch.full((), decay, dtype=dtype, device=x.device)


def _spread(folded: Tensor, first: int) -> Tensor:
    """Return dense (first * B, C, H, W) as (first, N, C, M), a view."""
    channels = folded.shape[1]
    if layout_of(folded) == _LAST:
        return folded.permute(0, 2, 3, 1).reshape(first, -1, channels, 1)
    return folded.reshape(first, -1, channels, folded[0, 0].numel())


def _gathered(spread: Tensor, like: Tensor) -> Tensor:
    """Return (T, N, C, M) as (T, B, C, H, W), a view, in the layout of the dense ``like``."""
    channels, height, width = like.shape[1:]
    if layout_of(like) == _LAST:
        found = spread.reshape(len(spread), -1, height, width, channels)
        return found.permute(0, 1, 4, 2, 3)
    return spread.reshape(len(spread), -1, channels, height, width)


def _prepared(
    plan: unrolled.Plan, folded: Tensor, grad: Tensor, trained: bool
) -> tuple[unrolled.Plan, Tensor, Tensor]:
    """Return the plan of a backward pass, and x and the gradient of the spikes, spread."""
    g = gradient_of(grad, layout_of(folded), folded.dtype)
    x = _spread(folded, 1 if plan.constant else plan.steps)
    return replace(plan, trained=trained), x, _spread(g, plan.steps)


class _FusedScan(torch.autograd.Function):
    """From dense (T * B, C, H, W) to (T, B, C, H, W)."""

    @staticmethod
    def forward(ctx: Any, folded: Tensor, decay: Tensor, plan: unrolled.Plan, how: str) -> Tensor:
        ctx.save_for_backward(folded, decay)
        ctx.plan, ctx.backend = plan, how
        x = _spread(folded, 1 if plan.constant else plan.steps)
        return _gathered(run_compiled(unrolled.fire_all, plan, (x, decay), how), folded)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        folded, decay = ctx.saved_tensors
        plan, x, g = _prepared(ctx.plan, folded, grad, ctx.needs_input_grad[1])
        by_x, parts = run_compiled(unrolled.gradients, plan, (x, decay, g), ctx.backend)
        return _gathered(by_x, folded).flatten(0, 1), _total(parts), None, None


class _FusedNormalized(torch.autograd.Function):
    """From dense (T * B, C, H, W) to (T, B, C, H, W); statistics first, then all steps."""

    @staticmethod
    def forward(
        ctx: Any,
        folded: Tensor,
        weight: Tensor,
        bias: Tensor,
        decay: Tensor,
        norm: Norm,
        plan: unrolled.Plan,
        how: str,
    ) -> Tensor:
        x = _spread(folded, 1 if plan.constant else plan.steps)
        mean, inverse, gain, shift = _statistics(x, norm, how)
        ctx.save_for_backward(folded, decay, mean, inverse, gain, shift)
        ctx.plan, ctx.backend = plan, how
        found = run_compiled(unrolled.fire_all, plan, (x, decay, gain, shift), how)
        return _gathered(found, folded)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        folded, decay, mean, inverse, *affine = ctx.saved_tensors
        plan, x, g = _prepared(ctx.plan, folded, grad, ctx.needs_input_grad[3])
        known, how = (x, decay, g, mean), ctx.backend
        *sums, parts = run_compiled(unrolled.sums, plan, (*known, *affine), how)
        found = run_compiled(unrolled.totals, ctx.plan, (*sums, inverse, affine[0]), how)
        by_weight, by_bias, *answers = found
        plan = replace(plan, trained=False)
        by_x = run_compiled(unrolled.normed_gradients, plan, (*known, *answers, *affine), how)
        by_folded = _gathered(by_x, folded).flatten(0, 1)
        return by_folded, by_weight, by_bias, _total(parts), None, None, None


def _total(parts: Tensor | None) -> Tensor | None:
    return None if parts is None else parts.sum()


def _statistics(x: Tensor, norm: Norm, how: str) -> list[Tensor]:
    """Return mean, inverse deviation, gain and shift; in training, move the running statistics."""
    trained = (norm.weight, norm.bias)
    if not norm.training:
        past = (norm.running_mean, norm.running_var, *trained)
        return list(run_compiled(unrolled.of_past, norm.eps, past, how))
    *found, variance = run_compiled(unrolled.statistics, norm.eps, (x, *trained), how)
    norm.running_mean.lerp_(found[0].to(norm.running_mean), norm.momentum)
    norm.running_var.lerp_(variance.to(norm.running_var), norm.momentum)
    return list(found)
