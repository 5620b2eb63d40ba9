"""Sums of maps, and what is needed twice; torch's own sum of bfloat16 takes three times as long."""

from typing import Any

import torch
from torch import Tensor

from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.folded import KNOWN, fold, is_dense, layout_of, room_for
from spikeseg.engine.through_time.native import Span, run_native, same_tiles


def add_onto(one: Tensor, other: Tensor) -> Tensor:
    """Add a map onto another in its memory, and return that; differentiable.

    Args:
        one: (N, C, H, W), which is changed.
        other: (N, C, H, W).

    >>> one = torch.ones(1, 1, 1, 2)
    >>> add_onto(one, torch.ones(1, 1, 1, 2)) is one, one.tolist()
    (True, [[[[2.0, 2.0]]]])
    """
    found: Tensor = _Onto.apply(one, other)  # type: ignore[no-untyped-call]
    return found


def needed_twice(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (N, C, H, W) for two layers, whose gradients are then added in one pass."""
    first, second = _Twice.apply(x)  # type: ignore[no-untyped-call]
    return first, second


def _added(one: Tensor, other: Tensor) -> Tensor:
    if one.device.type != "cpu" or one.dtype not in KNOWN:
        return one + other
    x = fold(one[None])
    return _sum_to(room_for(1, x), x, other)


def _sum_to(out: Tensor, x: Tensor, other: Tensor) -> Tensor:
    """Write the sum of a dense map and another to memory laid out as the first."""
    y = other.to(x.dtype).contiguous(memory_format=layout_of(x))
    span = Span(1, x.numel(), x.numel())
    run_native("add", Dynamics(), (x, y, out), same_tiles(1.0), span, 0.0)
    return out


class _Onto(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, one: Tensor, other: Tensor) -> Tensor:
        ctx.mark_dirty(one)
        if one.device.type != "cpu" or one.dtype not in KNOWN or not is_dense(one):
            return one.add_(other)
        return _sum_to(one, one, other)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        return grads[0], grads[0]


class _Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.view_as(x), x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return _added(*grads)
