"""What nengo-loihi cannot hold, we refuse too."""

import pytest
from nengo.exceptions import BuildError

from spikeseg.errors import CompileError
from tests_oracle.nengo_side import run_nengo
from tests_oracle.networks import Drawn, Pen
from tests_oracle.our_side import compile_drawn


def one_link(seed: int = 3) -> Drawn:
    """Return a host and a chip population, with one link."""
    pen = Pen(seed)
    pen.kind, pen.tau = "if", 0.005
    pen.dense(pen.host((4, 1, 1)), pen.chip((3, 1, 1)))
    return pen.net


def refused(drawn: Drawn, theirs: str, ours: str) -> None:
    with pytest.raises(BuildError, match=theirs):
        run_nengo(drawn, 1)
    with pytest.raises(CompileError, match=ours):
        compile_drawn(drawn)


def test_a_threshold_that_no_exponent_can_hold() -> None:
    drawn = one_link()
    drawn.links[0].kernel *= 1e-6
    refused(drawn, "appropriate weight exponent", "weight exponent -7")


def test_a_threshold_that_no_bias_can_reach() -> None:
    drawn = one_link()
    drawn.links[0].kernel *= 0.0
    drawn.populations[1].bias *= 1e-7
    refused(drawn, "appropriate bias scaling", "largest bias")


def test_a_synapse_that_is_too_slow() -> None:
    drawn = one_link()
    drawn.links[0].tau = 30.0
    refused(drawn, "Current .U. scaling is required", "decay_u of layer p1")
