"""The scan of integrate-and-fire neurons, with a gradient; compiled on the CPU."""

from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.threads import threads_of_torch

_BLOCK = 2048  # neurons whose state stays in the first-level cache while time runs


def spiking_scan(current: Tensor, v_initial: Tensor, signed: bool = False) -> Tensor:
    """Run neurons with threshold 1 and reset by subtraction, differentiably.

    The derivative of a spike is the triangle ``max(0, 1 - |v - 1|)`` of the potential v before the
    reset (Esser et al. 2016, doi:10.1073/pnas.1604850113), and that of taking one back
    ``max(0, 1 - |v|)`` where there is one to take back. The reset passes its gradient on, too.

    Args:
        current: (T, B, C, H, W).
        v_initial: (B, C, H, W), membrane potential before the first step.
        signed: neurons are ``if_signed``, not ``if_soft``.

    Returns:
        (T, B, C, H, W) spikes: 0 or 1, or also -1.
    """
    if current.device.type != "cpu":
        return spiking_scan_stepwise(current, v_initial, signed)
    spikes: Tensor = _SpikingScan.apply(current, v_initial, signed)  # type: ignore[no-untyped-call]
    return spikes


def spiking_scan_stepwise(current: Tensor, v_initial: Tensor, signed: bool = False) -> Tensor:
    """Do what `spiking_scan` does, one torch step after another; any device."""
    spikes, v, n = [], v_initial, torch.zeros_like(v_initial)
    for now in current:
        v = v + now
        spike: Tensor = _Spike.apply(v, (n > 0) & signed)  # type: ignore[no-untyped-call]
        v, n = v - spike, n + spike.detach()
        spikes.append(spike)
    return torch.stack(spikes)


class _Spike(torch.autograd.Function):
    """A spike, or one taken back where ``fired`` says that there was one."""

    @staticmethod
    def forward(ctx: Any, v: Tensor, fired: Tensor) -> Tensor:
        ctx.save_for_backward(v, fired)
        return (v >= 1.0).to(v.dtype) - ((v < 0.0) & fired).to(v.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        v, fired = ctx.saved_tensors
        slope = torch.relu(1.0 - (v - 1.0).abs()) + torch.relu(1.0 - v.abs()) * fired
        return grad * slope, None


class _SpikingScan(torch.autograd.Function):
    """Keeps each potential before its reset; everything else is made again from it."""

    @staticmethod
    def forward(ctx: Any, current: Tensor, v_initial: Tensor, signed: bool) -> Tensor:
        x, start = flat(current), flat(v_initial[None])[0]
        potential, spikes = np.empty_like(x), np.empty_like(x)
        with threads_of_torch():
            _forward(x, start, signed, potential, spikes)
        ctx.save_for_backward(torch.from_numpy(potential), torch.from_numpy(spikes))
        ctx.signed = signed
        return unflat(spikes, current)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        potential, spikes = ctx.saved_tensors
        g = flat(grad)
        out, first = np.empty_like(g), np.zeros_like(g[0])
        with threads_of_torch():
            _backward(potential.numpy(), spikes.numpy(), g, ctx.signed, out, first)
        return unflat(out, grad), unflat(first[None], grad[:1])[0], None


def flat(tensor: Tensor) -> Any:
    """Return (T, N) in the order of channels_last."""
    moved = tensor.detach().float().movedim(-3, -1)
    return np.ascontiguousarray(moved.reshape(tensor.shape[0], -1).numpy())


def unflat(array: Any, like: Tensor) -> Tensor:
    """Return what `flat` made flat; all but the number of steps is that of ``like``."""
    shape = like.movedim(-3, -1).shape[1:]
    return torch.from_numpy(array).view(-1, *shape).movedim(-1, -3)


@numba.njit
def _fires(v: Any, n: Any, signed: bool) -> Any:
    return np.float32(v >= 1.0) - np.float32(signed and v < 0.0 and n > 0.0)


@numba.njit(parallel=True)
def _forward(x: Any, start: Any, signed: bool, potential: Any, spikes: Any) -> None:
    steps, size = x.shape
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
        v, n = start[first:last].copy(), np.zeros(last - first, np.float32)
        for t in range(steps):
            for i in range(last - first):
                before = v[i] + x[t, first + i]
                spike = _fires(before, n[i], signed)
                potential[t, first + i] = before
                spikes[t, first + i] = spike
                v[i] = before - spike
                n[i] += spike


@numba.njit(parallel=True)
def _backward(potential: Any, spikes: Any, grad: Any, signed: bool, out: Any, carry: Any) -> None:
    steps, size = grad.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
        n = np.zeros(last - first, np.float32)
        for t in range(steps if signed else 0):
            for i in range(first, last):
                n[i - first] += spikes[t, i]
        for t in range(steps - 1, -1, -1):
            for i in range(first, last):
                v = potential[t, i]
                slope = max(zero, one - abs(v - one))
                if signed:
                    n[i - first] -= spikes[t, i]
                    if n[i - first] > zero:
                        slope += max(zero, one - abs(v))
                carry[i] += slope * (grad[t, i] - carry[i])
                out[t, i] = carry[i]
