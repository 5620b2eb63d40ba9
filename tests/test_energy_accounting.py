"""Energy of a spiking network against closed forms."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_works import drawn_work, network, two_steps, work
from spikeseg.energy import (
    NetworkWork,
    Range,
    Work,
    cost_names,
    estimate,
    load_costs,
    spiking_tables,
)
from spikeseg.energy.events import COUNTS
from spikeseg.errors import ConfigError, ProgramError

TABLES = tuple(table.name for table in spiking_tables())
EVENTFUL = work(
    neurons=10,
    weights=90,
    updates=100,
    state_bits=4800,
    receiving_updates=30,
    spikes=7,
    synaptic_operations=1000,
    weight_bits=8000,
    packets_in=40,
    packets_out=20,
    within_tile=5,
    hops_east_west=11,
    hops_north_south=13,
    inter_chip_packets=3,
)


def picojoules(counts: Work, table: str) -> dict[str, Range]:
    parts = estimate(network(counts), load_costs(table)).parts
    return {name: energy * 1e12 for name, energy in parts.items()}


def test_idle_neurons_of_two_chips_take_12_microjoules_a_step_in_sanafe() -> None:
    found = estimate(network(work(updates=238_000)), load_costs("sanafe_loihi"))
    assert found.total.value == pytest.approx(238_000 * 51.2e-12)
    assert found.total.value == pytest.approx(12.2e-6, rel=2e-3)


def test_a_silent_network_of_65536_neurons_takes_67_microjoules_in_20_steps() -> None:
    silent = work(updates=65_536 * 20)
    assert estimate(network(silent), load_costs("sanafe_loihi")).total.value == pytest.approx(
        67e-6, rel=2e-3
    )


def test_davies_by_hand() -> None:
    parts = picojoules(EVENTFUL, "davies2018")
    assert parts["idle_neurons"].value == pytest.approx(100 * 52)
    assert parts["active_neurons"].value == pytest.approx(30 * (81 - 52))
    assert parts["synapses"].value == pytest.approx(1000 * 23.6)
    assert parts["network"].value == pytest.approx(5 * 1.7 + 11 * 3.0 + 13 * 4.0)


def test_what_an_active_update_is_spans_from_those_that_fire_to_all() -> None:
    active = picojoules(EVENTFUL, "davies2018")["active_neurons"]
    assert (active.low, active.high) == pytest.approx((7 * 29, 100 * 29))


def test_sanafe_by_hand() -> None:
    parts = picojoules(EVENTFUL, "sanafe_loihi")
    assert parts["idle_neurons"].value == pytest.approx(100 * 51.2)
    assert parts["active_neurons"].value == pytest.approx(30 * 21.6 + 7 * 69.3)
    assert parts["synapses"].value == pytest.approx(1000 * 24.0)
    assert parts["network"].value == pytest.approx(20 * 111 + 11 * 3.0 + 13 * 4.2)


@pytest.mark.parametrize(
    ("table", "synapse", "neuron"),
    [("keras_loihi", 27.1, 81), ("spinnaker", 13_300, 26_000), ("spinnaker2", 450, 2190)],
)
def test_keras_spiking_multiplies_operations_and_updates(
    table: str, synapse: float, neuron: float
) -> None:
    found = estimate(network(EVENTFUL), load_costs(table)).total.value
    assert found == pytest.approx((1000 * synapse + 100 * neuron) * 1e-12)


def test_arithmetic_by_hand() -> None:
    parts = picojoules(EVENTFUL, "horowitz45")
    assert parts["synapses"].low == pytest.approx(1000 * 0.03)
    assert parts["synapses"].value == pytest.approx(1000 * 0.1)
    idle = parts["idle_neurons"]
    ends = (100 * 0.1, 100 * 0.2, 100 * (0.2 + 2 * 3.1))
    assert (idle.low, idle.value, idle.high) == pytest.approx(ends)
    assert parts["active_neurons"].value == pytest.approx(7 * 0.1)


def test_memory_adds_the_words_of_64_bits_that_weights_and_states_fill() -> None:
    without, added = picojoules(EVENTFUL, "horowitz45"), picojoules(EVENTFUL, "horowitz45_memory")
    assert added["synapses"].value - without["synapses"].value == pytest.approx(8000 / 64 * 20)
    more = added["idle_neurons"].value - without["idle_neurons"].value
    assert more == pytest.approx(4800 / 64 * 20)


def test_lemaire_by_hand() -> None:
    parts = picojoules(EVENTFUL, "lemaire2022")
    per_byte = 10 / 8192
    potential, weight, bias, queue = (
        10 * 3 * per_byte,
        90 * per_byte,
        40 * per_byte,
        4000 * per_byte,
    )
    assert parts["synapses"].value == pytest.approx(1000 * (0.2 + weight + 2 * potential))
    assert parts["idle_neurons"].value == pytest.approx(100 * (0.2 + bias + 2 * potential))
    assert parts["active_neurons"].value == pytest.approx(7 * (0.1 + queue))
    assert parts["network"].value == pytest.approx(40 * (queue + 2 * 3.2))


def test_a_larger_memory_costs_more_under_lemaire_and_no_more_beyond_1_mb() -> None:
    def synapses(weights: float) -> float:
        return picojoules(Work(**{**vars(EVENTFUL), "weights": weights}), "lemaire2022")[
            "synapses"
        ].value

    assert synapses(90) < synapses(50_000) < synapses(2**20) == synapses(2**24)
    assert synapses(2**20) - synapses(2**15) == pytest.approx(1000 * (100 - 20))


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=50, deadline=None)
@given(counts=drawn_work(), share=st.floats(0, 1))
def test_energy_is_linear_up_to_the_present_spike_rate(
    table: str, counts: Work, share: float
) -> None:
    costs = load_costs(table)
    silent, half, full = (
        estimate(network(counts.at(s)), costs).total.value for s in (0.0, share, 1.0)
    )
    assert half == pytest.approx(silent + share * (full - silent), rel=1e-9)


@pytest.mark.parametrize("table", [t for t in TABLES if t != "lemaire2022"])
@settings(max_examples=50, deadline=None)
@given(one=drawn_work(), other=drawn_work())
def test_layers_add_up(table: str, one: Work, other: Work) -> None:
    costs = load_costs(table)
    together = estimate(network(one + other), costs).total.value
    assert estimate(network(one, other), costs).total.value == pytest.approx(together, rel=1e-9)


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=50, deadline=None)
@given(counts=drawn_work())
def test_the_ends_enclose_the_value_in_every_part(table: str, counts: Work) -> None:
    parts = estimate(network(counts), load_costs(table)).parts
    assert all(
        p.low <= p.value * (1 + 1e-9) and p.value <= p.high * (1 + 1e-9) for p in parts.values()
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("davies2018", {"inter_chip_packet": 3, "static": 1}),
        ("sanafe_loihi", {"inter_chip_packet": 3, "static": 1}),
        (
            "lemaire2022",
            {
                "spike_within_tile": 5,
                "hop_east_west": 11,
                "hop_north_south": 13,
                "inter_chip_packet": 3,
                "static": 1,
            },
        ),
        (
            "horowitz45",
            {
                "packet": 20,
                "spike_within_tile": 5,
                "hop_east_west": 11,
                "hop_north_south": 13,
                "inter_chip_packet": 3,
                "static": 1,
            },
        ),
    ],
)
def test_events_without_a_cost_are_listed_and_no_others(
    table: str, expected: dict[str, float]
) -> None:
    assert estimate(network(EVENTFUL), load_costs(table)).left_out == expected


@pytest.mark.parametrize("table", TABLES)
def test_what_is_listed_as_left_out_changes_no_energy(table: str) -> None:
    costs = load_costs(table)
    found = estimate(network(EVENTFUL), costs)
    counts = {COUNTS[event][1]: 0.0 for event in found.left_out if event != "static"}
    without = estimate(network(replace(EVENTFUL, **counts)), costs)
    assert without.total == found.total


def test_static_energy_is_power_times_time_times_chips() -> None:
    run = NetworkWork({"a": EVENTFUL}, num_steps=2, chips=2, steps=two_steps())
    found = estimate(run, load_costs("davies2018"))
    assert found.seconds is not None
    assert found.static is not None
    assert found.static.value == pytest.approx(2 * 104e-3 * found.seconds.value)
    assert "static" not in found.left_out


def test_a_device_prices_no_spiking_network() -> None:
    with pytest.raises(ConfigError, match="keras_cpu is of kind device"):
        estimate(network(EVENTFUL), load_costs("keras_cpu"))


def test_at_a_higher_rate_a_neuron_receives_and_fires_once_in_a_step_at_most() -> None:
    busy = EVENTFUL.at(20)
    assert (busy.receiving_updates, busy.spikes) == (100, 100)
    assert busy.synaptic_operations == 20_000


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ProgramError, match="spikes of an image is -1"):
        work(spikes=-1)


def test_more_receiving_updates_than_updates_are_refused() -> None:
    with pytest.raises(ProgramError, match="3 receiving updates of 2"):
        work(updates=2, receiving_updates=3)


def test_work_without_a_layer_is_refused() -> None:
    with pytest.raises(ProgramError, match="0 layers, 0 updates"):
        NetworkWork({}, 1, 1)


def test_there_are_tables_of_every_kind() -> None:
    assert {load_costs(n).kind for n in cost_names()} == {"chip", "arithmetic", "device"}
