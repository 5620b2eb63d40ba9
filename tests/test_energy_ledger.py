"""The ledger is what counting one synapse, one spike and one step at a time gives."""

import csv
import json
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.emulator.driven import draw_spikes as draw_input
from benchmarks.emulator.driven import driven_unet
from spikeseg.chips import Box, ChipProgram, ListedSynapses
from spikeseg.emulation import Recording, emulate
from spikeseg.energy import Counter, Ledger, count, write_ledger_csv
from spikeseg.energy.ledger import COUNTS, OF_STEPS
from spikeseg.errors import ProgramError
from spikeseg.placing import count_traffic
from tests.drawn_programs import draw_program, draw_spikes, scattered, seeds
from tests.hand_programs import core, kernel, program
from tests.placed_networks import small_unet
from tests.slow_ledger import slow_ledger

drawn = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def recorded(made: ChipProgram, spikes: Any, **how: Any) -> Recording:
    names = [f"{p.name}.spikes" for p in made.populations]
    return emulate(made, spikes, record=names, threads=1, **how)


def all_spikes(spikes: Any, recording: Recording) -> dict[str, np.ndarray]:
    traces = recording.traces.items()
    return dict(spikes) | {name.removesuffix(".spikes"): trace for name, trace in traces}


def check(found: Ledger, slow: dict[str, Any]) -> None:
    """Compare every column but the bits of states."""
    for name in set(COUNTS) - {"state_bits"}:
        expected = [slow[name][n] for n in range(len(found.layers))]
        assert getattr(found, name).tolist() == expected, name
    for name in OF_STEPS:
        array = getattr(found, name)
        assert {place: n for place, n in np.ndenumerate(array) if n} == dict(slow[name]), name
        assert array.shape == (found.num_steps, len(found.layers))
    assert (found.host_spikes, found.host_packets) == (
        slow["host"]["spikes"],
        slow["host"]["packets"],
    )


