"""Max pooling of spikes: a gate passes on what makes the largest count of its window larger."""

import torch.nn.functional as F
from torch import Tensor

from spikeseg.graph import MaxPooling


def max_pool(pooling: MaxPooling, x: Tensor) -> Tensor:
    """Return the max pooling of (N, C, H, W)."""
    return F.max_pool2d(
        x, pooling.kernel, pooling.stride, pooling.padding, pooling.dilation, pooling.ceil_mode
    )


def pool_spikes(
    pooling: MaxPooling, spikes: Tensor, counts: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Run a gate over all steps of ``spikes``.

    Args:
        pooling: of the gate.
        spikes: of the gate's source, (T, B, C, H, W).
        counts: spikes that the source fired before, (B, C, H, W); ``None`` is none.

    Returns:
        Spikes of the gate, (T, B, C, H', W'), and the new counts.
    """
    running = spikes.cumsum(dim=0)
    if counts is not None:
        running += counts
    largest = max_pool(pooling, running.flatten(0, 1))
    largest = largest.view(*spikes.shape[:2], *largest.shape[1:])
    before = largest.roll(1, dims=0)
    before[0] = 0 if counts is None else max_pool(pooling, counts)
    return largest - before, running[-1].clone()
