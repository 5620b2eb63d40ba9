"""Weights of eight bits on spikes of one byte equal plain convolutions of the rounded weights."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from spikeseg.engine.bits import (
    convolve_bytes,
    join_doubled,
    normalized_bits,
    normalized_rates,
    pack_bytes,
)
from spikeseg.engine.dynamics import Dynamics
from spikeseg.engine.norm import Norm
from spikeseg.engine.normalized import normalized_leaky_scan


def spikes(*shape: int) -> torch.Tensor:
    bits = (torch.rand(shape) < 0.3).to(torch.uint8)
    return bits.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("stride", [1, 2])
def test_sums_are_those_of_the_rounded_weights(stride: int) -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(8, 16, 3, 3), spikes(2, 16, 10, 12)
    found = convolve_bytes(x, pack_bytes(weight, (stride, stride), (1, 1)), torch.float32)
    unit = weight.abs().amax((1, 2, 3), keepdim=True) / 127
    rounded = (weight / unit).round() * unit
    wanted = F.conv2d(x.double(), rounded.double(), stride=stride, padding=1)
    torch.testing.assert_close(found.double(), wanted, rtol=2e-6, atol=1e-5)
    assert (rounded - weight).abs().max() <= unit.max() / 2 + 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("num_steps", [None, 5])
def test_bytes_are_the_spikes_of_evaluation(dtype: torch.dtype, num_steps: int | None) -> None:
    torch.manual_seed(0)
    module = nn.BatchNorm2d(5)
    mean, var = torch.rand(5), torch.rand(5) + 0.5
    norm = Norm(module.weight, module.bias, mean, var, training=False)
    x = torch.randn(4, 3, 5, 7, 6, dtype=dtype)
    x = x if num_steps is None else x[0]
    with torch.no_grad():
        wanted = normalized_leaky_scan(x, norm, 0.5, Dynamics(), num_steps)
    found = normalized_bits(x, norm, 0.5, Dynamics(), num_steps)
    assert found.dtype == torch.uint8
    assert torch.equal(found, wanted.to(torch.uint8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rates_are_the_mean_of_the_spikes(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    module = nn.BatchNorm2d(5)
    norm = Norm(module.weight, module.bias, torch.rand(5), torch.rand(5) + 0.5, training=False)
    x = torch.randn(4, 3, 5, 7, 6, dtype=dtype)
    with torch.no_grad():
        wanted = normalized_leaky_scan(x, norm, 0.5, Dynamics()).float().mean(0).to(dtype)
    assert torch.equal(normalized_rates(x, norm, 0.5, Dynamics()), wanted)


@pytest.mark.parametrize(("wide", "beside"), [(8, 4), (3, 5)])
def test_maps_are_enlarged_and_joined_as_by_torch(wide: int, beside: int) -> None:
    low, skip = spikes(2, wide, 3, 5), spikes(2, beside, 6, 10)
    wanted = torch.cat([low.repeat_interleave(2, 2).repeat_interleave(2, 3), skip], 1)
    found = join_doubled(low, skip)
    assert torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last)
