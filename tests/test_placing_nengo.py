"""Partitioners of the same name place every core as the allocators of nengo-loihi 1.1.0 did."""

import json
from pathlib import Path

import pytest

from tests.recorded_placements import our_placement, sums_apart

HERE = Path(__file__).parent
CASES = json.loads((HERE / "loihi1_resources.json").read_text())["cases"]
PLACED = json.loads((HERE / "loihi1_placements.json").read_text())["cases"]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_every_core_lies_where_nengo_loihi_put_it(number: int) -> None:
    case, theirs = CASES[number], PLACED[number]
    ours, sums = sums_apart(our_placement(case, theirs))
    exact, their_sums = sums_apart(theirs)
    assert ours == exact
    assert sums == pytest.approx(their_sums, rel=1e-9)


def test_enough_of_the_recorded_networks_leave_a_choice() -> None:
    different = [p for p in PLACED if p["greedy_interchip whole"] != p["greedy"]]
    by_rates = [p for p in PLACED if p["greedy_interchip whole"] != p["greedy_interchip None"]]
    assert len(different) >= 20
    assert len(by_rates) >= 10
