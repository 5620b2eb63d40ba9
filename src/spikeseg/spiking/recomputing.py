"""Spikes kept as bits for the backward pass, everything else computed again."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from spikeseg.engine import Packed, pack_spikes
from spikeseg.spiking.clock import Clock, Timed
from spikeseg.spiking.normalization import StepNorm


def recomputed(unit: nn.Module, run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Return ``run(*inputs)``; of what lies between, nothing is kept for the gradient but these.

    Spikes of 0 and 1 are kept as bits, an image as it is. What a norm counts is counted once.

    Args:
        unit: whose parameters ``run`` uses.
        run: from currents or spikes to spikes, without random numbers.
        inputs: of the run.
    """
    parameters = tuple(unit.parameters())
    out: Tensor = _Recomputed.apply(unit, run, parameters, *inputs, *parameters)  # type: ignore[no-untyped-call]
    return out


class _Recomputed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        unit: nn.Module,
        run: Callable[..., Tensor],
        parameters: tuple[Tensor, ...],
        *tensors: Tensor,
    ) -> Tensor:
        inputs = tensors[: len(tensors) - len(parameters)]
        ctx.unit, ctx.run, ctx.parameters = unit, run, parameters
        ctx.autocast = _autocast_as_now(inputs[0].device.type)
        ctx.clocks = [(part.clock, replace(part.clock, again=True)) for part in _timed(unit)]
        ctx.kept = [pack_spikes(x) or x for x in inputs]
        with torch.no_grad():
            return run(*inputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        inputs = [k.tensor() if isinstance(k, Packed) else k.detach() for k in ctx.kept]
        for x, needed in zip(inputs, ctx.needs_input_grad[3:], strict=False):
            x.requires_grad_(needed)
        with torch.enable_grad(), ctx.autocast, _as_before(ctx.unit, ctx.clocks):
            out = ctx.run(*inputs)
        values = (*inputs, *ctx.parameters)
        wanted = [value for value in values if value.requires_grad]
        found = iter(torch.autograd.grad(out, wanted, grads[0], allow_unused=True))
        by_each = [next(found) if value.requires_grad else None for value in values]
        return None, None, None, *by_each


def _autocast_as_now(device: str) -> torch.autocast:
    """Return the mixed precision that is on, for a backward pass, in which it is off."""
    return torch.autocast(
        device,
        dtype=torch.get_autocast_dtype(device),
        enabled=torch.is_autocast_enabled(device),
    )


def _timed(unit: nn.Module) -> list[Timed]:
    return [part for part in unit.modules() if isinstance(part, Timed)]


@contextlib.contextmanager
def _as_before(unit: nn.Module, clocks: list[tuple[Clock, Clock]]) -> Iterator[None]:
    """Set clocks to the pass that is computed again, and keep norms from counting it twice."""
    with contextlib.ExitStack() as stack:
        for clock, then in clocks:
            stack.enter_context(clock.set_to(then))
        for norm in unit.modules():
            if isinstance(norm, nn.BatchNorm2d | StepNorm):
                stack.enter_context(_uncounted(norm))
        yield


@contextlib.contextmanager
def _uncounted(norm: nn.BatchNorm2d | StepNorm) -> Iterator[None]:
    momentum, count = norm.momentum, getattr(norm, "num_batches_tracked", None)
    norm.momentum = 0.0
    if count is not None:
        norm.num_batches_tracked = None
    try:
        yield
    finally:
        norm.momentum = momentum
        if count is not None:
            norm.num_batches_tracked = count
