"""Several processes that train one network, started by ``torchrun``."""

import os

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


def gathered(values: Tensor) -> Tensor:
    """Return the values of all processes, (N * B, ...), in order; differentiable.

    A loss of all images, computed in every process, has N times the gradient; the mean over
    processes, which is then taken of the gradients, is that of one process with all images.
    """
    if share()[1] == 1 or not dist.is_initialized():
        return values
    if not values.is_floating_point():
        parts = [torch.empty_like(values) for _ in range(share()[1])]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)
    from torch.distributed.nn.functional import all_gather

    return torch.cat(list(all_gather(values.contiguous())))
