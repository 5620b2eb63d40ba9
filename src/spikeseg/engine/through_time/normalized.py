"""Batch norm and leaky neurons in one: statistics in one pass, spikes in the next."""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from spikeseg.engine.through_time.compiled import is_compiled
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.folded import can_scan, gradient_of, room_for
from spikeseg.engine.through_time.fused import fused_normalized_scan
from spikeseg.engine.through_time.leaky import as_tensor, leaky_scan_stepwise
from spikeseg.engine.through_time.native import Span, empty_tiles, run_native
from spikeseg.engine.through_time.norm import Norm
from spikeseg.errors import ShapeError

_SAMPLE = 64  # pixels whose mean the moments are taken about


def normalized_leaky_scan(
    x: Tensor,
    norm: Norm,
    decay: Tensor | float,
    dynamics: Dynamics,
    num_steps: int | None = None,
    gradient_only: bool = False,
) -> Tensor:
    """Normalize, integrate and fire; differentiable in x, weight, bias and decay.

    Equal to a batch norm over (T, B, H, W) and `leaky_scan`, but keeps only x, and the statistics,
    for the backward pass, which makes everything else anew. On the CPU, float32 and bfloat16 are
    compiled, and channels_last; a GPU has it compiled by `fused`, in the layout of x; other dtypes
    and devices take one operation after the other.

    Args:
        x: (T, B, C, H, W); or, with ``num_steps``, (B, C, H, W), the same in every step, whose
            statistics are taken over (B, H, W).
        norm: the batch norm; its running statistics are updated in place in training.
        decay: share of the potential that survives a step; a number or a tensor with one.
        dynamics: the neuron.
        num_steps: T, where x is constant.
        gradient_only: nobody will read the spikes; compiled, they are then zeros without memory.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of x.

    Raises:
        ShapeError: a single value a channel has no variance to train with.
    """
    folded = x.flatten(0, -4)
    _require_several(folded, norm.training)
    if is_compiled(x.device):
        return fused_normalized_scan(x, norm, decay, dynamics, num_steps)
    steps = len(x) if num_steps is None else num_steps
    if not can_scan(x, steps):
        return normalized_leaky_scan_stepwise(x, norm, decay, dynamics, num_steps)
    spikes: Tensor = _Normalized.apply(  # type: ignore[no-untyped-call]
        folded.contiguous(memory_format=torch.channels_last),
        norm.weight,
        norm.bias,
        as_tensor(decay),
        norm,
        dynamics,
        steps,
        num_steps is not None,
        gradient_only,
    )
    return spikes


def _require_several(folded: Tensor, training: bool) -> None:
    if training and folded.numel() == folded.shape[1]:
        raise ShapeError(
            f"a batch norm is given {tuple(folded.shape)} in training: one value a channel, which "
            "has no variance. Two or more are needed; use a larger batch or a larger image."
        )


def normalized_leaky_scan_stepwise(
    x: Tensor, norm: Norm, decay: Tensor | float, dynamics: Dynamics, num_steps: int | None = None
) -> Tensor:
    """Do what `normalized_leaky_scan` does, one torch step after another; any device and dtype."""
    normalized = F.batch_norm(
        x.flatten(0, -4),
        norm.running_mean,
        norm.running_var,
        norm.weight,
        norm.bias,
        norm.training,
        norm.momentum,
        norm.eps,
    )
    return leaky_scan_stepwise(normalized.view_as(x), decay, dynamics, num_steps)


class _Statistics(NamedTuple):
    """(C,) float64 each."""

    mean: Any
    inverse_deviation: Any


