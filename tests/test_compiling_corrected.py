"""What holds for all weights that are quantized in mode "corrected"."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spikeseg.compiling import QuantizedKernels, gains_of, quantize_kernels
from tests.one_layer import LOIHI, one_layer, quantized

GAINS = gains_of(741, 0, False, LOIHI)


@st.composite
def kernels(draw: Any) -> list[np.ndarray]:
    """Return one to three kernels, of maxima from 0.5 to 1000 beside a threshold of 1000."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        shape = draw(st.sampled_from([(1, 1, 4, 3), (3, 2, 1, 2), (2, 2, 3, 1)]))
        values = st.floats(-1.0, 1.0, width=32)
        kernel = draw(arrays.arrays(np.float32, shape, elements=values))
        found.append(kernel * np.float32(2.0 ** draw(st.integers(0, 10))))
    found[0].flat[0] = 0.5
    return found


biases = arrays.arrays(np.float32, (3,), elements=st.floats(-350, 350, width=32))


def quantize(kernels: list[np.ndarray], bias: np.ndarray) -> QuantizedKernels:
    return quantize_kernels(kernels, np.full(3, 1000, np.float32), bias, GAINS, LOIHI)


def steps(numbers: QuantizedKernels) -> list[int]:
    return [int(64 * 2.0 ** (1 + e)) for e in numbers.exponents]


@given(kernels(), biases)
def test_every_weight_is_at_most_half_a_step_away(given: list[np.ndarray], bias: Any) -> None:
    numbers = quantize(given, bias)
    for kernel, integers, step in zip(given, numbers.weights, steps(numbers), strict=True):
        error = np.abs(kernel.astype(np.float64) * numbers.weight_scale - integers)
        assert error.max() <= step / 2 * (1 + 1e-9)


@given(kernels(), biases)
def test_weights_are_what_the_chip_can_hold(given: list[np.ndarray], bias: Any) -> None:
    numbers = quantize(given, bias)
    for integers, exponent, step in zip(
        numbers.weights, numbers.exponents, steps(numbers), strict=True
    ):
        assert LOIHI.weight_exponent_min <= exponent <= 0
        assert (integers % step == 0).all()
        assert np.abs(integers // step).max() <= 127


@given(kernels(), biases)
def test_opposite_weights_become_opposite_integers(given: list[np.ndarray], bias: Any) -> None:
    one, other = quantize(given, bias), quantize([-kernel for kernel in given], bias)
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, -b)


@given(kernels(), biases)
def test_a_larger_weight_never_becomes_a_smaller_integer(
    given: list[np.ndarray], bias: Any
) -> None:
    for kernel, integers in zip(given, quantize(given, bias).weights, strict=True):
        assert (np.diff(integers.ravel()[np.argsort(kernel.ravel())]) >= 0).all()


@given(kernels(), biases, st.integers(-20, 20))
def test_only_ratios_matter(given: list[np.ndarray], bias: Any, power: int) -> None:
    factor = np.float32(2.0**power)
    one = quantize(given, bias)
    other = quantize_kernels(
        [k * factor for k in given],
        np.full(3, 1000, np.float32) * factor,
        bias * factor,
        GAINS,
        LOIHI,
    )
    for a, b in zip((*one.weights, one.bias), (*other.weights, other.bias), strict=True):
        np.testing.assert_array_equal(a, b)


@given(kernels(), biases)
def test_the_scale_is_the_largest_that_the_chip_allows(given: list[np.ndarray], bias: Any) -> None:
    numbers = quantize(given, bias)
    assert (
        max(np.abs(w).max() for w in numbers.weights) == 127 * 128
        or numbers.threshold.max() == LOIHI.threshold_max
        or np.abs(numbers.bias).max() == LOIHI.bias_max
    )


@given(kernels())
def test_the_scale_is_as_large_as_that_of_nengo_mode_or_larger(given: list[np.ndarray]) -> None:
    paths = [kernel.ravel() for kernel in given]
    network = one_layer(*paths)
    nengo, corrected = (quantized(network, mode).threshold[0] for mode in ("nengo", "corrected"))
    assert corrected >= nengo * 254 / 255 - 64


def test_a_layer_without_weights_or_bias_has_the_highest_threshold() -> None:
    none = np.zeros(1, np.float32)
    numbers = quantize_kernels([], np.ones(1, np.float32), none, GAINS, LOIHI)
    assert numbers.threshold.tolist() == [LOIHI.threshold_max]
    assert numbers.weights == ()
