"""Weights of eight bits on spikes of one byte equal plain convolutions of the rounded weights."""

import pytest
import torch
import torch.nn.functional as F

from spikeseg.engine.bits import convolve_bytes, enlarge_bytes, pack_bytes


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


def test_a_bias_is_added_before_rounding() -> None:
    torch.manual_seed(0)
    weight, bias, x = torch.randn(8, 16, 3, 3), torch.randn(8), spikes(2, 16, 10, 12)
    packed = pack_bytes(weight, (1, 1), (1, 1))
    exact = convolve_bytes(x, packed, torch.float32) + bias.view(-1, 1, 1)
    found = convolve_bytes(x, packed, torch.bfloat16, bias)
    torch.testing.assert_close(found, exact.bfloat16(), rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize("wide", [8, 3])
def test_maps_are_enlarged_as_by_torch(wide: int) -> None:
    low = spikes(2, wide, 3, 5)
    found = enlarge_bytes(low)
    assert torch.equal(found, low.repeat_interleave(2, 2).repeat_interleave(2, 3))
    assert found.is_contiguous(memory_format=torch.channels_last)
