"""Activations: what each of them must keep, and Loihi's staircase against its neuron."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.layers import ACTIVATIONS, make_activation
from spikeseg.neurons import Neuron, State

NAMES = ACTIVATIONS.names()
AMPLITUDES = [0.5, 1.0, 5.0, 20.0]


@pytest.mark.parametrize("amplitude", AMPLITUDES)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_finite_everywhere_also_where_a_curve_has_its_pole(
    name: str, amplitude: float
) -> None:
    current = torch.tensor([-1e30, -2.0, -1.0, -1e-30, 0.0, 1e-30, 0.5, 1.0, 1e30])
    current = (current * amplitude).requires_grad_()
    values = ACTIVATIONS.get(name)(amplitude)(current)
    values.sum().backward()
    assert values.isfinite().all()
    assert current.grad.isfinite().all()
    assert (current.grad[:4] == 0).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_keep_the_type_of_the_current(name: str, dtype: torch.dtype) -> None:
    current = torch.linspace(-2, 2, 9, dtype=dtype, requires_grad=True)
    values = ACTIVATIONS.get(name)(1.0)(current)
    values.sum().backward()
    assert values.dtype == current.grad.dtype == dtype
    assert values.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_the_current_is_left_as_it_was(name: str) -> None:
    current = torch.linspace(-2, 2, 9)
    before = current.clone()
    ACTIVATIONS.get(name)(1.0)(current)
    assert torch.equal(current, before)


def test_the_amplitude_is_the_time_between_spikes_in_units_of_rate() -> None:
    assert make_activation("relu", unit_rate_hz=50.0, dt_ms=1.0).amplitude == 20.0
    assert make_activation("relu", unit_rate_hz=50.0, dt_ms=4.0).amplitude == 5.0


@pytest.mark.parametrize("amplitude", AMPLITUDES)
def test_the_staircase_is_the_rate_of_loihis_neuron(amplitude: float) -> None:
    """By the neuron's own equations, off the edges (there it must pass its threshold)."""
    steps = 2520  # divisible by every period up to 10
    neuron = Neuron("loihi")
    for j in (-0.5, 0.11, 0.13, 0.21, 0.26, 0.34, 0.51, 0.75, 0.99, 1.01, 1.5, 7.0):
        state, spikes = State(0.0, 0.0), 0
        for _ in range(steps):
            spike, state = neuron.step(j, state, neuron.parameters)
            spikes += int(spike)
        found = ACTIVATIONS.get("loihi_relu")(amplitude)(torch.tensor(j * amplitude))
        assert found.item() == pytest.approx(amplitude * spikes / steps, rel=1e-6)


@given(j=st.floats(1e-3, 50), amplitude=st.sampled_from(AMPLITUDES))
def test_the_staircase_in_double_precision_is_its_formula(j: float, amplitude: float) -> None:
    x = torch.tensor(j * amplitude, dtype=torch.float64)
    period = amplitude / x.item()
    if abs(period - round(period)) > 1e-9 * period:  # an edge may fall to either side
        found = ACTIVATIONS.get("loihi_relu")(amplitude)(x).item()
        assert found == pytest.approx(amplitude / math.ceil(period), rel=1e-12)


@given(j=st.floats(1e-4, 100), amplitude=st.sampled_from(AMPLITUDES))
def test_the_staircases_gradient_is_that_of_the_curve_through_its_middle(
    j: float, amplitude: float
) -> None:
    x = torch.tensor(j * amplitude, dtype=torch.float64, requires_grad=True)
    ACTIVATIONS.get("loihi_relu")(amplitude)(x).backward()
    smooth = x.detach().clone().requires_grad_()
    (amplitude / (0.5 + amplitude / smooth)).backward()
    assert x.grad.item() == pytest.approx(smooth.grad.item(), rel=1e-9)


def test_the_curve_runs_through_the_middle_of_the_stairs() -> None:
    """At the middle of a stair of 1 / J, the period is a half more than the curve's own."""
    for n in range(1, 20):
        x = torch.tensor(1 / (n - 0.5), dtype=torch.float64)
        stair = ACTIVATIONS.get("loihi_relu")(1.0)(x).item()
        assert stair == pytest.approx(1 / (0.5 + 1 / x.item()), rel=1e-12)


@given(
    j=st.integers(-40, 200).map(lambda n: n / 64),
    amplitude=st.sampled_from(AMPLITUDES),
    levels=st.sampled_from([1, 2, 4, 8]),
)
def test_the_stairs_of_qcfs_are_the_spikes_of_a_neuron_that_starts_at_half(
    j: float, amplitude: float, levels: int
) -> None:
    neuron, state, spikes = Neuron("if_soft"), State(0.0, 0.5), 0
    for _ in range(levels):
        spike, state = neuron.step(j, state, neuron.parameters)
        spikes += int(spike)
    found = make_activation("qcfs", 1000.0 / amplitude, 1.0, levels)(torch.tensor(j * amplitude))
    assert found.item() == pytest.approx(amplitude * spikes / levels, rel=1e-6)


@given(j=st.floats(-1, 3), amplitude=st.sampled_from(AMPLITUDES))
def test_the_gradients_of_qcfs_are_those_of_a_clipped_relu(j: float, amplitude: float) -> None:
    if min(abs(j), abs(j - 1)) < 1e-6:
        return
    activation = ACTIVATIONS.get("qcfs")(amplitude)
    x = torch.tensor(j * amplitude, requires_grad=True)
    value = activation(x)
    value.backward()
    assert x.grad.item() == (1.0 if 0 < j < 1 else 0.0)
    expected = (value.item() / amplitude) - (j if 0 < j < 1 else 0.0)  # quantized minus passed on
    assert activation.threshold.grad.item() == pytest.approx(expected, abs=1e-5)


def test_the_amplitude_of_qcfs_is_its_threshold_as_it_is_trained() -> None:
    activation = ACTIVATIONS.get("qcfs")(4.0)
    assert activation.amplitude == 4.0
    torch.nn.init.constant_(activation.threshold, 3.0)
    assert activation.amplitude == 3.0
