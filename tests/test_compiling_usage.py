"""Rows of the table of use, against sums by hand."""

from spikeseg.chips import Box, load_chip
from spikeseg.compiling.resources import CoreUse
from spikeseg.compiling.usage import core_rows, layer_rows

CHIP = load_chip("loihi1")
USES = (
    CoreUse("a", Box((0, 0, 0), (1, 32, 32)), 1024, 1024, 0, 2**18, 1, 1),
    CoreUse("a", Box((0, 32, 0), (1, 40, 32)), 256, 512, 0, 2**17, 1, 1),
    CoreUse("b", Box.whole((1, 1, 1)), 1, 40, 0, 2**20, 1, 1),
)


def test_a_row_of_a_core_has_the_shares_of_the_limits() -> None:
    row = core_rows(USES, CHIP)[1]
    assert (row.core, row.layer, row.box) == (1, "a", USES[1].box)
    assert (row.compartments, row.in_axons, row.synapse_bits) == (0.25, 0.125, 0.125)
    assert row.fullest == "compartments"


def test_a_row_of_a_layer_has_sums_and_the_largest_and_mean_shares() -> None:
    a, b = layer_rows(USES, CHIP)
    assert (a.layer, a.neurons, a.cores, a.least_cores, a.traffic) == ("a", 1280, 2, 2, 1536)
    assert dict(a.largest)["in_axons"] == 0.25
    assert dict(a.mean)["compartments"] == 0.625
    assert (a.fullest, b.fullest) == ("compartments", "synapse_bits")
