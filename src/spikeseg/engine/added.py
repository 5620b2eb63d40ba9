"""Sums of maps, and what is needed twice; torch's own sum of bfloat16 takes three times as long."""

from typing import Any

import torch
from torch import Tensor

from spikeseg.engine.dynamics import Dynamics
from spikeseg.engine.folded import KNOWN, fold, layout_of
from spikeseg.engine.native import Span, run_native, tiled

_ONES = tiled(torch.ones(6, 1).numpy())


def add_maps(one: Tensor, other: Tensor) -> Tensor:
    """Return the sum of two (N, C, H, W), in the layout of the first; differentiable.

    >>> add_maps(torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2)).tolist()
    [[[[2.0, 2.0]]]]
    """
    found: Tensor = _Sum.apply(one, other)  # type: ignore[no-untyped-call]
    return found


def needed_twice(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return (N, C, H, W) for two layers, whose gradients `add_maps` then adds."""
    first, second = _Twice.apply(x)  # type: ignore[no-untyped-call]
    return first, second


def _added(one: Tensor, other: Tensor) -> Tensor:
    if one.device.type != "cpu" or one.dtype not in KNOWN:
        return one + other
    x = fold(one[None])
    y = other.to(x.dtype).contiguous(memory_format=layout_of(x))
    out, span = torch.empty_like(x), Span(1, x.numel(), x.numel(), x.numel())
    run_native("add", Dynamics(), (x, y, out), _ONES, span, 0.0)
    return out


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, one: Tensor, other: Tensor) -> Tensor:
        return _added(one, other)

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
