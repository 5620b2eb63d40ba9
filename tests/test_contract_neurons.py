"""What every neuron must do; a new file in ``spikeseg/neurons`` is tested without an edit here."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spikeseg.engine.scan import initial_state, scan, scan_stepwise
from spikeseg.errors import ConfigError
from spikeseg.neurons import NEURONS, Neuron, Parameters, State

every_neuron = pytest.mark.parametrize("name", NEURONS.names())
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])

# Filtered currents are rounded in every step; with tau_syn these must be the same roundings.
DYADIC = st.integers(-128, 192).map(lambda n: n / 64)


@st.composite
def runs(draw):
    """Draw a population and its currents: (neuron options, (T, B, C, H, W) nested in NumPy)."""
    options = {
        "v_threshold": draw(st.integers(1, 128)) / 64,
        "v_initial": draw(st.integers(0, 63)) / 64,
        "tau_syn": draw(st.sampled_from([0.0, 0.5, 3.0, 20.0])),
    }
    shape = tuple(draw(st.integers(1, n)) for n in (12, 2, 3, 3, 2))
    size = int(np.prod(shape))
    values = draw(st.lists(DYADIC, min_size=size, max_size=size))
    return options, np.array(values).reshape(shape)


def plain_loop(neuron, current):
    """Return spikes and potentials after every step, one neuron and one step after another."""
    scalar = current.dtype.type
    parameters = Parameters(*(scalar(p) for p in neuron.parameters))
    spikes, potentials = np.empty_like(current), np.empty_like(current)
    for place in np.ndindex(*current.shape[1:]):
        state = State(scalar(0), scalar(neuron.v_initial))
        for t in range(len(current)):
            spikes[(t, *place)], state = neuron.step(current[(t, *place)], state, parameters)
            potentials[(t, *place)] = state.v
    return spikes, potentials


@every_neuron
def test_a_neuron_is_registered_under_the_name_of_its_file(name):
    step = NEURONS.get(name)
    assert step.__module__ == f"spikeseg.neurons.{name}"
    assert list(inspect.signature(step).parameters) == ["current", "state", "parameters"]


@every_neuron
def test_a_neurons_docstring_says_its_equations(name):
    documentation = inspect.getdoc(NEURONS.get(name)) or ""
    equations = documentation.split("```")[1]
    assert "spike = " in equations
    assert "v <- " in equations


@every_neuron
@every_dtype
@settings(max_examples=25, deadline=None)
@given(drawn=runs())
def test_compiled_torch_and_plain_python_scans_agree_to_the_last_bit(name, dtype, drawn):
    options, values = drawn
    neuron, current = Neuron(name, **options), torch.tensor(values, dtype=dtype)
    spikes, potentials = plain_loop(neuron, current.numpy())
    for run in (scan, scan_stepwise):
        found, state = run(neuron, current, initial_state(neuron, current))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), spikes)
        np.testing.assert_array_equal(state.v.numpy(), potentials[-1])


@every_neuron
@settings(max_examples=20, deadline=None)
@given(drawn=runs(), cut=st.integers(1, 11))
def test_a_state_that_is_carried_over_continues_as_if_nothing_had_been_cut(name, drawn, cut):
    options, values = drawn
    neuron, current = Neuron(name, **options), torch.tensor(values, dtype=torch.float32)
    whole, end = scan(neuron, current, initial_state(neuron, current))
    assume(cut < len(current))
    first, state = scan(neuron, current[:cut], initial_state(neuron, current))
    second, state = scan(neuron, current[cut:], state)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(state.u, end.u)
    assert torch.equal(state.v, end.v)


@every_neuron
def test_a_scan_leaves_the_state_it_was_given_as_it_was(name):
    neuron, current = Neuron(name, v_initial=0.5), torch.ones(3, 1, 2, 2, 2)
    state = initial_state(neuron, current)
    scan(neuron, current, state)
    assert bool((state.u == 0).all() and (state.v == 0.5).all())
    assert bool((current == 1).all())


@every_neuron
@pytest.mark.parametrize("tau_syn", [0.0, 4.0])
def test_a_neuron_at_rest_stays_at_rest_without_current(name, tau_syn):
    neuron, current = Neuron(name, tau_syn=tau_syn), torch.zeros(50, 1, 1, 2, 2)
    spikes, state = scan(neuron, current, initial_state(neuron, current))
    assert not spikes.any()
    assert not state.u.any()
    assert not state.v.any()


@every_neuron
@pytest.mark.parametrize("tau_syn", [0.0, 4.0])
def test_after_a_pulse_of_current_a_neuron_fires_and_falls_silent_again(name, tau_syn):
    neuron, current = Neuron(name, tau_syn=tau_syn), torch.zeros(300, 1, 1, 1, 1)
    current[:3] = 5.0
    spikes, _ = scan(neuron, current, initial_state(neuron, current))
    assert spikes.any()
    assert spikes.sum() <= current.sum()
    assert not spikes[100:].any()


@every_neuron
def test_more_current_never_means_fewer_spikes(name):
    currents = torch.linspace(-1, 2, 97).view(1, 1, 1, 1, 97).expand(64, -1, -1, -1, -1)
    neuron = Neuron(name)
    counts = scan(neuron, currents, initial_state(neuron, currents))[0].sum(dim=0).flatten()
    assert bool((counts.diff() >= 0).all())
    assert counts[0] == 0
    assert counts[-1] == 64


@every_neuron
def test_neurons_do_not_mix_however_the_memory_lies(name):
    generator = torch.Generator().manual_seed(0)
    current = torch.randint(-32, 96, (9, 2, 3, 4, 5), generator=generator) / 64.0
    neuron = Neuron(name)
    expected = plain_loop(neuron, current.numpy())[0]
    strided = current.movedim(2, -1).contiguous().movedim(-1, 2)
    repeated = current[:1].expand(9, -1, -1, -1, -1)
    for laid_out, wanted in [(strided, expected), (repeated, None)]:
        if wanted is None:
            wanted = plain_loop(neuron, laid_out.numpy())[0]
        found, state = scan(neuron, laid_out, initial_state(neuron, laid_out))
        np.testing.assert_array_equal(found.numpy(), wanted)
        assert state.v.shape == (2, 3, 4, 5)


@every_neuron
def test_a_population_larger_than_a_block_of_the_scan_is_whole(name):
    generator = torch.Generator().manual_seed(1)
    current = torch.randint(0, 96, (5, 1, 3, 50, 51), generator=generator) / 64.0
    neuron = Neuron(name)
    compiled = scan(neuron, current, initial_state(neuron, current))[0]
    assert torch.equal(compiled, scan_stepwise(neuron, current, initial_state(neuron, current))[0])


def asks_a_value(current, state, parameters):
    v = state.v + current
    return v >= parameters.v_threshold, State(state.u, v if v > 0 else 0.0 * v, state.n)


def takes_a_power(current, state, parameters):
    v = state.v + current**2
    return v >= parameters.v_threshold, State(state.u, v, state.n)


@pytest.mark.parametrize("step", [asks_a_value, takes_a_power])
def test_a_step_that_is_not_written_with_operators_is_refused_by_name(monkeypatch, step):
    monkeypatch.setattr(Neuron, "step", property(lambda self: step))
    current = torch.zeros(2, 1, 1, 1, 1)
    with pytest.raises(ConfigError, match=r"cannot be compiled: .* Write its step with"):
        scan(Neuron(), current, initial_state(Neuron(), current))


def test_equality_is_compiled():
    def silent_at_one(current, state, parameters):
        fires = (current >= parameters.v_threshold) & (current != 1.0)
        return fires, State(state.u, state.v + (current == 1.0) * 1.0, state.n)

    current = torch.tensor([1.0, 2.0]).view(1, 1, 1, 1, 2)
    spikes, state = scan_of(silent_at_one, current)
    assert spikes.flatten().tolist() == [0.0, 1.0]
    assert state.v.flatten().tolist() == [1.0, 0.0]


def scan_of(step, current):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Neuron, "step", property(lambda self: step))
        return scan(Neuron(), current, initial_state(Neuron(), current))
