"""Spikes kept as bits come back as they were."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.engine.through_time.packed import pack_spikes

LAYOUTS = (torch.contiguous_format, torch.channels_last)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(*(st.integers(1, n) for n in (3, 9, 11, 11))),
    layout=st.sampled_from(LAYOUTS),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float64]),
    rate=st.sampled_from([0.0, 0.2, 1.0]),
    seed=st.integers(0, 999),
)
def test_spikes_come_back_in_the_same_layout(
    shape: tuple[int, ...], layout: Any, dtype: torch.dtype, rate: float, seed: int
) -> None:
    torch.manual_seed(seed)
    x = (torch.rand(shape) < rate).to(dtype).contiguous(memory_format=layout)
    packed = pack_spikes(x)
    assert packed is not None
    found = packed.tensor()
    assert found.dtype == dtype
    assert torch.equal(found, x)
    assert found.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("place", [0, 31, 32, 99])
@pytest.mark.parametrize("value", [0.5, -1.0, 2.0, torch.nan])
def test_one_value_that_is_no_spike_is_noticed(
    dtype: torch.dtype, place: int, value: float
) -> None:
    x = torch.ones(1, 1, 10, 10, dtype=dtype)
    x.view(-1)[place] = value
    assert pack_spikes(x) is None


def test_a_spike_takes_one_bit() -> None:
    packed = pack_spikes(torch.zeros(2, 3, 32, 32))
    assert packed is not None
    assert packed.words.nbytes == 2 * 3 * 32 * 32 // 8


def test_a_view_with_gaps_is_kept_as_bytes() -> None:
    x = torch.ones(1, 2, 4, 8)[..., ::2]
    packed = pack_spikes(x)
    assert packed is not None
    assert packed.words.nbytes == x.numel()
    assert torch.equal(packed.tensor(), x)


def test_two_threads_find_the_same_as_one() -> None:
    x = (torch.rand(4, 16, 64, 32) < 0.1).float()
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            packed = pack_spikes(x)
            assert packed is not None
            found.append(packed.tensor())
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], x)
    assert torch.equal(found[1], x)
