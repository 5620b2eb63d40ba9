"""The scan of integrate-and-fire neurons, with a gradient; compiled on the CPU."""

from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.threads import threads_of_torch

_BLOCK = 2048  # neurons whose state stays in the first-level cache while time runs


def spiking_scan(current: Tensor, v_initial: Tensor) -> Tensor:
    """Run neurons with threshold 1 and reset by subtraction (``if_soft``), differentiably.

    The derivative of a spike is the triangle ``max(0, 1 - |v - 1|)`` of the potential before the
    reset (Esser et al. 2016, doi:10.1073/pnas.1604850113); the reset passes its gradient on, too.

    Args:
        current: (T, B, C, H, W).
        v_initial: (B, C, H, W), membrane potential before the first step.

    Returns:
        (T, B, C, H, W) spikes, 0 or 1.
    """
    if current.device.type != "cpu":
        return spiking_scan_stepwise(current, v_initial)
    spikes: Tensor = _SpikingScan.apply(current, v_initial)  # type: ignore[no-untyped-call]
    return spikes


def spiking_scan_stepwise(current: Tensor, v_initial: Tensor) -> Tensor:
    """Do what `spiking_scan` does, one torch step after another; any device."""
    spikes, v = [], v_initial
    for now in current:
        v = v + now
        spike: Tensor = _Spike.apply(v)  # type: ignore[no-untyped-call]
        v = v - spike
        spikes.append(spike)
    return torch.stack(spikes)


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, v: Tensor) -> Tensor:
        ctx.save_for_backward(v)
        return (v >= 1.0).to(v.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (v,) = ctx.saved_tensors
        return grad * torch.relu(1.0 - (v - 1.0).abs())


class _SpikingScan(torch.autograd.Function):
    """Keeps the potential before each reset; everything else is made again from it."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, v_initial: Tensor) -> Tensor:
        x, v = _flat(current), _flat(v_initial[None])[0].copy()
        potential, spikes = np.empty_like(x), np.empty_like(x)
        with threads_of_torch():
            _forward(x, v, potential, spikes)
        ctx.save_for_backward(torch.from_numpy(potential))
        return _unflat(spikes, current)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        (potential,) = ctx.saved_tensors
        g = _flat(grad)
        out, first = np.empty_like(g), np.zeros_like(g[0])
        with threads_of_torch():
            _backward(potential.numpy(), g, out, first)
        return _unflat(out, grad), _unflat(first[None], grad[:1])[0]


def _flat(tensor: Tensor) -> Any:
    """Return (T, N) in the order of channels_last."""
    moved = tensor.detach().float().movedim(-3, -1)
    return np.ascontiguousarray(moved.reshape(tensor.shape[0], -1).numpy())


def _unflat(array: Any, like: Tensor) -> Tensor:
    return torch.from_numpy(array).view(like.movedim(-3, -1).shape).movedim(-1, -3)


@numba.njit(parallel=True)
def _forward(x: Any, v: Any, potential: Any, spikes: Any) -> None:
    steps, size = x.shape
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
        for t in range(steps):
            for i in range(first, last):
                before = v[i] + x[t, i]
                spike = np.float32(before >= np.float32(1.0))
                potential[t, i] = before
                spikes[t, i] = spike
                v[i] = before - spike


@numba.njit(parallel=True)
def _backward(potential: Any, grad: Any, out: Any, carry: Any) -> None:
    steps, size = grad.shape
    one = np.float32(1.0)
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
        for t in range(steps - 1, -1, -1):
            for i in range(first, last):
                slope = max(np.float32(0.0), one - abs(potential[t, i] - one))
                carry[i] = carry[i] + slope * (grad[t, i] - carry[i])
                out[t, i] = carry[i]