@drawn
@given(seeds)
def test_every_column_is_what_single_synapses_add_up_to(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = scattered(draw_program(rng), rng)
    spikes = draw_spikes(rng, made, 4, 2)
    steps = int(rng.integers(1, 7))
    recording = recorded(made, spikes, num_steps=steps)
    found = count(made, spikes, recording)
    check(found, slow_ledger(made, all_spikes(spikes, recording), steps))
    assert found.layers == tuple(core.population for core in made.cores)
    assert found.chips.tolist() == list(made.placement)
    assert (found.num_steps, found.num_images, found.dt_ms) == (steps, 2, made.dt_ms)


@drawn
@given(seeds)
def test_packets_and_hops_are_those_of_count_traffic(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = scattered(draw_program(rng), rng)
    spikes = draw_spikes(rng, made, 5, 2)
    recording = recorded(made, spikes)
    found = count(made, spikes, recording)
    fired = all_spikes(spikes, recording)
    delivered = {name: array[:-1].sum(axis=(0, 1)) for name, array in fired.items()}
    traffic = count_traffic(made, delivered)
    for name in ("inter_chip_packets", "hops_east_west", "hops_north_south", "within_tile"):
        assert getattr(found, name).sum() == getattr(traffic, name), name
    assert found.packets_out.sum() == traffic.packets
    assert found.host_packets == traffic.host_packets
    assert found.packets_in.sum() == traffic.packets + traffic.host_packets


def wide(num_steps: int) -> tuple[ChipProgram, dict[str, np.ndarray]]:
    """Return 300 channels that all fire at once, heard by a kernel, itself and a list."""
    shapes = {"in": (300, 2, 1), "n": (2, 2, 2)}
    listed = ListedSynapses("in", np.array([3, 3, 599]), np.array([0, 1, 1]), np.ones(3))
    listed = ListedSynapses(
        "in", *(np.asarray(a, np.int32) for a in (listed.pre, listed.post)), np.zeros(3, np.int32)
    )
    halves = [Box((0, 0, 0), (2, 1, 2)), Box((0, 1, 0), (2, 2, 2))]
    weights = np.ones((1, 2, 300, 2), np.int32), np.ones((2, 1, 2, 2), np.int32)
    cores = [
        core("n", half, kernel("in", weights[0]), kernel("n", weights[1]), *lists, threshold=64)
        for half, lists in zip(halves, [(), (listed,)], strict=True)
    ]
    fired = np.ones((num_steps, 1, 300, 2, 1), bool)
    fired[::3] = False
    return program(shapes, *cores), {"in": fired}


def test_channels_beyond_255_and_steps_beyond_64_are_counted() -> None:
    made, spikes = wide(67)
    recording = recorded(made, spikes)
    assert recording.traces["n.spikes"].any()
    check(count(made, spikes, recording), slow_ledger(made, all_spikes(spikes, recording), 67))


def test_a_spike_of_the_last_step_is_a_spike_and_nothing_more() -> None:
    made, spikes = wide(1)
    spikes["in"][:] = True
    found = count(made, spikes, recorded(made, spikes))
    assert found.host_spikes == 600
    assert found.host_packets == found.synaptic_operations.sum() == 0
    assert found.updates.sum() == 8


def test_an_update_reads_and_writes_24_bits_of_current_and_of_potential() -> None:
    made = small_unet()
    spikes = {"in": np.ones((3, 2, 1, 8, 8), bool)}
    found = count(made, spikes, recorded(made, spikes))
    assert (found.state_bits == found.updates * (24 + 24) * 2).all()
    assert found.updates.sum() == 3 * 2 * made.num_neurons


def test_operations_are_the_emulators_own_deliveries_in_a_u_net() -> None:
    network, made = driven_unet(32, 0.05)
    spikes = draw_input(network, 0.05, 12)
    recording = recorded(made, spikes, engine="event", deliveries=True)
    layers = count(made, spikes, recording).to_dict()["layers"]
    counted = {layer["name"]: layer["synaptic_operations"] for layer in layers}
    assert counted == recording.deliveries
    assert min(counted.values()) > 0


def test_ledgers_of_images_add_up_to_that_of_all() -> None:
    rng = np.random.default_rng(3)
    made = small_unet()
    spikes = {"in": rng.random((6, 3, 1, 8, 8)) < 0.5}
    counter = Counter(made)
    whole = counter.count(spikes, recorded(made, spikes))
    images = [{"in": spikes["in"][:, n : n + 1]} for n in range(3)]
    summed = reduce(add, (counter.count(one, recorded(made, one)) for one in images))
    assert summed.to_dict() == whole.to_dict()
    for name in OF_STEPS:
        np.testing.assert_array_equal(getattr(summed, name), getattr(whole, name))


def test_ledgers_of_other_lengths_do_not_add_up() -> None:
    made = small_unet()
    counter = Counter(made)
    inputs = [{"in": np.ones((steps, 1, 1, 8, 8), bool)} for steps in (2, 3)]
    short, long = (counter.count(one, recorded(made, one)) for one in inputs)
    with pytest.raises(ProgramError, match="ledgers differ in num_steps: 2 and 3"):
        _ = short + long


def test_a_recording_without_spikes_is_refused_and_says_what_to_record() -> None:
    made = small_unet()
    spikes = {"in": np.ones((2, 1, 1, 8, 8), bool)}
    recording = emulate(made, spikes, record=["deep.spikes", "deep.u"])
    with pytest.raises(ProgramError, match=r"no spikes of down, up, last; .*record=\["):
        count(made, spikes, recording)


def test_a_recording_of_another_program_or_input_is_refused() -> None:
    made, (other, given) = small_unet(), wide(2)
    spikes = {"in": np.ones((2, 1, 1, 8, 8), bool)}
    recording = recorded(made, spikes)
    with pytest.raises(ProgramError, match="the recording has no spikes of n"):
        count(other, given, recording)
    twice = {"in": np.ones((2, 2, 1, 8, 8), bool)}
    with pytest.raises(ProgramError, match="a recording of the same program and input"):
        count(made, twice, recording)


def test_the_file_has_a_row_for_each_core_and_sums_are_those_of_its_columns(
    tmp_path: Path,
) -> None:
    made = small_unet()
    spikes = {"in": np.ones((5, 1, 1, 8, 8), bool)}
    found = count(made, spikes, recorded(made, spikes))
    write_ledger_csv(found, tmp_path / "ledger.csv")
    with open(tmp_path / "ledger.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["layer"] for row in rows] == list(found.layers)
    assert [row["core"] for row in rows] == [str(n) for n in range(len(made.cores))]
    assert [int(row["chip"]) for row in rows] == list(made.placement)
    told = json.loads(json.dumps(found.to_dict()))
    for name in COUNTS:
        assert sum(int(row[name]) for row in rows) == told["total"][name]
        assert sum(layer[name] for layer in told["layers"]) == told["total"][name]
        deep = sum(int(row[name]) for row in rows if row["layer"] == "deep")
        assert deep == next(x[name] for x in told["layers"] if x["name"] == "deep")
