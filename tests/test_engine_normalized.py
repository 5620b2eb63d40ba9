"""Batch norm and leaky neurons in one equal the two, one after the other, in float64."""

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from spikeseg.engine.through_time.dynamics import Dynamics, reset, unroll_stepwise
from spikeseg.engine.through_time.norm import Norm
from spikeseg.engine.through_time.normalized import normalized_leaky_scan
from spikeseg.errors import ShapeError
from spikeseg.surrogates import SURROGATES


def norms(channels: int) -> tuple[nn.BatchNorm2d, nn.BatchNorm2d]:
    """Return two equal ones; the second in float64."""
    mine, exact = nn.BatchNorm2d(channels, momentum=0.3), nn.BatchNorm2d(channels, momentum=0.3)
    nn.init.normal_(mine.weight, 1.0, 0.2)
    nn.init.normal_(mine.bias)
    nn.init.uniform_(mine.running_mean)  # type: ignore[arg-type]
    nn.init.uniform_(mine.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    exact.load_state_dict(mine.state_dict())
    return mine, exact.double()


def norm_of(module: nn.BatchNorm2d) -> Norm:
    mean, variance = module.running_mean, module.running_var
    assert mean is not None
    assert variance is not None
    momentum = module.momentum or 0.0
    return Norm(module.weight, module.bias, mean, variance, module.training, momentum, module.eps)


def exactly(
    x: Tensor, norm: nn.BatchNorm2d, decay: Tensor, dynamics: Dynamics, steps: int | None
) -> tuple[Tensor, bool]:
    """Return the spikes in float64, and whether rounding can change none."""
    current = norm(x.flatten(0, -4)).view_as(x)
    whole = current if steps is None else current.expand(steps, *current.shape)
    spikes = unroll_stepwise(whole, decay, dynamics)[0]
    threshold = dynamics.v_threshold
    edges = (0.5, 1.0, 1.5) if dynamics.surrogate == "rectangular" else (1.0,)
    v, distance = torch.zeros_like(whole[0]), 1.0
    for now in whole.detach():
        h = decay.detach() * v + now
        distance = min([distance, *(float((h - edge * threshold).abs().min()) for edge in edges)])
        v = reset(h, (h >= threshold).to(h), dynamics)
    return spikes, distance > 2e-5


def largest_normalized(x: Tensor, norm: nn.BatchNorm2d) -> float:
    """Return the largest quotient of x and its deviation: how much of it a norm makes to nothing.

    In float32, what is left has the rounding of what was there.
    """
    folded = x.detach().flatten(0, -4)
    variance = folded.var((0, 2, 3), correction=0) if norm.training else norm.running_var
    assert variance is not None
    return float((folded.abs().amax((0, 2, 3)) / (variance + norm.eps).sqrt()).max())


@settings(max_examples=25, deadline=None)
@given(
    dynamics=st.builds(
        Dynamics,
        reset=st.sampled_from(["soft", "hard"]),
        surrogate=st.sampled_from(SURROGATES.names()),
        detach_reset=st.booleans(),
    ),
    shape=st.tuples(*(st.integers(1, n) for n in (8, 3, 37, 5, 7))),
    constant=st.booleans(),
    training=st.booleans(),
    layout=st.sampled_from([torch.contiguous_format, torch.channels_last]),
    offset=st.sampled_from([0.0, 3.0]),
    seed=st.integers(0, 999),
)
def test_spikes_gradients_and_statistics_equal_those_of_two_layers(
    dynamics: Dynamics,
    shape: tuple[int, ...],
    constant: bool,
    training: bool,
    layout: Any,
    offset: float,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    steps, batch, *rest = shape
    assume(batch * rest[1] * rest[2] > 3)
    x = (torch.randn(batch * (1 if constant else steps), *rest) + offset).to(memory_format=layout)
    x = (x if constant else x.unflatten(0, (steps, batch))).requires_grad_()
    mine, other = (norm.train(training) for norm in norms(rest[0]))
    decay = torch.tensor(0.5, requires_grad=True)
    double = x.detach().double().contiguous().requires_grad_()  # torch errs on odd strides of one
    kept = decay.detach().double().requires_grad_()
    num_steps = steps if constant else None
    wanted, sure = exactly(double, other, kept, dynamics, num_steps)
    assume(sure and largest_normalized(double, other) < 8)
    spikes = normalized_leaky_scan(x, norm_of(mine), decay, dynamics, num_steps)
    assert torch.equal(spikes.double(), wanted)
    grad = torch.randn(wanted.shape)
    found = torch.autograd.grad(spikes, (x, mine.weight, mine.bias, decay), grad)
    grad = grad.double().contiguous()  # torch errs where it is not laid out as its input
    truth = torch.autograd.grad(wanted, (double, other.weight, other.bias, kept), grad)
    near = 1e-4 if dynamics.surrogate == "fast_sigmoid" else 2e-5  # whose slope changes by 50 times
    for a, b in zip(found, truth, strict=True):
        of_sums = (wanted.numel() / b.numel()) ** 0.5 / 10  # of gradients of the size of 1
        size = max(1.0, float(b.abs().max()), of_sums)
        torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=near * size)
    for name, buffer in other.named_buffers():
        if name != "num_batches_tracked":
            torch.testing.assert_close(mine.get_buffer(name).double(), buffer, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("surrogate", SURROGATES.names())
def test_bfloat16_is_float32_that_is_rounded_where_it_is_written(surrogate: str) -> None:
    torch.manual_seed(1)
    dynamics = Dynamics(surrogate=surrogate)
    x = torch.randn(4, 3, 16, 9, 9).bfloat16().requires_grad_()
    wide = x.detach().float().requires_grad_()
    norm = norm_of(norms(16)[0])
    spikes, wanted = (normalized_leaky_scan(v, norm, 0.5, dynamics) for v in (x, wide))
    assert spikes.dtype == torch.bfloat16
    assert torch.equal(spikes.float(), wanted)
    grad = torch.randn(spikes.shape).bfloat16()
    (found,) = torch.autograd.grad(spikes, x, grad)
    (truth,) = torch.autograd.grad(wanted, wide, grad.float())
    assert torch.equal(found, truth.bfloat16())


@settings(max_examples=20, deadline=None)
@given(
    dynamics=st.builds(
        Dynamics,
        reset=st.sampled_from(["soft", "hard"]),
        surrogate=st.sampled_from(SURROGATES.names()),
        detach_reset=st.booleans(),
    ),
    shape=st.tuples(*(st.integers(1, n) for n in (8, 2, 37, 5, 7))),
    constant=st.booleans(),
    training=st.booleans(),
    layout=st.sampled_from([torch.contiguous_format, torch.channels_last]),
    seed=st.integers(0, 999),
)
def test_bfloat16_of_any_neuron_is_float32_that_is_rounded(
    dynamics: Dynamics,
    shape: tuple[int, ...],
    constant: bool,
    training: bool,
    layout: Any,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    steps, batch, *rest = shape
    assume(batch * rest[1] * rest[2] > 3)
    x = torch.randn(batch * (1 if constant else steps), *rest).to(memory_format=layout).bfloat16()
    x = (x if constant else x.unflatten(0, (steps, batch))).requires_grad_()
    wide = x.detach().float().requires_grad_()
    norm, num_steps = norm_of(norms(rest[0])[0].train(training)), steps if constant else None
    spikes, wanted = (
        normalized_leaky_scan(v, apart(norm), 0.5, dynamics, num_steps) for v in (x, wide)
    )
    assert torch.equal(spikes.float(), wanted)
    grad = torch.randn(spikes.shape).bfloat16()
    (found,) = torch.autograd.grad(spikes, x, grad)
    (truth,) = torch.autograd.grad(wanted, wide, grad.float())
    assert torch.equal(found, truth.bfloat16())


def apart(norm: Norm) -> Norm:
    """Return it with running statistics of its own, which no other pass moves."""
    mean, variance = norm.running_mean.clone(), norm.running_var.clone()
    return norm._replace(running_mean=mean, running_var=variance)


@pytest.mark.parametrize("constant", [False, True])
def test_a_gradient_alone_is_that_of_the_spikes(constant: bool) -> None:
    torch.manual_seed(0)
    x = torch.randn(2 if constant else 8, 16, 5, 7)
    x = (x if constant else x.unflatten(0, (4, 2))).requires_grad_()
    norm, grad, found = norm_of(norms(16)[0]), torch.randn(4, 2, 16, 5, 7), []
    for gradient_only in (False, True):
        how = (0.5, Dynamics(), 4 if constant else None, gradient_only)
        spikes = normalized_leaky_scan(x, apart(norm), *how)
        assert spikes.shape == grad.shape
        found.append(torch.autograd.grad(spikes, (x, norm.weight, norm.bias), grad))
    assert not spikes.any()
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_only_x_and_one_number_a_channel_are_kept_for_the_gradient() -> None:
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    x = torch.randn(4, 2, 8, 16, 16, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        normalized_leaky_scan(x, norm_of(norms(8)[0]), 0.5, Dynamics())
    assert sum(kept) <= x.numel() + 2 * 8 + 1


def test_one_value_a_channel_cannot_be_normalized() -> None:
    with pytest.raises(ShapeError, match="one value a channel"):
        normalized_leaky_scan(torch.ones(1, 1, 4, 1, 1), norm_of(norms(4)[0]), 0.5, Dynamics())
