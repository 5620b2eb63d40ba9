"""Quantizing: published constants of nengo-loihi 1.1.0, its two defects, the chip's formats."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.chips import Box
from spikeseg.compiling import Mode, compile_network
from spikeseg.compiling.decays import integer_decays, integer_gain
from spikeseg.compiling.rounding import potential_limits, round_bias, round_threshold
from tests.one_layer import LOIHI, image_layer, one_layer, quantized, weights


@pytest.mark.parametrize(
    ("milliseconds", "decay"),
    [(1, 2588), (2, 1610), (3, 1160), (5, 741), (10, 389), (20, 199), (50, 80), (100, 40)],
)
def test_the_current_decays_as_published(milliseconds: int, decay: int) -> None:
    assert integer_decays(1 - math.exp(-1 / milliseconds), 0.0, LOIHI) == (decay, 0)


def test_a_synapse_without_memory_keeps_one_part_of_4096() -> None:
    assert integer_decays(1.0, 0.0, LOIHI) == (4094, 0)


@pytest.mark.parametrize(("milliseconds", "decay"), [(10, 390), (20, 200), (50, 81)])
def test_the_membrane_decays_as_published(milliseconds: int, decay: int) -> None:
    assert integer_decays(1.0, 1 - math.exp(-1 / milliseconds), LOIHI)[1] == decay


@pytest.mark.parametrize(
    ("decay", "offset", "gain"),
    [
        (741, 1, 5.520127454396134),
        (389, 1, 10.50224490649073),
        (4094, 1, 1.0002437679481546),
        (200, 0, 20.478820278663417),
    ],
)
def test_gains_are_as_published(decay: int, offset: int, gain: float) -> None:
    assert integer_gain(decay, offset, LOIHI) == pytest.approx(gain, rel=1e-14)


@given(decay=st.integers(20, 4094), offset=st.integers(0, 1))
def test_a_gain_is_the_sum_of_an_integer_decay(decay: int, offset: int) -> None:
    x = total = 2**21
    while x:
        x = x * (4096 - offset - decay) >> 12
        total += x
    assert integer_gain(decay, offset, LOIHI) == pytest.approx(total / 2**21, rel=2e-4)


@pytest.mark.parametrize(
    ("tau", "least"), [(5.0, 10.74), (10.0, 20.43), (0.0, 1.95)], ids=["5 ms", "10 ms", "none"]
)
def test_the_first_exponent_needs_weights_as_published(tau: float, least: float) -> None:
    decay_u = 1 - math.exp(-1 / tau) if tau else 1.0

    def exponent(w: float) -> int:
        return quantized(one_layer([w], decay_u=decay_u), "nengo").synapses[0].exponent

    assert exponent(least + 0.01) == 0
    assert exponent(least - 0.01) == -1
    assert exponent((least - 0.01) / 2) == -2


def test_a_bias_that_does_not_fit_lowers_the_exponent() -> None:
    most = 524160 / (5.520127454396134 * 255 / 100 * 64)

    def exponent(bias: float) -> int:
        network = one_layer([100.0], bias=np.array([bias], np.float32))
        return quantized(network, "nengo").synapses[0].exponent

    assert [exponent(most * 0.999), exponent(-most * 0.999)] == [0, 0]
    assert [exponent(most * 1.001), exponent(-most * 1.001)] == [-1, -1]


@pytest.mark.parametrize(
    ("ratio", "strongest"),
    [(1 / 8, (1984, -2048)), (1 / 64, (192, -256)), (1 / 256, (192, -256)), (2**-12, (192, -256))],
)
def test_nengo_mode_has_both_defects(ratio: float, strongest: tuple[int, int]) -> None:
    network = one_layer([100.0], [100.0 * ratio, -100.0 * ratio])
    assert weights(quantized(network, "nengo"))[1] == list(strongest)


@pytest.mark.parametrize(
    ("ratio", "strongest"), [(1 / 8, 2048), (1 / 64, 256), (1 / 256, 64), (2**-12, 0)]
)
def test_corrected_mode_has_neither_defect(ratio: float, strongest: int) -> None:
    network = one_layer([100.0], [100.0 * ratio, -100.0 * ratio])
    assert weights(quantized(network, "corrected"))[1] == [strongest, -strongest]


def test_the_lowest_exponent_doubles_every_weight_in_nengo_mode_only() -> None:
    network = one_layer([0.09, -0.05])
    nengo, corrected = (quantized(network, mode) for mode in ("nengo", "corrected"))
    ideal = 0.09 * nengo.threshold[0] / 1000 / 5.520127454396134
    assert weights(nengo)[0][0] == pytest.approx(2 * ideal, rel=0.3)
    ideal = 0.09 * corrected.threshold[0] / 1000 / 5.520127454396134
    assert weights(corrected)[0][0] == pytest.approx(ideal, abs=32)


TAPS = np.array([[[[1000.0]], [[300.0]], [[-500.0]]]])
LEFT, RIGHT = Box((0, 0, 0), (1, 4, 1)), Box((0, 0, 1), (1, 4, 6))


def test_a_border_core_that_misses_the_largest_tap_has_its_own_scale_in_nengo_mode() -> None:
    network = image_layer(TAPS, (1, 4, 6))
    left, right = (quantized(network, "nengo", box) for box in (LEFT, RIGHT))
    assert weights(right) == [[16256, 4864, -8192]]
    assert weights(left)[0][1:] == [9728, -16256]
    assert left.threshold[0] == pytest.approx(2 * right.threshold[0], abs=64)


def test_tiles_of_a_layer_have_the_same_kernel_in_corrected_mode() -> None:
    network = image_layer(TAPS, (1, 4, 6))
    left, right = (quantized(network, "corrected", box) for box in (LEFT, RIGHT))
    assert weights(left) == weights(right) == [[16256, 4864, -8192]]
    assert left.threshold[0] == right.threshold[0]


@pytest.mark.parametrize("mode", ["nengo", "corrected"])
def test_each_core_of_a_program_is_rounded_for_its_own_box(mode: Mode) -> None:
    network = image_layer(TAPS, (1, 4, 6))
    program = compile_network(network, LOIHI, mode=mode, tiles={"layer": (1, 2, 1)})
    assert len(program.cores) == 12
    for core in program.cores:
        alone = quantized(network, mode, core.box)
        assert weights(core) == weights(alone)
        assert core.threshold.tolist() == alone.threshold.tolist()


def test_a_kernel_that_does_not_reach_a_box_is_left_out() -> None:
    network = image_layer(np.ones((1, 3, 1, 1)), (1, 1, 6))
    layer = network.layers[0]
    object.__setattr__(network.inputs[0], "shape", (1, 1, 2))
    assert quantized(network, "nengo", Box((0, 0, 4), (1, 1, 6))).synapses == ()
    assert len(quantized(network, "nengo", Box.whole(layer.shape)).synapses) == 1


def test_compartments_go_channels_last() -> None:
    bias = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    network = image_layer(np.ones((1, 1, 1, 2)), (2, 2, 2), bias=bias)
    integers = quantized(network, "corrected").bias
    assert np.round(integers / integers.max() * 7).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


def test_membranes_start_at_zero_in_nengo_mode_and_at_v_initial_in_corrected() -> None:
    network = one_layer([100.0], v_initial=500.0)
    assert quantized(network, "nengo").v_initial.tolist() == [0]
    core = quantized(network, "corrected")
    assert core.v_initial[0] == pytest.approx(core.threshold[0] / 2, abs=33)


@given(
    values=st.lists(st.floats(-1.0, 1.0, width=32), min_size=1, max_size=9),
    scale=st.floats(1.0, 524160.0),
)
def test_a_bias_is_a_mantissa_of_12_bits_times_a_power_of_two(
    values: list[float], scale: float
) -> None:
    rounded = round_bias(np.array(values, np.float32), scale, LOIHI)
    for bias, value in zip(rounded.tolist(), values, strict=True):
        exponents = [e for e in range(8) if abs(bias) <= 4095 << e and bias % (1 << e) == 0]
        assert exponents
        assert abs(bias - round(value * scale)) <= (1 << exponents[0]) / 2 or exponents[0] == 0


@pytest.mark.parametrize(
    ("bias", "rounded"),
    [(4095, 4095), (4096, 4096), (4097, 4096), (8191, 8192), (16380, 16380), (16381, 16384)],
)
def test_a_bias_above_a_full_mantissa_takes_the_next_power(bias: int, rounded: int) -> None:
    both = np.array([bias, -bias], np.float32)
    assert round_bias(both, 1.0, LOIHI).tolist() == [rounded, -rounded]


@given(st.floats(33.0, 8388544.0, width=32))
def test_a_threshold_is_the_nearest_multiple_of_64(threshold: float) -> None:
    rounded = int(round_threshold(np.array([threshold], np.float32), 1.0, LOIHI, "x")[0])
    assert rounded % 64 == 0
    assert abs(rounded - round(threshold)) <= 32
    assert 64 <= rounded <= 8388544


@pytest.mark.parametrize(
    ("v_min", "v_max", "limits"),
    [
        (0.0, math.inf, (0, 8388607)),
        (-math.inf, math.inf, (1 - 2**31, 8388607)),
        (-1000.0, 511.0, (-1023, 511)),
        (-3.0, 0.0, (-3, 511)),
        (-3.0, 3000.0, (-3, 2047)),
    ],
)
def test_limits_of_the_membrane_are_powers_of_two(
    v_min: float, v_max: float, limits: tuple[int, int]
) -> None:
    assert potential_limits(v_min, v_max, 1.0, LOIHI) == limits
