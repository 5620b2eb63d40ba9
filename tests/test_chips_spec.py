"""Chips as data."""

import numpy as np
import pytest

from spikeseg.chips import Window, chip_facts, chip_names, load_chip
from spikeseg.errors import CompileError, UnknownNameError


@pytest.mark.parametrize("name", chip_names())
def test_every_number_has_a_source(name: str) -> None:
    facts = chip_facts(name)
    assert facts
    assert all(len(fact.source) > 10 for fact in facts.values())


def test_loihi_has_the_published_size() -> None:
    chip = load_chip("loihi1")
    assert (chip.cores, chip.compartments, chip.synapse_bits) == (128, 1024, 128 * 1024 * 8)
    assert chip.threshold_max == 131071 * 64


def test_a_chip_of_which_too_little_is_published_is_refused() -> None:
    with pytest.raises(CompileError, match=r"nothing is published on its .*synapse_bits.*loihi1"):
        load_chip("loihi2")


def test_an_unknown_chip_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'loihi1'"):
        load_chip("loihi_1")


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("geometry", [(1, 1, 1), (2, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)])
def test_meetings_are_those_of_a_search(geometry: tuple[int, int, int], transposed: bool) -> None:
    stride, padding, dilation = geometry
    window = Window((stride, stride), (padding, padding), (dilation, dilation), transposed)
    sources, targets, taps = 5, 6, 3
    found = {
        (i, o, k)
        for i in range(sources)
        for o in range(targets)
        for k in range(taps)
        if (
            i * stride + k * dilation - padding == o
            if transposed
            else o * stride + k * dilation - padding == i
        )
    }
    met = window.meetings(0, taps, sources, targets)
    assert {tuple(row) for row in met.tolist()} == found
    assert len(met) == len(found)
    assert (np.lexsort((met[:, 1], met[:, 0])) == np.arange(len(met))).all()
