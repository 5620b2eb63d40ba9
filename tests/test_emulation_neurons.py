"""What one neuron of the chip does, step by step, worked out by hand."""

from itertools import pairwise

import numpy as np
import pytest

from spikeseg.chips import Box
from spikeseg.errors import ProgramError
from tests.hand_programs import core as core_of
from tests.hand_programs import kernel, neuron, program, recorded, spikes_at, trace


def spike_steps(found: list[int]) -> list[int]:
    return [step for step, fired in enumerate(found, 1) if fired]


def test_a_neuron_fires_above_its_threshold_and_not_at_it() -> None:
    found = recorded(neuron(bias=64, threshold=640), 33)
    assert spike_steps(trace(found, "n.spikes")) == [11, 22, 33]


def test_what_exceeds_the_threshold_is_lost() -> None:
    found = recorded(neuron(bias=400, threshold=640), 6)
    assert trace(found, "n.v") == [400, 0, 400, 0, 400, 0]


def test_a_bias_acts_from_the_first_step_on_and_is_not_kept_in_the_current() -> None:
    found = recorded(neuron(bias=100), 3)
    assert trace(found, "n.u") == [0, 0, 0]
    assert trace(found, "n.v") == [100, 200, 300]


def test_the_potential_starts_where_it_is_told_to() -> None:
    found = recorded(neuron(bias=64, v_initial=500), 2)
    assert trace(found, "n.v") == [564, 628]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_current_loses_one_part_more_than_its_decay_and_is_cut_toward_zero(sign: int) -> None:
    made = neuron(kernel("in", [16256 * sign]), decay_u=741)
    found = trace(recorded(made, 40, {"in": spikes_at((1, 1, 1), 1, 1)}), "n.u")
    assert found[:2] == [0, 16256 * sign]
    for before, after in pairwise(found[1:]):
        assert abs(after) == abs(before) * 3354 // 4096
        assert after * sign >= 0


def test_a_synapse_without_memory_leaves_one_part_of_4096() -> None:
    made = neuron(kernel("in", [16256]), decay_u=4094)
    found = recorded(made, 4, {"in": spikes_at((1, 1, 1), 1, 1)})
    assert trace(found, "n.u") == [0, 16256, 3, 0]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_potential_loses_its_decay_and_is_cut_toward_zero(sign: int) -> None:
    made = neuron(decay_v=200, v_initial=99999 * sign, v_min=1 - 2**24)
    found = trace(recorded(made, 60), "n.v")
    for before, after in pairwise([99999 * sign, *found]):
        assert after == sign * (abs(before) * 3896 // 4096)


def test_the_current_of_a_step_moves_the_potential_in_the_same_step() -> None:
    made = neuron(kernel("in", [64]), decay_u=0)
    found = recorded(made, 3, {"in": spikes_at((1, 1, 1), 1, 1)})
    assert trace(found, "n.u") == [0, 64, 63]
    assert trace(found, "n.v") == [0, 64, 127]


@pytest.mark.parametrize("v_min", [0, -1023, 1 - 2**31])
def test_the_potential_does_not_fall_below_its_limit(v_min: int) -> None:
    start = max(v_min, 700 - 2**31)
    found = trace(recorded(neuron(bias=-600, v_min=v_min, v_initial=start), 5), "n.v")
    assert found == [max(start - 600 * n, v_min) for n in range(1, 6)]


def test_the_potential_does_not_rise_above_its_limit() -> None:
    found = trace(recorded(neuron(bias=300, v_max=511), 4), "n.v")
    assert found == [300, 511, 511, 511]


@pytest.mark.parametrize(("refractory", "interval"), [(1, 1), (2, 2), (3, 3), (4, 4)])
def test_a_refractory_period_of_n_leaves_n_minus_one_dead_steps(
    refractory: int, interval: int
) -> None:
    made = neuron(bias=1000, threshold=640, refractory=refractory)
    assert spike_steps(trace(recorded(made, 12), "n.spikes")) == list(range(1, 13, interval))


def test_the_current_goes_on_while_the_potential_rests() -> None:
    made = neuron(kernel("in", [640]), threshold=600, decay_u=0, refractory=4)
    found = recorded(made, 6, {"in": spikes_at((1, 1, 1), 1, 1)})
    assert trace(found, "n.u") == [0, 640, 639, 638, 637, 636]
    assert trace(found, "n.v") == [0, 0, 0, 0, 0, 0]
    assert trace(found, "n.spikes") == [0, 1, 0, 0, 0, 1]


def test_the_sum_of_weights_wraps_at_21_bits_and_its_sign() -> None:
    made = neuron(kernel("in", [16256] * 200), inputs=200)
    found = recorded(made, 3, {"in": spikes_at((200, 1, 1), 1, 1)})
    assert trace(found, "n.u") == [0, 200 * 16256 - 2**22, 0]
    assert found.overflows == {"accumulator": 1, "current": 0, "input current": 0}


def test_the_current_wraps_at_23_bits_and_its_sign() -> None:
    made = neuron(kernel("in", [16256] * 129), inputs=129, decay_u=0)
    found = recorded(made, 8, {"in": spikes_at((129, 1, 1), 8, *range(1, 9))})
    expected = [0]
    for _ in range(7):
        u = expected[-1]
        kept = abs(u) * 4095 // 4096 * (1 if u > 0 else -1) + 129 * 16256
        expected.append(kept - 2**24 if kept >= 2**23 else kept)
    assert trace(found, "n.u") == expected
    assert found.overflows == {"accumulator": 0, "current": 1, "input current": 0}


def test_current_and_bias_together_wrap_at_23_bits_and_their_sign() -> None:
    made = neuron(kernel("in", [16256] * 129), inputs=129, decay_u=0, bias=524160, v_min=1 - 2**24)
    found = recorded(made, 5, {"in": spikes_at((129, 1, 1), 5, 1, 2, 3, 4)})
    u, v = trace(found, "n.u"), trace(found, "n.v")
    assert u[4] < 2**23 < u[4] + 524160
    assert v[4] == v[3] + u[4] + 524160 - 2**24
    assert found.overflows == {"accumulator": 0, "current": 0, "input current": 1}


def test_an_overflow_is_an_error_where_it_is_asked_for_and_names_the_core() -> None:
    made = neuron(kernel("in", [16256] * 200), inputs=200)
    given = {"in": spikes_at((200, 1, 1), 1, 1)}
    with pytest.raises(ProgramError, match=r"core 0 \(n\) overflows: 1 times the accumulator"):
        recorded(made, 3, given, strict=True)


def test_neurons_of_a_core_are_counted_channels_last() -> None:
    shape = (2, 2, 3)
    made = program({"n": shape}, core_of("n", Box.whole(shape), bias=range(12)))
    found = recorded(made, 1).traces["n.v"][0, 0]
    for c, y, x in np.ndindex(shape):
        assert found[c, y, x] == (y * 3 + x) * 2 + c


def test_cores_side_by_side_keep_their_own_limits() -> None:
    left, right = Box((0, 0, 0), (1, 1, 1)), Box((0, 0, 1), (1, 1, 2))
    cores = core_of("n", left, bias=-600), core_of("n", right, bias=-600, v_min=-1023)
    found = recorded(program({"n": (1, 1, 2)}, *cores), 2)
    assert found.traces["n.v"][:, 0, 0, 0].tolist() == [[0, -600], [0, -1023]]
