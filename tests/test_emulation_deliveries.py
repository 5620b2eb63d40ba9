"""The event engine counts the synapses that it serves; the other engines do not."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from spikeseg.chips import ChipProgram
from spikeseg.emulation import emulate
from spikeseg.errors import ConfigError
from tests.drawn_programs import draw_program, draw_spikes, seeds
from tests.placed_networks import small_unet
from tests.slow_ledger import slow_ledger


def expected(program: ChipProgram, fired: Any, steps: int) -> dict[str, int]:
    operations = slow_ledger(program, fired, steps)["synaptic_operations"]
    names = [core.population for core in program.cores]
    return {
        part.name: sum(operations[n] for n, name in enumerate(names) if name == part.name)
        for part in program.populations
    }


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_each_synapse_of_each_spike_is_one_delivery(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = draw_program(rng)
    spikes = draw_spikes(rng, program, 4, 2)
    names = [p.name for p in program.populations]
    record = [f"{name}.spikes" for name in names]
    steps, threads = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    found = emulate(
        program,
        spikes,
        num_steps=steps,
        record=record,
        engine="event",
        threads=threads,
        deliveries=True,
    )
    fired = spikes | {name: found.traces[f"{name}.spikes"] for name in names}
    assert found.deliveries == expected(program, fired, steps)


def test_counting_deliveries_changes_nothing_else() -> None:
    program = small_unet()
    spikes = {"in": np.random.default_rng(1).random((150, 1, 1, 8, 8)) < 0.3}
    plain, counted = (
        emulate(program, spikes, engine="event", threads=2, deliveries=wanted)
        for wanted in (False, True)
    )
    assert plain.deliveries == {}
    assert min(counted.deliveries.values()) > 0
    for name, counts in plain.spike_counts.items():
        np.testing.assert_array_equal(counted.spike_counts[name], counts)


@pytest.mark.parametrize("engine", ["auto", "dense"])
def test_only_the_event_engine_delivers(engine: Any) -> None:
    spikes = {"in": np.zeros((1, 1, 1, 8, 8), bool)}
    with pytest.raises(ConfigError, match='Give engine="event"'):
        emulate(small_unet(), spikes, engine=engine, deliveries=True)
