"""The lazy sequence behaves like a list, makes samples late, and forgets what does not fit."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.data import Sample
from spikeseg.data._samples import LazySamples


def maker(calls: list[int]) -> Callable[[int], Sample]:
    def make(item: int) -> Sample:
        calls.append(item)
        return Sample(str(item), np.zeros((1, 2, 2), np.float32), np.zeros((2, 2), np.uint8))

    return make


@given(st.lists(st.integers(0, 99), max_size=8), st.slices(8))
def test_it_slices_like_a_list(items: list[int], window: slice) -> None:
    samples = LazySamples(maker([]), items)
    assert [int(s.name) for s in samples] == items
    assert [int(s.name) for s in samples[window]] == items[window]


def test_an_index_outside_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        LazySamples(maker([]), [1, 2])[2]


def test_a_sample_is_made_when_indexed_and_only_once() -> None:
    calls: list[int] = []
    samples = LazySamples(maker(calls), [5, 6, 7])
    assert calls == []
    assert samples[1] is samples[-2]
    assert calls == [6]


def test_the_sample_used_longest_ago_is_forgotten() -> None:
    calls: list[int] = []
    samples = LazySamples(maker(calls), [0, 1, 2], cache_bytes=2 * (16 + 4))
    for index in (0, 1, 0, 2, 0, 1):
        samples[index]
    assert calls == [0, 1, 2, 1]
