"""Several processes that train one network, started by ``torchrun``."""

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def share() -> tuple[int, int]:
    """Return the number of this process, and how many train together; (0, 1) alone.

    They are what ``torchrun`` tells its processes.
    """
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def is_first() -> bool:
    """Return whether this process is the one that writes files."""
    return share()[0] == 0


def is_shared() -> bool:
    """Return whether several processes are training a network together now."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def summed(values: Tensor) -> Tensor:
    """Return the sum over all processes; the gradient of each is the sum of all gradients."""
    total: Tensor = _Summed.apply(values)  # type: ignore[no-untyped-call]
    return total


def gathered(values: Tensor) -> Tensor:
    """Return the values of all processes, (N * B, ...), in order; differentiable.

    A loss of all images, computed in every process, has N times the gradient; the mean over
    processes, which is then taken of the gradients, is that of one process with all images.
    """
    if not is_shared():
        return values
    everything: Tensor = _Gathered.apply(values)  # type: ignore[no-untyped-call]
    return everything


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].contiguous().clone()
        dist.all_reduce(total)
        return total


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.size = len(values)
        values = values.contiguous()
        parts = [torch.empty_like(values) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, values)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].contiguous().clone()
        dist.all_reduce(total)
        first = dist.get_rank() * ctx.size
        return total[first : first + ctx.size]
