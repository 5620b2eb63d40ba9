"""Partitioners of the same name place every core as the allocators of nengo-loihi do."""

import json
from pathlib import Path

import pytest

from tests.recorded_placements import our_placement, sums_apart
from tests_oracle.record_placements import place

FILE = Path(__file__).parent.parent / "tests" / "loihi1_resources.json"
CASES = [
    case
    for case in json.loads(FILE.read_text())["cases"]
    if sum(len(layer["cores"]) for layer in case["layers"]) > 8
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["seed"]))
def test_every_core_lies_where_nengo_loihi_puts_it(case) -> None:
    theirs, their_sums = sums_apart(place(case))
    ours, sums = sums_apart(our_placement(case, theirs))
    assert ours == theirs
    assert sums == pytest.approx(their_sums, rel=1e-9)
