"""The mean over time equals torch's."""

from typing import Any

import pytest
import torch

from spikeseg.engine.through_time.time_mean import time_mean


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("steps", [1, 5])
def test_mean_and_gradient_equal_those_of_torch(
    layout: Any, dtype: torch.dtype, steps: int
) -> None:
    torch.manual_seed(0)
    x = torch.rand(steps * 2, 3, 5, 7).to(memory_format=layout).to(dtype).requires_grad_()
    grad = torch.randn(2, 3, 5, 7).to(dtype)
    found, wanted = time_mean(x, steps), x.double().unflatten(0, (steps, 2)).mean(0).to(dtype)
    torch.testing.assert_close(found, wanted)
    assert dtype == torch.float64 or found.is_contiguous(memory_format=layout)
    (mine,), (other,) = (torch.autograd.grad(y, x, grad) for y in (found, wanted))
    torch.testing.assert_close(mine, other)
    assert dtype == torch.float64 or mine.is_contiguous(memory_format=layout)
