"""What does not fit is refused in words; overflows are counted, or refused."""

from dataclasses import replace

import numpy as np
import pytest

from spikeseg.chips import Box, ChipPopulation, ChipProgram, Core, ListedSynapses, SpikeInput
from spikeseg.emulation import emulate
from spikeseg.errors import ConfigError, ProgramError, ShapeError, UnknownNameError

STRONGEST = 255 * 64 * 128


def full(size: int, value: int) -> np.ndarray:
    return np.full(size, value, np.int32)


def core(column: int, *weights: int, **changes: object) -> Core:
    """Return a core of one neuron that hears all inputs with the given weights."""
    pre = np.arange(len(weights), dtype=np.int32)
    synapses = ListedSynapses("in", pre, full(len(weights), 0), np.array(weights, np.int32), 7)
    made = Core(
        population="a",
        box=Box((0, 0, column), (1, 1, column + 1)),
        decay_u=full(1, 4095),
        decay_v=full(1, 0),
        threshold=full(1, 6400),
        bias=full(1, 0),
        refractory=full(1, 1),
        v_min=0,
        v_max=2**23 - 1,
        v_initial=full(1, 0),
        synapses=(synapses,) if weights else (),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def program(*cores: Core, inputs: int = 1) -> ChipProgram:
    return ChipProgram(
        "toy",
        (SpikeInput("in", (2, 1, 1)), SpikeInput("more", (1, 1, 1)))[:inputs],
        (ChipPopulation("a", (1, 1, len(cores))),),
        cores,
        "a",
        (0,) * len(cores),
    )


SMALL = program(core(0, 64, 64))
SPIKES = np.ones((5, 1, 2, 1, 1), bool)


@pytest.mark.parametrize(
    ("spikes", "options", "error", "message"),
    [
        ({}, {}, ProgramError, r"given for \[\]; the program has the inputs \['in'\]"),
        ({"in": SPIKES, "b": SPIKES}, {}, ProgramError, r"given for \['b', 'in'\]"),
        ({"in": SPIKES[0]}, {}, ShapeError, r"\(1, 2, 1, 1\); they must be \(steps, images, 2, 1"),
        ({"in": SPIKES[:, :, :1]}, {}, ShapeError, r"\(5, 1, 1, 1, 1\)"),
        ({"in": SPIKES * 2}, {}, ProgramError, "contain 2; a neuron sends at most one"),
        ({"in": SPIKES}, {"batch": 3}, ProgramError, "batch is 3, but the inputs hold 1 images"),
        ({"in": SPIKES}, {"num_steps": 0}, ConfigError, "found 0 and 1"),
        ({"in": SPIKES}, {"threads": 0}, ConfigError, "threads is 0"),
        ({"in": SPIKES}, {"engine": "evnt"}, ConfigError, "'evnt'.*did you mean 'event'"),
        ({"in": SPIKES}, {"record": ["a.spike"]}, UnknownNameError, "did you mean 'a.spikes'"),
        ({"in": SPIKES}, {"record": ["in.spikes"]}, UnknownNameError, "populations are a"),
    ],
)
def test_what_does_not_fit_is_refused(spikes, options, error, message) -> None:
    with pytest.raises(error, match=message):
        emulate(SMALL, spikes, **options)


def test_inputs_of_different_length_are_refused() -> None:
    two = program(core(0, 64, 64), inputs=2)
    with pytest.raises(ProgramError, match="inputs differ"):
        emulate(two, {"in": SPIKES, "more": SPIKES[:3, :, :1]})


def test_a_program_without_inputs_needs_a_number_of_steps() -> None:
    alone = program(core(0, bias=full(1, 1000)), inputs=0)
    with pytest.raises(ProgramError, match="runs for num_steps"):
        emulate(alone, {})
    found = emulate(alone, {}, num_steps=70, batch=3)
    assert found.spike_counts["a"].ravel().tolist() == [10, 10, 10]  # above 6400 after 7 steps


def test_numbers_zero_and_one_are_spikes() -> None:
    found = emulate(SMALL, {"in": SPIKES.astype(np.float32)}, record=["a.v"])
    assert found.traces["a.v"].ravel().tolist() == [0, 128, 256, 384, 512]


def test_overflows_are_counted_by_kind() -> None:
    sums = emulate(program(core(0, STRONGEST, STRONGEST)), {"in": SPIKES})
    assert sums.overflows == {"accumulator": 4, "current": 0, "input current": 0}
    kept = core(0, STRONGEST, decay_u=full(1, 0), threshold=full(1, 8388544))
    currents = emulate(program(kept), {"in": SPIKES}, num_steps=6)
    assert currents.overflows["current"] == 1  # five times 2,088,960, hardly decayed
    biased = replace(kept, bias=full(1, 500_000))
    both = emulate(program(biased), {"in": SPIKES[:4]}, num_steps=6)
    assert both.overflows == {"accumulator": 0, "current": 0, "input current": 2}


def test_strict_names_the_core_that_overflows() -> None:
    strong = program(core(0, 64, 64), core(1, STRONGEST, STRONGEST))
    with pytest.raises(ProgramError, match=r"core 1 \(a\) overflows: 4 times the accumulator"):
        emulate(strong, {"in": SPIKES}, strict=True)


def test_strict_takes_what_does_not_overflow() -> None:
    could = program(core(0, 64, 64), core(1, STRONGEST, STRONGEST))
    spikes = SPIKES.copy()
    spikes[:, :, 1] = False
    found = emulate(could, {"in": spikes}, strict=True)
    assert not any(found.overflows.values())


def test_sums_beyond_32_bits_are_refused() -> None:
    many = 1100
    synapses = ListedSynapses("in", full(many, 0), full(many, 0), full(many, STRONGEST), 7)
    with pytest.raises(ProgramError, match=r"a \(core 0\) can hear 2297856000"):
        emulate(program(replace(core(0), synapses=(synapses,))), {"in": SPIKES})
