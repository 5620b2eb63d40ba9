"""Traffic is what single spikes of an emulation add up to; rates that do not fit are refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from spikeseg.emulation import emulate
from spikeseg.errors import ProgramError
from spikeseg.placing import count_traffic, measure_traffic
from tests.drawn_programs import draw_program, draw_spikes, scattered, seeds
from tests.placed_networks import drawn_spikes, small_unet
from tests.slow_traffic import slow_counts


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds)
def test_counts_of_an_emulation_give_the_packets_of_its_spikes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = scattered(draw_program(rng), rng)
    spikes = draw_spikes(rng, program, 3, 1)
    names = [p.name for p in program.populations]
    made = emulate(program, spikes, batch=1, record=[f"{name}.spikes" for name in names])
    fired = {name: array[:, 0] for name, array in spikes.items()}
    fired |= {name: made.traces[f"{name}.spikes"][:, 0] for name in names}
    rates = {name: array.sum(axis=0) for name, array in fired.items()}
    assert all((rates[name] == made.spike_counts[name][0]).all() for name in names)
    counted = count_traffic(program, rates)
    for name, expected in slow_counts(program, fired).items():
        assert getattr(counted, name) == expected, name
    between = counted.between_chips
    assert between.sum() == counted.packets
    assert between.sum() - between.trace() == counted.inter_chip_packets


def test_a_u_net_on_three_chips_sends_what_its_spikes_add_up_to() -> None:
    program = small_unet(rows=1)
    cores = len(program.cores)
    positions = tuple(n // 3 % 4 + n // 12 * 36 for n in range(cores))  # tiles 0, 9, 18
    program = replace(program, placement=tuple(n % 3 for n in range(cores)), positions=positions)
    spikes = drawn_spikes(program, 2)
    counted = count_traffic(program, {name: fired.sum(axis=0) for name, fired in spikes.items()})
    for name, expected in slow_counts(program, spikes).items():
        assert getattr(counted, name) == expected > 0, name


def test_without_rates_every_neuron_counts_as_one() -> None:
    program = small_unet()
    ones = {name: np.ones(shape) for name, shape in program.shapes.items()}
    assert count_traffic(program).packets == count_traffic(program, ones).packets > 0


def test_neurons_that_the_same_cores_hear_are_one_net() -> None:
    nets = measure_traffic(small_unet()).nets
    sets = [
        (int(source), tuple(nets.target[a:b]), tuple(nets.copies[a:b]))
        for source, a, b in zip(nets.source, nets.first[:-1], nets.first[1:], strict=True)
    ]
    assert len(set(sets)) == len(sets) > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deep": None}, "the rates of deep are missing"),
        ({"deep": np.ones((1, 1, 1, 1))}, "have the shape"),
        ({"deep": -1.0}, "0 or more"),
        ({"deep": np.nan}, "0 or more"),
    ],
)
def test_rates_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    program = small_unet()
    rates = {name: np.ones(shape) for name, shape in program.shapes.items()}
    value = changes["deep"]
    if value is None:
        del rates["deep"]
    elif isinstance(value, float):
        rates["deep"][0, 0, 0] = value
    else:
        rates["deep"] = value  # type: ignore[assignment]
    with pytest.raises(ProgramError, match=message):
        measure_traffic(program, rates)
