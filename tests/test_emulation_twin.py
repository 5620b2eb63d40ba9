"""The emulator does what its slow twin does, to the last bit, for any program."""

import numpy as np
import pytest
from hypothesis import given, settings

from spikeseg.chips import ChipProgram
from spikeseg.emulation import Recording, emulate
from tests.drawn_programs import draw_program, draw_spikes, seeds
from tests.loihi_twin import run


def same(program: ChipProgram, spikes: dict[str, np.ndarray], found: Recording, steps: int) -> None:
    images = next(iter(spikes.values())).shape[1]
    for image in range(images):
        trace = run(program, {name: s[:, image] for name, s in spikes.items()}, steps)
        for name, expected in trace.items():
            for kind in ("u", "v", "spikes"):
                got = found.traces[f"{name}.{kind}"][:, image]
                np.testing.assert_array_equal(got, expected[kind], f"{name}.{kind}")
            counts = expected["spikes"].sum(0)
            np.testing.assert_array_equal(found.spike_counts[name][image], counts)
        np.testing.assert_array_equal(found.potentials[image], trace[program.output]["v"][-1])


def everything(program: ChipProgram) -> list[str]:
    return [f"{p.name}.{kind}" for p in program.populations for kind in ("u", "v", "spikes")]


@pytest.mark.parametrize("engine", ["event", "dense", "auto"])
@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_any_program_runs_as_in_the_twin(engine: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = draw_program(rng)
    spikes = draw_spikes(rng, program, 6, 2)
    found = emulate(program, spikes, num_steps=8, record=everything(program), engine=engine)
    same(program, spikes, found, 8)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_registers_overflow_as_in_the_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = draw_program(rng, extreme=True)
    spikes = draw_spikes(rng, program, 6, 1)
    found = emulate(program, spikes, record=everything(program))
    same(program, spikes, found, 6)
