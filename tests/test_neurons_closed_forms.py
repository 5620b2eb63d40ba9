"""Spike counts and periods of each neuron against formulas."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeseg.engine.scan import initial_state, scan
from spikeseg.errors import ConfigError, UnknownNameError
from spikeseg.layers import make_activation
from spikeseg.neurons import NEURONS, Neuron, State

# Multiples of 1/256 add up without rounding, so formulas in exact fractions are met exactly.
GRID = 256


def dyadic(low, high):
    return st.integers(low, high).map(lambda n: Fraction(n, GRID))


def train_of(name, currents, num_steps=None, **options):
    """Return the 0/1 spikes and the final potential of one neuron."""
    neuron = Neuron(name, **options)
    values = currents if num_steps is None else [currents] * num_steps
    current = torch.tensor([float(c) for c in values], dtype=torch.float64).view(-1, 1, 1, 1, 1)
    spikes, state = scan(neuron, current, initial_state(neuron, current))
    return [int(s) for s in spikes.flatten()], float(state.v)


@settings(max_examples=60, deadline=None)
@given(theta=dyadic(1, 1024), share=dyadic(0, 256), start=dyadic(0, 255), steps=st.integers(1, 80))
def test_if_soft_fires_floor_of_all_it_got_over_the_threshold(theta, share, start, steps):
    current, initial = share * theta, start * theta
    spikes, left = train_of(
        "if_soft", current, steps, v_threshold=float(theta), v_initial=float(initial)
    )
    got = initial + steps * current
    assert sum(spikes) == got // theta
    assert left == got - sum(spikes) * theta


@settings(max_examples=60, deadline=None)
@given(currents=st.lists(dyadic(-256, 256), min_size=1, max_size=40))
def test_if_soft_loses_nothing_of_a_changing_current(currents):
    spikes, left = train_of("if_soft", currents)
    assert left == sum(currents) - sum(spikes)


@settings(max_examples=60, deadline=None)
@given(theta=dyadic(1, 1024), current=dyadic(1, 1500))
def test_if_hard_has_a_period_of_ceil_of_threshold_over_current(theta, current):
    period = math.ceil(theta / current)
    assume(period <= 50)
    spikes, left = train_of("if_hard", current, 3 * period, v_threshold=float(theta))
    assert spikes == ([0] * (period - 1) + [1]) * 3
    assert left == 0


@settings(max_examples=60, deadline=None)
@given(theta=dyadic(1, 1024), current=dyadic(1, 1500))
def test_loihi_has_a_period_of_the_first_whole_number_above_threshold_over_current(theta, current):
    period = math.floor(theta / current) + 1
    assume(period <= 50)
    spikes, left = train_of("loihi", current, 3 * period, v_threshold=float(theta))
    assert spikes == ([0] * (period - 1) + [1]) * 3
    assert left == 0


@pytest.mark.parametrize(("name", "fires"), [("if_soft", 1), ("if_hard", 1), ("loihi", 0)])
def test_reaching_the_threshold_exactly_fires_only_where_the_rule_says_so(name, fires):
    assert train_of(name, [1.0])[0] == [fires]
    assert train_of(name, [1.0 + 2**-40])[0] == [1]
    assert train_of(name, [1.0 - 2**-40])[0] == [0]


def test_loihi_forgets_inhibition_below_zero_and_the_others_do_not():
    currents = [-8.0, 0.75, 0.75]
    assert train_of("loihi", currents) == ([0, 0, 1], 0.0)
    assert train_of("if_hard", currents) == ([0, 0, 0], -6.5)
    assert train_of("if_soft", currents) == ([0, 0, 0], -6.5)


def test_only_if_soft_keeps_what_exceeded_the_threshold():
    assert train_of("if_soft", [1.75]) == ([1], 0.75)
    assert train_of("if_hard", [1.75]) == ([1], 0.0)
    assert train_of("loihi", [1.75]) == ([1], 0.0)


@pytest.mark.parametrize("name", NEURONS.names())
def test_no_neuron_fires_twice_in_a_step(name):
    assert train_of(name, 100.0, 7)[0] == [1] * 7


@settings(max_examples=60, deadline=None)
@given(current=dyadic(-64, 512))
def test_the_rate_of_loihi_is_the_activation_loihi_relu(current):
    assume(current <= 0 or (1 / current).denominator != 1)
    num_steps = math.ceil(1 / current) * 4 if current > 0 else 20
    amplitude = make_activation("loihi_relu", unit_rate_hz=200.0, dt_ms=1.0).amplitude
    activation = make_activation("loihi_relu", unit_rate_hz=200.0, dt_ms=1.0)
    expected = float(activation(torch.tensor(float(current) * amplitude, dtype=torch.float64)))
    rate = sum(train_of("loihi", current, num_steps)[0]) / num_steps
    assert rate == pytest.approx(expected / amplitude, rel=1e-12)


@pytest.mark.parametrize("periods", [1, 2, 5, 8])
def test_where_the_ratio_is_whole_loihi_is_one_step_slower_than_loihi_relu(periods):
    activation = make_activation("loihi_relu", unit_rate_hz=1000.0, dt_ms=1.0)
    current = torch.tensor(1 / periods, dtype=torch.float64)
    assert float(activation(current)) == pytest.approx(1 / periods)
    spikes, _ = train_of("loihi", 1 / 8, 4 * (periods + 1), v_threshold=periods / 8)
    assert sum(spikes) == 4


def test_a_filtered_current_decays_by_its_time_constant_and_keeps_its_sum():
    tau, (step, parameters) = 3.0, (Neuron(tau_syn=3.0).step, Neuron(tau_syn=3.0).parameters)
    state, seen = State(0.0, -1e9), []
    for current in [1.0] + [0.0] * 200:
        _, state = step(current, state, parameters)
        seen.append(state.u)
    assert seen[0] == pytest.approx(1 - math.exp(-1 / tau))
    assert seen[7] / seen[6] == pytest.approx(math.exp(-1 / tau))
    assert sum(seen) == pytest.approx(1.0)


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_that_is_not_positive_and_finite_is_refused(threshold):
    with pytest.raises(ConfigError, match=f"v_threshold is {threshold}; it must be positive"):
        Neuron(v_threshold=threshold)


@pytest.mark.parametrize("tau", [-1.0, float("nan"), float("inf")])
def test_a_time_constant_that_is_negative_or_not_finite_is_refused(tau):
    with pytest.raises(ConfigError, match=f"tau_syn is {tau}; it must be 0 or more"):
        Neuron(tau_syn=tau)


@pytest.mark.parametrize("initial", [float("nan"), float("-inf")])
def test_an_initial_potential_that_is_not_finite_is_refused(initial):
    with pytest.raises(ConfigError, match=f"v_initial is {initial}; it must be finite"):
        Neuron(v_initial=initial)


def test_an_unknown_neuron_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match=r"no neuron is called 'lohi'.*did you mean 'loihi'"):
        _ = Neuron("lohi").step
