"""Sums of maps equal torch's."""

from typing import Any

import pytest
import torch

from spikeseg.engine.through_time.added import add_onto, needed_twice

LAYOUTS = (torch.contiguous_format, torch.channels_last)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_sum_equals_that_of_torch_in_either_layout(layout: Any, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    one = torch.randn(2, 3, 5, 7).to(dtype).requires_grad_()
    other = torch.randn(2, 3, 5, 7).to(dtype).to(memory_format=layout).requires_grad_()
    found = add_onto(one * 1, other)
    assert torch.equal(found, one + other)
    grad = torch.randn_like(found)
    assert all(torch.equal(g, grad) for g in torch.autograd.grad(found, (one, other), grad))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_needed_twice_gets_both_gradients(layout: Any) -> None:
    x = torch.randn(2, 3, 5, 7).to(memory_format=layout).requires_grad_()
    first, second = needed_twice(x)
    (found,) = torch.autograd.grad((first.sin() + second.cos()).sum(), x)
    torch.testing.assert_close(found, x.cos() - x.sin())
