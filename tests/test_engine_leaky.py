"""The compiled scan of leaky neurons equals the slow one, step by step."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikeseg.engine.through_time import folded, leaky
from spikeseg.engine.through_time.dynamics import Dynamics, unroll_stepwise
from spikeseg.engine.through_time.leaky import leaky_scan, leaky_scan_stepwise
from spikeseg.surrogates import SURROGATES

LAYOUTS = (torch.contiguous_format, torch.channels_last)
DYNAMICS = st.builds(
    Dynamics,
    v_threshold=st.sampled_from([1.0, 0.7]),
    reset=st.sampled_from(["soft", "hard"]),
    surrogate=st.sampled_from(SURROGATES.names()),
    detach_reset=st.booleans(),
)


def random(shape: tuple[int, ...], layout: Any, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return (N, C, H, W) in a layout and a dtype."""
    return torch.randn(shape).to(memory_format=layout).to(dtype)


def gradients(spikes: Tensor, grad: Tensor, *leaves: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(spikes, leaves, grad)


@settings(max_examples=24, deadline=None)
@given(
    dynamics=DYNAMICS,
    shape=st.tuples(*(st.integers(1, n) for n in (9, 3, 5, 7, 19))),
    layout=st.sampled_from(LAYOUTS),
    decay=st.sampled_from([0.0, 0.5, 0.99, 1.0]),
    seed=st.integers(0, 999),
)
def test_spikes_and_gradients_equal_those_of_the_steps(
    dynamics: Dynamics, shape: tuple[int, ...], layout: Any, decay: float, seed: int
) -> None:
    torch.manual_seed(seed)
    steps, batch, *rest = shape
    folded = (steps * batch, *rest)
    current = random(folded, layout).unflatten(0, (steps, batch)).requires_grad_()
    grad = random(folded, layout).unflatten(0, (steps, batch))
    kept = torch.tensor(decay, requires_grad=True)
    spikes, wanted = (
        leaky_scan(current, kept, dynamics),
        unroll_stepwise(current, kept, dynamics)[0],
    )
    assert torch.equal(spikes, wanted)
    found = gradients(spikes, grad, current, kept)
    truth = gradients(wanted, grad, current, kept)
    for a, b in zip(found, truth, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(
    dynamics=DYNAMICS,
    steps=st.integers(1, 9),
    layout=st.sampled_from(LAYOUTS),
    seed=st.integers(0, 999),
)
def test_a_constant_current_is_one_that_is_repeated(
    dynamics: Dynamics, steps: int, layout: Any, seed: int
) -> None:
    torch.manual_seed(seed)
    current = random((2, 3, 5, 7), layout).requires_grad_()
    grad = torch.randn(steps, 2, 3, 5, 7)
    kept = torch.tensor(0.6, requires_grad=True)
    spikes = leaky_scan(current, kept, dynamics, steps)
    wanted = unroll_stepwise(current.expand(steps, -1, -1, -1, -1), kept, dynamics)[0]
    assert torch.equal(spikes, wanted)
    found = gradients(spikes, grad, current, kept)
    for a, b in zip(found, gradients(wanted, grad, current, kept), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("surrogate", SURROGATES.names())
@pytest.mark.parametrize("layout", LAYOUTS)
def test_bfloat16_is_float32_that_is_rounded_where_it_is_written(
    surrogate: str, layout: Any
) -> None:
    torch.manual_seed(0)
    dynamics = Dynamics(surrogate=surrogate, reset="hard", detach_reset=False)
    current = random((6, 3, 5, 7), layout, torch.bfloat16).unflatten(0, (3, 2)).requires_grad_()
    grad = random((6, 3, 5, 7), layout, torch.bfloat16).unflatten(0, (3, 2))
    spikes = leaky_scan(current, 0.5, dynamics)
    wanted = unroll_stepwise(current.float(), 0.5, dynamics)[0].bfloat16()
    assert spikes.dtype == torch.bfloat16
    assert torch.equal(spikes, wanted)
    (found,), (truth,) = gradients(spikes, grad, current), gradients(wanted, grad, current)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, truth, rtol=2**-8, atol=1e-6)


@settings(max_examples=24, deadline=None)
@given(
    dynamics=DYNAMICS,
    shape=st.tuples(*(st.integers(1, n) for n in (8, 2, 5, 7, 19))),
    layout=st.sampled_from(LAYOUTS),
    constant=st.booleans(),
    seed=st.integers(0, 999),
)
def test_bfloat16_of_any_neuron_is_float32_that_is_rounded(
    dynamics: Dynamics, shape: tuple[int, ...], layout: Any, constant: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    steps, batch, *rest = shape
    x = random((batch if constant else steps * batch, *rest), layout, torch.bfloat16)
    x = (x if constant else x.unflatten(0, (steps, batch))).requires_grad_()
    grad = random((steps * batch, *rest), layout, torch.bfloat16).unflatten(0, (steps, batch))
    spikes = leaky_scan(x, 0.5, dynamics, steps if constant else None)
    whole = x.float().expand(steps, batch, *rest) if constant else x.float()
    wanted = unroll_stepwise(whole, 0.5, dynamics)[0]
    assert torch.equal(spikes.float(), wanted)
    (found,), (truth,) = gradients(spikes, grad, x), gradients(wanted, grad.float(), x)
    size = float(truth.float().abs().max())
    torch.testing.assert_close(found, truth, rtol=2**-7, atol=1e-5 * max(size, 1.0))


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gradient_alone_is_that_of_the_spikes(constant: bool, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = random((2 if constant else 8, 3, 5, 7), torch.channels_last, dtype)
    x = (x if constant else x.unflatten(0, (4, 2))).requires_grad_()
    decay = torch.tensor(0.5, requires_grad=True)
    grad = torch.randn(4, 2, 3, 5, 7).to(dtype)
    found = []
    for gradient_only in (False, True):
        spikes = leaky_scan(x, decay, Dynamics(), 4 if constant else None, gradient_only)
        assert spikes.shape == grad.shape
        found.append(gradients(spikes, grad, x, decay))
    assert not spikes.any()
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_a_gradient_that_is_not_a_number_stays_one_in_bfloat16() -> None:
    current = torch.full((1, 1, 1, 1, 8), 0.9, dtype=torch.bfloat16, requires_grad=True)
    grad = torch.full((1, 1, 1, 1, 8), torch.nan, dtype=torch.bfloat16)
    leaky_scan(current, 0.5, Dynamics()).backward(grad)
    assert current.grad is not None
    assert current.grad.isnan().all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layout_of_the_memory_stays(layout: Any) -> None:
    current = random((6, 3, 5, 7), layout).unflatten(0, (2, 3)).requires_grad_()
    spikes = leaky_scan(current, 0.5, Dynamics())
    assert spikes.stride() == current.stride()
    spikes.mean().backward()
    assert current.grad is not None
    assert current.grad.stride() == current.stride()


def test_a_current_with_gaps_in_memory_is_understood() -> None:
    whole = torch.randn(3, 2, 4, 6, 10)
    cut = whole[..., ::2]
    assert torch.equal(leaky_scan(cut, 0.5, Dynamics()), unroll_stepwise(cut, 0.5, Dynamics())[0])


def test_a_gradient_may_be_the_same_memory_in_every_step() -> None:
    current = torch.randn(4, 2, 3, 5, 7, requires_grad=True)
    grad = torch.randn(2, 3, 5, 7)
    found = gradients(leaky_scan(current, 0.5, Dynamics()), grad.expand(4, -1, -1, -1, -1), current)
    repeated = grad.repeat(4, 1, 1, 1, 1)
    truth = gradients(leaky_scan(current, 0.5, Dynamics()), repeated, current)
    assert torch.equal(found[0], truth[0])


def test_double_precision_takes_the_steps() -> None:
    current = torch.randn(2, 1, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    spikes = leaky_scan(current, 0.5, Dynamics())
    assert torch.equal(spikes, unroll_stepwise(current, 0.5, Dynamics())[0])
    assert spikes.dtype == torch.float64


def test_nothing_but_the_current_is_kept_for_the_gradient() -> None:
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.numel()) or t, lambda t: t
    ):
        leaky_scan(torch.randn(8, 1, 2, 8, 8, requires_grad=True), 0.5, Dynamics())
    assert sum(kept) == 8 * 2 * 8 * 8 + 1


def test_two_threads_find_the_same_as_one() -> None:
    torch.manual_seed(0)
    current = random((12, 5, 64, 33), torch.channels_last).unflatten(0, (4, 3)).requires_grad_()
    decay = torch.tensor(0.5, requires_grad=True)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            spikes = leaky_scan(current, decay, Dynamics())
            found.append((spikes, *gradients(spikes, torch.ones_like(spikes), current, decay)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))


def test_very_many_steps_do_not_lie_on_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folded.MOST_STEPS * 128 <= 2**21  # bytes
    monkeypatch.setattr(folded, "MOST_STEPS", 8)
    monkeypatch.setattr(leaky._LeakyScan, "apply", lambda *args: pytest.fail("on the stack"))
    current = torch.rand(9, 1, 1, 1, 2)
    assert torch.equal(
        leaky_scan(current, 0.5, Dynamics()), leaky_scan_stepwise(current, 0.5, Dynamics())
    )
