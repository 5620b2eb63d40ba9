"""A map convolved as if it were twice as large."""

import pytest
import torch
import torch.nn.functional as F

from spikeseg.engine.through_time.doubled import convolve_doubled


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 2), (6, 5)])
@pytest.mark.parametrize("channels", [(1, 1), (3, 2), (16, 32)])
def test_it_is_the_convolution_of_the_enlarged_map(
    size: tuple[int, int], channels: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    low = torch.randn(2, channels[0], *size, requires_grad=True)
    weight = torch.randn(channels[1], channels[0], 3, 3, requires_grad=True)
    found = convolve_doubled(low.contiguous(memory_format=torch.channels_last), weight)
    wanted = F.conv2d(F.interpolate(low, scale_factor=2, mode="nearest"), weight, padding=1)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4)
    grad = torch.randn_like(wanted)
    for mine, other in zip(
        torch.autograd.grad(found, (low, weight), grad),
        torch.autograd.grad(wanted, (low, weight), grad),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-4)
