"""Surrogate gradients against the formulas of their papers, and what all of them have in common."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.engine.scan import initial_state, scan
from spikeseg.engine.through_time.dynamics import Dynamics, fire
from spikeseg.errors import UnknownNameError
from spikeseg.neurons import Neuron, Parameters, State
from spikeseg.surrogates import SURROGATES


def bellec(x: float) -> float:
    return 0.3 * max(0.0, 1.0 - abs(x))


def fang(x: float, alpha: float = 2.0) -> float:
    return alpha / 2 / (1 + (math.pi / 2 * alpha * x) ** 2)


def zenke(x: float, steepness: float = 25.0) -> float:
    return (steepness * abs(x) + 1) ** -2


def wu(x: float, a: float = 1.0) -> float:
    return (1 if abs(x) < a / 2 else 0) / a


PUBLISHED: dict[str, Callable[[float], float]] = {
    "triangle": bellec,
    "arctan": fang,
    "fast_sigmoid": zenke,
    "rectangular": wu,
}
GRID = np.linspace(-3, 3, 241)  # 0, and the corners of triangle and box, are among them
DISTANCES = st.floats(-1e6, 1e6)


def test_every_member_has_a_published_formula() -> None:
    assert set(SURROGATES.names()) == set(PUBLISHED)


@pytest.mark.parametrize("name", SURROGATES.names())
@given(x=DISTANCES)
def test_the_slope_is_that_of_the_paper(name: str, x: float) -> None:
    assert SURROGATES.get(name)(x) == pytest.approx(PUBLISHED[name](x), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", SURROGATES.names())
@given(x=DISTANCES)
def test_the_slope_is_even_and_never_negative_nor_above_that_at_the_threshold(
    name: str, x: float
) -> None:
    slope = SURROGATES.get(name)
    assert slope(-x) == slope(x)
    assert 0 <= slope(x) <= slope(0.0)
    assert slope(0.0) > 0


@pytest.mark.parametrize("name", SURROGATES.names())
@given(x=st.floats(0, 100), further=st.floats(0, 100))
def test_the_slope_never_rises_with_the_distance(name: str, x: float, further: float) -> None:
    slope = SURROGATES.get(name)
    assert slope(x + further) <= slope(x)


@pytest.mark.parametrize("name", SURROGATES.names())
def test_numbers_numpy_torch_and_compiled_code_agree(name: str) -> None:
    slope = SURROGATES.get(name)
    one_by_one = [float(slope(float(x))) for x in GRID]
    np.testing.assert_allclose(slope(GRID), one_by_one, rtol=1e-15, atol=0)
    tensors = slope(torch.from_numpy(GRID))
    np.testing.assert_allclose(tensors.numpy(), one_by_one, rtol=1e-15, atol=0)
    np.testing.assert_allclose(compiled_slope(slope), one_by_one, rtol=1e-5, atol=1e-7)


def compiled_slope(slope: Any) -> Any:
    """Return the slope at the grid, as the engine compiles it: a neuron that fires it."""
    x = torch.from_numpy(GRID).float().view(1, 1, 1, 1, -1)

    def step(current: Any, state: State, parameters: Parameters) -> tuple[Any, State]:
        return slope(current), state

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Neuron, "step", property(lambda self: step))
        return scan(Neuron(), x, initial_state(Neuron(), x))[0].flatten().numpy()


@pytest.mark.parametrize("name", SURROGATES.names())
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("threshold", [1.0, 0.5])
def test_a_spike_has_the_slope_of_the_distance_in_thresholds_for_a_gradient(
    name: str, dtype: torch.dtype, threshold: float
) -> None:
    v = torch.tensor([-0.5, 0.125, 0.5, 0.75, 1.0, 3.0], dtype=dtype, requires_grad=True)
    fire(v, Dynamics(threshold, surrogate=name)).sum().backward()
    assert v.grad is not None
    assert v.grad.dtype == dtype
    expected = [PUBLISHED[name](x / threshold - 1) / threshold for x in v.tolist()]
    rtol = 2e-2 if dtype == torch.bfloat16 else 1e-6
    np.testing.assert_allclose(v.grad.double().numpy(), expected, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "area"), [("triangle", 0.3), ("arctan", 1.0), ("fast_sigmoid", 0.08)]
)
def test_the_area_under_the_slope_is_that_of_the_closed_form(name: str, area: float) -> None:
    # The integrals: 0.3 of a triangle's 1; arctan(pi x) / pi from -1/2 to 1/2; 2 / 25.
    x = np.concatenate([-np.logspace(6, -7, 200_001), np.logspace(-7, 6, 200_001)])
    assert np.trapezoid(SURROGATES.get(name)(x), x) == pytest.approx(area, rel=1e-4)


def test_an_unknown_surrogate_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="triangle"):
        SURROGATES.get("trianlge")
