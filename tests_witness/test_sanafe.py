"""SANA-FE on our program and placement: the same spikes, operations, packets, hops and energy."""

import numpy as np
import pytest

from spikeseg.exporters.sanafe import group_names, sanafe_network
from spikeseg.placing import count_traffic
from tests_witness.programs import NUM_STEPS, Case, fan_outs, make_case
from tests_witness.sanafe_side import Outcome, run

Pair = tuple[Case, Outcome]
CASES = [(12, 0, 0.0, "greedy"), (12, 1, 0.5, "hypergraph"), (8, 2, 0.5, "round_robin")]
"""Size, seed, first potential, partitioner."""


@pytest.fixture(scope="module", params=CASES, ids=lambda c: f"{c[0]} pixels, start {c[2]}, {c[3]}")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    case = make_case(*request.param)
    names = group_names(case.program)
    sizes = {names[name]: int(np.prod(shape)) for name, shape in case.program.shapes.items()}
    text = sanafe_network(case.program, case.inputs)
    return case, run(text, sizes, NUM_STEPS, tmp_path_factory.mktemp("sanafe"))


def operations(case: Case) -> int:
    fan = fan_outs(case.program)
    return sum(int((fired.sum(axis=0) * fan[name]).sum()) for name, fired in case.spikes.items())


def counts(case: Case) -> dict[str, np.ndarray]:
    return {name: fired.sum(axis=0) for name, fired in case.spikes.items()}


def test_every_neuron_fires_in_the_same_steps(pair: Pair) -> None:
    case, found = pair
    for name, group in group_names(case.program).items():
        ours = case.spikes[name].reshape(NUM_STEPS, -1)
        np.testing.assert_array_equal(found.spikes[group], ours, err_msg=name)


def test_the_case_is_not_trivial(pair: Pair) -> None:
    case, _ = pair
    assert all(fired.any() and not fired.all() for fired in case.spikes.values())
    assert not any(case.recording.overflows.values())
    assert len(case.program.cores) > 20


def test_synaptic_operations_are_spikes_times_fan_out(pair: Pair) -> None:
    case, found = pair
    assert found.totals["spikes"] == operations(case)
    assert sum(m.synapses for m in found.messages) == operations(case)


def test_every_neuron_of_the_chip_is_updated_in_every_step(pair: Pair) -> None:
    case, found = pair
    inputs = sum(int(train.sum()) for train in case.inputs.values())
    assert found.totals["neurons_updated"] == NUM_STEPS * case.program.num_neurons + inputs


def test_packets_and_hops_between_cores_are_those_that_we_count(pair: Pair) -> None:
    case, found = pair
    traffic = count_traffic(case.program, counts(case))
    inner = [m for m in found.messages if m.group.startswith("layer")]
    assert len(inner) == traffic.packets
    assert sum(m.columns for m in inner) == traffic.hops_east_west
    assert sum(m.rows for m in inner) == traffic.hops_north_south
    assert len(found.messages) - len(inner) == traffic.host_packets
    assert found.totals["packets_sent"] == traffic.packets + traffic.host_packets


def test_its_energy_is_the_sum_of_the_events_that_we_count(pair: Pair) -> None:
    """The energies of an event are those of SANA-FE's file of Loihi, after Davies et al. 2018."""
    case, found = pair
    traffic = count_traffic(case.program, counts(case))
    fired = sum(int(case.spikes[p.name].sum()) for p in case.program.populations)
    updates = NUM_STEPS * case.program.num_neurons
    host = [m for m in found.messages if m.group.startswith("input")]
    east_west = traffic.hops_east_west + sum(m.columns for m in host)
    north_south = traffic.hops_north_south + sum(m.rows for m in host)
    expected = {
        "synapse": 24.0e-12 * operations(case),
        "soma": (51.2e-12 + 21.6e-12) * updates + 69.3e-12 * fired,
        "network": 111e-12 * (traffic.packets + traffic.host_packets)
        + 3.0e-12 * east_west
        + 4.2e-12 * north_south,
    }
    for part, joules in expected.items():
        assert found.energy[part] == pytest.approx(joules, rel=1e-9)
    assert found.energy["total"] == pytest.approx(sum(expected.values()), rel=1e-9)
