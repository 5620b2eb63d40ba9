"""Early exit: what is found for an image is what a simulation of just so many steps finds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dyadic import images, unet_graph
from slow_twin import slow_operations, slow_simulate, slow_steps_used
from spikeseg.engine import EarlyExit, simulate, simulation
from spikeseg.errors import ConfigError
from spikeseg.neurons import Neuron

STEPS = 12
RULES = st.builds(
    EarlyExit,
    check_every=st.integers(1, 4),
    patience=st.integers(1, 3),
    tolerance=st.sampled_from([0.0, 1 / 64, 2 / 64, 0.1, 0.4, 1.0]),
    min_steps=st.integers(1, 9),
)


def batch_of(count, seed):
    """Return images some of which are dark or flat, so that their masks settle at other times."""
    batch = images(count, 2, 8, 8, seed=seed)
    batch[::3] = batch[::3, :, :1, :1]
    return batch


@settings(max_examples=25, deadline=None)
@given(
    rule=RULES,
    neuron=st.sampled_from(["if_soft", "if_signed"]),
    readout=st.sampled_from([1.0, 0.5, 0.3]),
    count=st.integers(1, 5),
    seed=st.integers(0, 30),
    chunk=st.integers(1, 12),
)
def test_every_image_is_as_in_a_simulation_of_just_its_steps(
    rule, neuron, readout, count, seed, chunk
):
    graph, batch = unet_graph(Neuron(neuron, v_initial=0.5)), batch_of(count, seed)
    each = max(p.size for p in graph.populations[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "_CHUNK_VALUES", each * chunk)
        found = simulate(
            graph,
            batch,
            STEPS,
            mask_steps=range(1, STEPS + 1),
            readout=readout,
            early_exit=rule,
            keep_spikes=True,
            keep_output=True,
            count_operations=True,
        )
    for i, used in enumerate(found.steps_used.tolist()):
        alone = simulate(
            graph,
            batch[i : i + 1],
            used,
            mask_steps=range(1, used + 1),
            readout=readout,
            keep_spikes=True,
            keep_output=True,
            count_operations=True,
        )
        assert torch.equal(found.potential[i], alone.potential[0])
        assert torch.equal(found.masks[:used, i], alone.masks[:, 0])
        assert (found.masks[used:, i] == alone.masks[-1, 0]).all()
        assert torch.equal(found.output[:used, i], alone.output[:, 0])
        assert torch.equal(found.operations[:used, i], alone.operations[:, 0])
        assert not found.output[used:, i].any()
        assert not found.operations[used:, i].any()
        for name, spikes in alone.spikes.items():
            assert torch.equal(found.spikes[name][:used, i], spikes[:, 0])
            assert not found.spikes[name][used:, i].any()
            assert torch.equal(found.spike_counts[name][i], alone.spike_counts[name][0])
            assert torch.equal(found.net_counts[name][i], alone.net_counts[name][0])


@pytest.fixture(scope="module")
def slow_potentials():
    """The graph, a batch, and what the slow twin's output has summed up after every step."""
    graph, batch = unet_graph(Neuron(v_initial=0.5)), batch_of(6, 4)
    return graph, batch, slow_simulate(graph, batch.numpy(), STEPS)[1]


@settings(max_examples=30, deadline=None)
@given(rule=RULES, readout=st.sampled_from([1.0, 0.5]))
def test_images_leave_when_the_slow_twin_says_so(slow_potentials, rule, readout):
    graph, batch, potentials = slow_potentials
    found = simulate(graph, batch, STEPS, readout=readout, early_exit=rule)
    expected = [
        slow_steps_used(potentials[:, i], readout, rule.check_every, rule.patience,
                        rule.tolerance, rule.min_steps)
        for i in range(len(batch))
    ]  # fmt: skip
    assert found.steps_used.tolist() == expected


def test_images_of_one_batch_leave_at_different_steps_and_work_is_saved(monkeypatch):
    graph, batch = unet_graph(Neuron(v_initial=0.5)), batch_of(6, 4)
    sizes = []
    advance = simulation.Walk.advance
    monkeypatch.setattr(
        simulation.Walk,
        "advance",
        lambda walk, *steps: sizes.append(len(walk.images)) or advance(walk, *steps),
    )
    rule = EarlyExit(check_every=1, patience=2, tolerance=0.0, min_steps=1)
    used = simulate(graph, batch, STEPS, readout=0.5, early_exit=rule).steps_used
    assert len(set(used.tolist())) > 1
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] == 6


@pytest.mark.parametrize("early_exit", [None, EarlyExit(tolerance=1.0)])
def test_progress_tells_all_steps_also_those_that_are_saved(early_exit):
    graph, done = unet_graph(Neuron()), []
    simulate(graph, images(2, 2, 8, 8), STEPS, early_exit=early_exit, progress=done.append)
    assert sum(done) == STEPS
    assert min(done) > 0


def test_without_early_exit_every_image_uses_all_steps():
    found = simulate(unet_graph(Neuron()), images(3, 2, 8, 8), 5)
    assert found.steps_used.tolist() == [5, 5, 5]
    assert found.output is None
    assert found.operations is None


def test_a_rule_that_nothing_meets_changes_nothing():
    graph, batch = unet_graph(Neuron(v_initial=0.5)), images(2, 2, 8, 8)
    never = EarlyExit(min_steps=STEPS + 1, tolerance=1.0)
    with_rule = simulate(graph, batch, STEPS, readout=0.5, early_exit=never)
    without = simulate(graph, batch, STEPS, readout=0.5)
    assert with_rule.steps_used.tolist() == [STEPS] * 2
    assert torch.equal(with_rule.potential, without.potential)
    assert torch.equal(with_rule.masks, without.masks)


@pytest.mark.parametrize("neuron", ["if_soft", "if_signed", "loihi"])
def test_operations_of_every_step_are_counted_synapse_by_synapse(neuron):
    graph, batch = unet_graph(Neuron(neuron, v_initial=0.5)), images(2, 2, 8, 8, seed=3)
    found = simulate(graph, batch, 6, count_operations=True)
    expected = slow_operations(graph, batch.numpy(), 6)
    assert expected.min(axis=1).max() > 0
    np.testing.assert_array_equal(found.operations.numpy(), expected)


def test_the_output_of_every_step_is_that_of_the_slow_twin():
    graph, batch = unet_graph(Neuron(v_initial=0.5)), images(2, 2, 8, 8, seed=3)
    found = simulate(graph, batch, 6, keep_output=True)
    _, potentials = slow_simulate(graph, batch.numpy(), 6)
    np.testing.assert_array_equal(found.output.numpy().cumsum(axis=0), potentials)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"check_every": 0}, "check_every is 0; it must be at least 1"),
        ({"patience": 0}, "patience is 0; it must be at least 1"),
        ({"min_steps": 0}, "min_steps is 0; it must be at least 1"),
        ({"tolerance": -0.1}, r"tolerance is -0.1; it must be in 0\.\.1"),
        ({"tolerance": 1.1}, r"tolerance is 1.1; it must be in 0\.\.1"),
    ],
)
def test_a_rule_out_of_range_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        EarlyExit(**wrong)