class _Normalized(torch.autograd.Function):
    """From channels_last (T * B, C, H, W) to (T, B, C, H, W)."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        decay: Tensor,
        norm: Norm,
        dynamics: Dynamics,
        steps: int,
        constant: bool,
        gradient_only: bool,
    ) -> Tensor:
        size = x.numel() if constant else x.numel() // steps
        span = Span(steps, size, 0 if constant else size)
        found = _of_batch(x, norm, dynamics, span) if norm.training else _of_past(norm)
        ctx.save_for_backward(x, weight, bias, decay)
        tiles = _tiles(found, weight, bias)
        ctx.found, ctx.training, ctx.dynamics, ctx.span = found, norm.training, dynamics, span
        ctx.tiles = tiles
        batch = x.shape[0] if constant else x.shape[0] // steps
        if gradient_only:
            return x.new_zeros(1).expand(steps, batch, *x.shape[1:])
        out = room_for(steps if constant else 1, x)
        run_native("forward", dynamics, (x, None, out), tiles, span, decay.item())
        return out.view(steps, batch, *x.shape[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, decay = ctx.saved_tensors
        g, out, span = gradient_of(grad, torch.channels_last, x.dtype), room_for(1, x), ctx.span
        tiles, keep = ctx.tiles, decay.item()
        sums = _by_channel(run_native("sums", ctx.dynamics, (x, g, None), tiles, span, keep), x)
        if ctx.training:
            tiles = _through_statistics(tiles, ctx.found, sums / (x.numel() // x.shape[1]))
        by_decay = run_native("backward", ctx.dynamics, (x, g, out), tiles, span, keep)[0].sum()
        by_weight = torch.from_numpy(sums[1] * ctx.found.inverse_deviation).to(weight.dtype)
        by_bias = torch.from_numpy(sums[0]).to(bias.dtype)
        return out, by_weight, by_bias, decay.new_full(decay.shape, by_decay), *[None] * 5


def _of_past(norm: Norm) -> _Statistics:
    variance = norm.running_var.double().numpy()
    return _Statistics(norm.running_mean.double().numpy(), 1.0 / np.sqrt(variance + norm.eps))


def _of_batch(x: Tensor, norm: Norm, dynamics: Dynamics, span: Span) -> _Statistics:
    """Take the moments about the mean of a few pixels, and move the running statistics."""
    channels = x.shape[1]
    count = x.numel() // channels
    pixels = torch.as_strided(x.detach(), (min(_SAMPLE, count), channels), (channels, 1))
    about = pixels.float().mean(0).numpy()
    tiles = empty_tiles(channels)
    tiles[2] = about
    if not span.stride:  # a constant x counts once
        span = Span(1, span.size, span.size)
    sums = _by_channel(run_native("moments", dynamics, (x, None, None), tiles, span, 0.0), x)
    offset, square = sums / count
    variance = np.maximum(square - offset * offset, 0.0)
    mean = about + offset
    _move(norm.running_mean, mean, norm.momentum)
    _move(norm.running_var, variance * (count / (count - 1)), norm.momentum)
    return _Statistics(mean, 1.0 / np.sqrt(variance + norm.eps))


def _move(running: Tensor, found: Any, momentum: float) -> None:
    running.mul_(1.0 - momentum).add_(torch.from_numpy(found).to(running), alpha=momentum)


def _by_channel(sums: Any, x: Tensor) -> Any:
    """Return (2, C) from the sums of a tile."""
    return sums.reshape(2, -1, x.shape[1]).sum(1)


def _tiles(found: _Statistics, weight: Tensor, bias: Tensor) -> Any:
    """Return gain and shift, and what makes the gradient of x where the statistics are given."""
    mean, inverse = found
    gain = weight.detach().double().numpy() * inverse
    tiles = empty_tiles(len(mean))
    tiles[0] = tiles[3] = gain
    tiles[1] = bias.detach().double().numpy() - mean * gain
    tiles[2] = mean
    return tiles


def _through_statistics(tiles: Any, found: _Statistics, means: Any) -> Any:
    """Return the tiles with what goes through the statistics, from the means of the gradients."""
    gain, inverse = tiles[3, 0].astype(np.float64), found.inverse_deviation
    tiles = tiles.copy()
    tiles[4] = -gain * inverse * inverse * means[1]
    tiles[5] = -gain * means[0]
    return tiles
