"""The chip's neurons over time in whole numbers, with a gradient through their spikes."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.threads import threads_of_torch
from spikeseg.engine.through_time.surrogate import flat, unflat

_BLOCK = 2048  # neurons whose state stays in the first-level cache while time runs


@dataclass(frozen=True, eq=False)
class IntegerNeurons:
    """Parameters of one layer's neurons, as the chip holds them; no refractory period.

    Attributes:
        threshold: (C,), int32.
        keep_u: of 4096 parts of the current, those that a step leaves: ``4095 - decay_u``.
        keep_v: of 4096 parts of the potential, those that a step leaves: ``4096 - decay_v``.
        v_min: lowest potential.
        v_max: highest potential.
    """

    threshold: Any
    keep_u: int
    keep_v: int
    v_min: int
    v_max: int

    def constants(self, unit: int, bias: Any, start: Any) -> "_Constants":
        """Return all that a scan needs, for compiled code."""
        numbers = (unit, self.keep_u, self.keep_v, self.v_min, self.v_max)
        return _Constants(self.threshold, bias, start, *(np.int64(n) for n in numbers))


class _Constants(NamedTuple):
    threshold: Any
    bias: Any
    start: Any
    unit: Any
    keep_u: Any
    keep_v: Any
    v_min: Any
    v_max: Any


def integer_scan(
    arriving: Tensor, unit: int, bias: Tensor, start: Tensor, neurons: IntegerNeurons
) -> tuple[Tensor, Tensor]:
    """Run a layer of the chip over all steps, differentiably.

    Forward, the step is that of `spikeseg.emulation`, integer for integer. Backward, a spike has
    the derivative ``max(0, 1 - |v / threshold - 1|) / threshold`` (Esser et al. 2016,
    doi:10.1073/pnas.1604850113), roundings have that of what they round, and the reset passes on
    what it leaves.

    Args:
        arriving: (T - 1, B, C, H, W), sums of the weights of the spikes that were fired in all
            steps but the last; they arrive one step later. Whole numbers.
        unit: what 1 of them is worth.
        bias: (C,), whole numbers.
        start: (C,), potential before the first step, whole numbers.
        neurons: everything else.

    Returns:
        Spikes and potentials after each step, both (T, B, C, H, W) in float32, which holds them
        exactly.
    """
    found: tuple[Tensor, Tensor] = _IntegerScan.apply(  # type: ignore[no-untyped-call]
        arriving, unit, bias, start, neurons
    )
    return found


class _IntegerScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, arriving: Tensor, unit: int, bias: Tensor, start: Tensor, neurons: IntegerNeurons
    ) -> tuple[Tensor, Tensor]:
        q = flat(arriving)
        before, after, spikes = (np.empty((len(q) + 1, q.shape[1]), np.float32) for _ in range(3))
        parameters = neurons.constants(unit, _integers(bias), _integers(start))
        with threads_of_torch():
            _forward(q, parameters, before, after, spikes)
        ctx.save_for_backward(torch.from_numpy(before), torch.from_numpy(spikes))
        ctx.neurons, ctx.unit = neurons, unit
        return unflat(spikes, arriving), unflat(after, arriving)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, Tensor, Tensor, None]:
        before, spikes = ctx.saved_tensors
        by_output = tuple(flat(grad) for grad in grads)
        out = np.empty_like(by_output[0][1:])
        bias, start = (np.zeros_like(by_output[0][0]) for _ in range(2))
        nothing = np.zeros(0, np.int64)
        with threads_of_torch():
            parameters = ctx.neurons.constants(ctx.unit, nothing, nothing)
            _backward(before.numpy(), spikes.numpy(), by_output, parameters, out, bias, start)
        channels = len(ctx.neurons.threshold)
        of_bias, of_start = (torch.from_numpy(_summed(g, channels)) for g in (bias, start))
        return unflat(out, grads[0][1:]), None, of_bias, of_start, None


def _summed(gradient: Any, channels: int) -> Any:
    return gradient.reshape(-1, channels).sum(axis=0)


def _integers(values: Tensor) -> Any:
    return values.detach().numpy().round().astype(np.int64)


@numba.njit(inline="always")
def _part(x: Any, keep: Any) -> Any:
    """Return keep / 4096 of x, truncated toward zero."""
    scaled = x * keep
    return -(-scaled >> 12) if scaled < 0 else scaled >> 12


@numba.njit(parallel=True)
def _forward(q: Any, p: _Constants, before: Any, after: Any, spikes: Any) -> None:
    steps, size = before.shape
    channels = len(p.threshold)
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
        u, v = np.zeros(last - first, np.int64), np.empty(last - first, np.int64)
        for i in range(last - first):
            v[i] = p.start[(first + i) % channels]
        for t in range(steps):
            c = first % channels
            for i in range(last - first):
                u[i] = _part(u[i], p.keep_u)
                if t > 0:
                    u[i] += np.int64(q[t - 1, first + i]) * p.unit
                potential = _part(v[i], p.keep_v) + u[i] + p.bias[c]
                potential = min(max(potential, p.v_min), p.v_max)
                fires = potential > p.threshold[c]
                v[i] = 0 if fires else potential
                before[t, first + i] = potential
                after[t, first + i] = v[i]
                spikes[t, first + i] = fires
                c = c + 1 if c + 1 < channels else 0


@numba.njit(parallel=True)
def _backward(
    before: Any, spikes: Any, grads: Any, p: _Constants, out: Any, bias: Any, start: Any
) -> None:
    steps, size = before.shape
    channels = len(p.threshold)
    zero, one = np.float32(0.0), np.float32(1.0)
    share_u, share_v = np.float32(p.keep_u / 4096), np.float32(p.keep_v / 4096)
    by_spike, by_potential = grads
    for block in numba.prange((size + _BLOCK - 1) // _BLOCK):
        first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
        carry_u = np.zeros(last - first, np.float32)
        for t in range(steps - 1, -1, -1):
            c = first % channels
            for i in range(first, last):
                inverse = one / np.float32(p.threshold[c])
                v = before[t, i]
                slope = max(zero, one - abs(v * inverse - one)) * inverse
                grad = (start[i] + by_potential[t, i]) * (one - spikes[t, i])
                grad += by_spike[t, i] * slope
                if v <= p.v_min:
                    grad = zero
                carry_u[i - first] = grad + carry_u[i - first] * share_u
                if t > 0:
                    out[t - 1, i] = carry_u[i - first] * np.float32(p.unit)
                bias[i] += grad
                start[i] = grad * share_v
                c = c + 1 if c + 1 < channels else 0
