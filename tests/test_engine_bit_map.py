"""Maps of bits hold spikes: unpacked, counted and summed they are what torch says."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.engine.event.bit_map import BitMap
from spikeseg.errors import DataError

NUMBERS = (torch.float32, torch.bfloat16, torch.uint8, torch.int8)


@st.composite
def spikes(draw):
    shape = [draw(st.integers(1, n)) for n in (3, 3, 70, 6, 9)]
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    return torch.rand(shape, generator=random) < draw(st.sampled_from([0.0, 0.2, 1.0]))


@given(spikes(), st.sampled_from(NUMBERS))
@settings(max_examples=60, deadline=None)
def test_what_is_packed_comes_out_again(fired, dtype):
    found = BitMap.of(fired).dense(dtype)
    assert torch.equal(found, fired.to(dtype))
    assert found.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


@given(spikes())
@settings(max_examples=30, deadline=None)
def test_counts_are_sums_of_spikes(fired):
    found = BitMap.of(fired)
    assert found.count() == int(fired.sum())


@pytest.mark.parametrize("dtype", [*NUMBERS, torch.bool, torch.float64])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_any_numbers_in_any_layout_are_packed(dtype, layout):
    fired = (torch.rand(2, 3, 5, 4, 7) < 0.3).to(dtype).contiguous(memory_format=layout)
    assert torch.equal(BitMap.of(fired).dense(torch.uint8), fired.to(torch.uint8))


def test_the_first_bit_is_the_first_channel_of_the_first_pixel():
    fired = torch.zeros(1, 1, 3, 1, 2)
    fired[0, 0, 2, 0, 1] = 1  # channel 2 of pixel 1: bit 5
    words = BitMap.of(fired).words
    assert words.dtype == torch.int64
    assert words.tolist() == [[[[32]]]]


def test_parts_of_a_batch_are_maps_too():
    fired = torch.rand(2, 3, 5, 4, 7) < 0.3
    whole = BitMap.of(fired)
    which = torch.tensor([True, False, True])
    part = BitMap(whole.words[:, which], (2, 2, 5, 4, 7))
    assert torch.equal(part.dense(torch.uint8), fired[:, which].to(torch.uint8))
    assert BitMap(whole.words[1:, :], (1, 3, 5, 4, 7)).count() == int(fired[1:].sum())


def test_other_numbers_are_refused():
    with pytest.raises(DataError, match="float64"):
        BitMap.of(torch.zeros(1, 1, 1, 1, 1)).dense(torch.float64)
