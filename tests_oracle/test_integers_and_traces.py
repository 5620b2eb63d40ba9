"""Every integer parameter and every u, v and spike of nengo-loihi 1.1.0 is met exactly."""

from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest

from spikeseg.chips import ChipProgram
from spikeseg.emulation import emulate
from tests.loihi_twin import run
from tests_oracle.nengo_side import NAMES, Block, Heard, run_nengo
from tests_oracle.networks import FAMILIES, draw
from tests_oracle.our_side import compile_drawn, dense_weights

NUM_STEPS = 220
SEEDS = range(5)
ENGINES = ("event", "dense", "auto") if find_spec("torch") else ("event",)
CASES = [(family, seed) for family in FAMILIES for seed in SEEDS]


@cache
def both(family: str, seed: int) -> tuple[ChipProgram, Heard]:
    """Return the same network, compiled by us and run by nengo-loihi."""
    drawn = draw(family, seed)
    return compile_drawn(drawn), run_nengo(drawn, NUM_STEPS)


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def pair(request: pytest.FixtureRequest) -> tuple[ChipProgram, Heard]:
    return both(*request.param)


def cores_and_blocks(program: ChipProgram, heard: Heard):
    for population in program.populations:
        blocks = heard.blocks[population.name]
        yield from zip(program.cores_of(population.name), blocks, strict=True)


def neurons_of(block: Block, shape: tuple[int, int, int]) -> np.ndarray:
    """Return flat indices in (C, H, W)."""
    channels, height, width = shape
    y, x, c = np.unravel_index(block.neurons, (height, width, channels))
    return np.ravel_multi_index((c, y, x), shape)


def test_cores_hold_the_same_neurons_in_the_same_order(pair) -> None:
    program, heard = pair
    for core, block in cores_and_blocks(program, heard):
        shape = program.shapes[core.population]
        assert core.box.compartments(shape).tolist() == neurons_of(block, shape).tolist()


def test_parameters_of_neurons_are_the_same(pair) -> None:
    program, heard = pair
    for core, block in cores_and_blocks(program, heard):
        for ours, theirs in NAMES.items():
            np.testing.assert_array_equal(
                getattr(core, ours), block.numbers[theirs], f"{core.box} {ours}"
            )


def test_weights_and_exponents_are_the_same(pair) -> None:
    program, heard = pair
    for core, block in cores_and_blocks(program, heard):
        assert sorted((g.source, g.exponent) for g in core.synapses) == sorted(block.exponents)
        weights = dense_weights(core, program)
        assert weights.keys() == block.weights.keys()
        for source, theirs in block.weights.items():
            np.testing.assert_array_equal(weights[source], theirs, f"{core.box} from {source}")


def test_the_twin_gives_the_same_currents_potentials_and_spikes(pair) -> None:
    program, heard = pair
    traces = run(program, heard.spikes, NUM_STEPS)
    for population, trace in heard.traces.items():
        for kind, values in trace.items():
            np.testing.assert_array_equal(traces[population][kind], values, f"{population} {kind}")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_emulation_gives_the_same_currents_potentials_and_spikes(pair, engine: str) -> None:
    program, heard = pair
    record = [f"{name}.{kind}" for name, trace in heard.traces.items() for kind in trace]
    spikes = {name: given[:, None] for name, given in heard.spikes.items()}
    found = emulate(
        program, spikes, num_steps=NUM_STEPS, batch=1, record=record, engine=engine, threads=1
    )
    for population, trace in heard.traces.items():
        for kind, values in trace.items():
            name = f"{population}.{kind}"
            np.testing.assert_array_equal(found.traces[name][:, 0], values, name)


def test_the_networks_reach_what_they_are_drawn_for() -> None:
    programs = {case: both(*case)[0] for case in CASES}
    cores = [core for program in programs.values() for core in program.cores]
    assert len(CASES) >= 30
    assert {g.exponent for core in cores for g in core.synapses} >= set(range(-6, 1))
    assert {int(core.decay_u[0]) for core in cores} >= {4094, 1610, 741, 389, 199}
    assert {int(core.refractory[0]) for core in cores} >= {1, 2, 3}
    assert {core.v_min < 0 for core in cores} == {False, True}
    assert any(differing_kernels(program) for program in programs.values())
    texts = set().union(*(both("overflow", seed)[1].warnings for seed in SEEDS))
    assert texts >= {"Overflow in q0", "Overflow in current", "Overflow in u2"}


def differing_kernels(program: ChipProgram) -> bool:
    """Return whether two cores hold the same channels of a layer with differing kernels."""
    kernels: dict[tuple[str, int, str], set[bytes]] = {}
    for core in program.cores:
        for group in core.synapses:
            key = core.population, core.box.start[0], group.source
            kernels.setdefault(key, set()).add(group.weight.tobytes())
    return any(len(found) > 1 for found in kernels.values())
