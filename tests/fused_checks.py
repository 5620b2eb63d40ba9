"""Whether what a GPU is given equals the slow steps, on any device and backend of torch.compile."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from spikeseg.engine.scan import initial_state, scan_stepwise
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.fused import fused_leaky_scan, fused_normalized_scan, fused_scan
from spikeseg.engine.through_time.leaky import leaky_scan_stepwise
from spikeseg.engine.through_time.norm import Norm
from spikeseg.engine.through_time.normalized import normalized_leaky_scan_stepwise
from spikeseg.neurons import Neuron


def draw_x(
    shape: tuple[int, ...], constant: bool, layout: Any, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Return (T, B, C, H, W), or (B, C, H, W) if it is constant, with a gradient."""
    steps, batch, *rest = shape
    folded = torch.randn(batch * (1 if constant else steps), *rest).to(memory_format=layout)
    x = folded if constant else folded.unflatten(0, (steps, batch))
    return x.to(device, dtype).requires_grad_()


def tolerance(dtype: torch.dtype) -> float:
    return 1e-5 if dtype == torch.float32 else 2**-7


def check_leaky(
    dynamics: Dynamics, x: Tensor, steps: int | None, repeated: bool, backend: str
) -> None:
    decay = torch.tensor(0.6, device=x.device, requires_grad=True)
    spikes = fused_leaky_scan(x, decay, dynamics, steps, backend)
    wanted = leaky_scan_stepwise(x, decay, dynamics, steps)
    assert torch.equal(spikes, wanted)
    assert spikes.dtype == x.dtype
    grad = torch.randn_like(wanted[0]).expand_as(wanted) if repeated else torch.randn_like(wanted)
    found = torch.autograd.grad(spikes, (x, decay), grad)
    truth = torch.autograd.grad(wanted, (x, decay), grad.clone())
    near = tolerance(x.dtype)
    for a, b in zip(found, truth, strict=True):
        torch.testing.assert_close(a, b, rtol=near, atol=near)


def norm_of(channels: int, training: bool, device: torch.device) -> Norm:
    """Return one that is not the identity, always the same."""
    torch.manual_seed(channels)
    weight, bias = 1.0 + 0.2 * torch.randn(channels), torch.randn(channels)
    mean, variance = torch.rand(channels), 0.5 + torch.rand(channels)
    weight, bias, mean, variance = (t.to(device) for t in (weight, bias, mean, variance))
    return Norm(weight.requires_grad_(), bias.requires_grad_(), mean, variance, training, 0.3)


def doubled(norm: Norm) -> Norm:
    weight, bias, mean, variance = (t.detach().double() for t in norm[:4])
    return Norm(weight.requires_grad_(), bias.requires_grad_(), mean, variance, *norm[4:])


def is_sure(x: Tensor, training: bool, dynamics: Dynamics, steps: int | None) -> bool:
    """Return whether no potential is so close to the threshold that rounding counts."""
    wide = x.detach().double().contiguous()
    norm = norm_of(x.shape[-3], training, x.device)
    eager = (
        normalized_leaky_scan_stepwise(
            wide, doubled(norm), 0.5, replace(dynamics, v_threshold=threshold), steps
        )
        for threshold in (dynamics.v_threshold - 2e-5, dynamics.v_threshold + 2e-5)
    )
    return torch.equal(*eager)


def check_normalized(
    dynamics: Dynamics, x: Tensor, training: bool, steps: int | None, backend: str
) -> None:
    mine = norm_of(x.shape[-3], training, x.device)
    exact, wide = doubled(mine), x.detach().double().contiguous().requires_grad_()
    decay = torch.tensor(0.5, device=x.device, requires_grad=True)
    kept = decay.detach().double().requires_grad_()
    wanted = normalized_leaky_scan_stepwise(wide, exact, kept, dynamics, steps)
    spikes = fused_normalized_scan(x, mine, decay, dynamics, steps, backend)
    assert torch.equal(spikes.double(), wanted)
    grad = torch.randn_like(spikes)
    found = torch.autograd.grad(spikes, (x, mine.weight, mine.bias, decay), grad)
    leaves = (wide, exact.weight, exact.bias, kept)
    # torch errs in the gradient of a batch norm where the layouts of both maps differ
    truth = torch.autograd.grad(wanted, leaves, grad.double().contiguous())
    near = tolerance(x.dtype)
    for a, b in zip(found, truth, strict=True):
        size = max(float(b.abs().max()), 1.0)
        torch.testing.assert_close(a.double(), b, rtol=near, atol=2 * near * size)
    for moved, other in zip(mine[2:4], exact[2:4], strict=True):
        torch.testing.assert_close(moved.double(), other, rtol=1e-5, atol=1e-6)


def check_some(
    dynamics: Dynamics,
    shape: tuple[int, ...],
    constant: bool,
    training: bool,
    how: tuple[Any, torch.dtype, torch.device, str],
) -> None:
    """Check the first numbers that are sure."""
    *kind, backend = how
    steps = shape[0] if constant else None
    for seed in range(100):
        torch.manual_seed(seed)
        x = draw_x(shape, constant, *kind)
        if is_sure(x, training, dynamics, steps):
            return check_normalized(dynamics, x, training, steps, backend)
    raise AssertionError("no numbers are sure")


def check_simulation(neuron: Neuron, steps: int, device: torch.device, backend: str) -> None:
    current = torch.randn(steps, 2, 3, 5, 4, device=device) * 0.7
    state = initial_state(neuron, current)
    spikes, after = fused_scan(neuron, current, state, backend)
    wanted, last = scan_stepwise(neuron, current, state)
    assert torch.equal(spikes, wanted)
    assert float(wanted.abs().sum()) > 0
    for a, b in zip(after, last, strict=True):
        assert torch.equal(a, b)
