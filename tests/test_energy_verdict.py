"""Verdicts and break-even rates, against equality and against published figures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_works import drawn_steps, drawn_work, network, small_graph, two_steps, work
from spikeseg.energy import (
    DenseLayer,
    DenseNetwork,
    NetworkWork,
    Range,
    Rival,
    StepWork,
    Work,
    account_for,
    break_even,
    count_dense,
    decide,
    estimate,
    judge,
    load_costs,
    price_rivals,
    spiking_tables,
)
from spikeseg.energy.precision import matched_bits
from spikeseg.energy.verdict import joules
from spikeseg.errors import ConfigError

TABLES = tuple(table.name for table in spiking_tables())


def rival(energy: float) -> Rival:
    return Rival("int8", "dense INT8", "horowitz45", Range.exactly(energy))


@settings(max_examples=50, deadline=None)
@given(
    low=st.floats(0, 1), spread=st.floats(0, 1), other=st.floats(0, 2), its_spread=st.floats(0, 1)
)
def test_a_side_wins_only_if_the_ranges_are_apart(
    low: float, spread: float, other: float, its_spread: float
) -> None:
    ours, theirs = (low, low + spread), (other, other + its_spread)
    found = decide(Range(*ours, ours[1]), Range(*theirs, theirs[1]))
    apart = {"wins": max(ours) < min(theirs), "loses": min(ours) > max(theirs)}
    assert found == next((name for name, so in apart.items() if so), "undecided")


@pytest.mark.parametrize("table", TABLES)
@settings(max_examples=50, deadline=None)
@given(counts=drawn_work(), steps=drawn_steps(), rate=st.floats(1e-3, 1))
def test_at_the_break_even_rate_both_take_as_much(
    table: str, counts: Work, steps: StepWork, rate: float
) -> None:
    costs, now = load_costs(table), NetworkWork({"a": counts}, 2, 1, steps)
    target = estimate(now.at(rate / now.spike_rate), costs).total.value
    (verdict,) = judge(now, costs, (rival(target),))
    if verdict.break_even is None:
        assert estimate(now.at(0), costs).total.value == pytest.approx(target, rel=1e-6)
        return
    again = now.at(verdict.break_even / now.spike_rate)
    assert estimate(again, costs).total.value == pytest.approx(target, rel=1e-6)


def test_beyond_the_rate_at_which_all_updates_receive_only_operations_cost_more() -> None:
    now = network(work(updates=1000, spikes=10, receiving_updates=500, synaptic_operations=100))
    target = 1000 * 81e-12 + 3 * 100 * 23.6e-12  # at three times the rate, where 1500 would receive
    (verdict,) = judge(now, load_costs("davies2018"), (rival(target),))
    assert verdict.break_even == pytest.approx(3 * 0.01)


def test_the_rate_is_found_where_another_core_gets_to_be_the_slowest() -> None:
    quiet = np.zeros((2, 2))
    steps = replace(
        two_steps(), operations=np.array([[100, 0], [0, 0]]), receiving=quiet, packets=quiet
    )
    now = NetworkWork({"a": work(updates=260, spikes=26, synaptic_operations=100)}, 2, 1, steps)
    bend = 0.1 * (80 - 50) * 5.3 / (100 * 3.5)  # below it the second core is, of 80 neurons
    least = 260 * 52e-12 + 104e-3 * 2 * (80 * 5.3 + 113) * 1e-9
    below, beyond = 100 * 23.6e-12 / 0.1, (100 * 23.6e-12 + 104e-3 * 100 * 3.5e-9) / 0.1
    targets = (least + below * bend / 2, least + below * bend + beyond * 0.02)
    verdicts = judge(now, load_costs("davies2018"), tuple(map(rival, targets)))
    assert [v.break_even for v in verdicts] == pytest.approx([bend / 2, bend + 0.02])


def test_below_a_rival_at_every_rate_it_says_so() -> None:
    now = network(work(updates=1000, spikes=10, synaptic_operations=100))
    (verdict,) = judge(now, load_costs("keras_loihi"), (rival(1.0),))
    assert verdict.break_even == 1
    assert verdict.sentence.endswith(
        "It takes less at any rate up to one spike per neuron and step (now 0.01)."
    )


@settings(max_examples=50, deadline=None)
@given(silent=st.floats(0, 1e3), spikes=st.floats(1e-3, 1e3), rate=st.floats(1e-3, 1))
def test_break_even_of_a_straight_line_is_its_closed_form(
    silent: float, spikes: float, rate: float
) -> None:
    found = break_even(lambda r: silent + spikes * r, silent + spikes * rate)
    assert found == pytest.approx(rate, rel=1e-6)


def test_without_a_spike_the_static_energy_is_that_of_barrier_and_idle_updates() -> None:
    now = NetworkWork({"a": work(updates=260, spikes=26)}, 2, 1, two_steps())
    (verdict,) = judge(now, load_costs("davies2018"), (rival(1e-9),))
    least = 260 * 52e-12 + 104e-3 * 2 * (80 * 5.3 + 113) * 1e-9
    assert f"it takes {joules(Range.exactly(least))} already" in verdict.sentence
    assert verdict.break_even is None


def test_idle_neurons_alone_can_lose_and_then_no_rate_wins() -> None:
    idle = network(work(updates=1000, spikes=10, synaptic_operations=100))
    (verdict,) = judge(idle, load_costs("sanafe_loihi"), (rival(1000 * 51.2e-12),))
    assert verdict.break_even is None
    assert verdict.outcome == "loses"
    assert "without a spike it takes 51.2 nJ already, for idle neurons" in verdict.sentence


def test_the_sentence_of_a_win_has_both_energies_the_factor_and_the_rate() -> None:
    now = network(work(updates=1000, spikes=10, synaptic_operations=100))
    (verdict,) = judge(now, load_costs("keras_loihi"), (rival(2 * 83.71e-9),))
    assert verdict.sentence.startswith(
        "Under keras_loihi the spiking network takes 83.7 nJ an image, dense INT8 (horowitz45) "
        "167 nJ: it wins by a factor of 2. Both take as much at 0.319 spikes per neuron and step"
    )


def test_overlapping_ranges_are_undecided_and_say_which_way_they_lean() -> None:
    now = network(work(updates=10, spikes=1, synaptic_operations=1000))
    value = estimate(now, load_costs("davies2018")).total.value
    (verdict,) = judge(now, load_costs("davies2018"), (rival(value * 1.1),))
    assert verdict.outcome == "undecided"
    assert "undecided, as the ranges overlap (less by a factor of 1.1" in verdict.sentence


def test_a_network_without_spikes_has_no_break_even_rate() -> None:
    (verdict,) = judge(network(work(updates=10)), load_costs("spinnaker2"), (rival(1.0),))
    assert verdict.break_even is None
    assert "No neuron fires here" in verdict.sentence


def fully_connected(fan_in: int, fan_out: int, rate: float, num_steps: int) -> NetworkWork:
    """Return what ``fan_in`` neurons at a rate do to ``fan_out``; the rate is theirs too."""
    operations = fan_in * fan_out * num_steps * rate
    updates = float(fan_out * num_steps)
    return network(
        work(updates=updates, spikes=updates * rate, synaptic_operations=operations),
        num_steps=num_steps,
    )


def own_table(folder: Path, accumulate: float, mac: float) -> Path:
    path = folder / "published.toml"
    entries = {"synaptic_operation": accumulate, "neuron_access": 0.0, "mac": mac}
    lines = [f'{k} = {{ value = {v}, unit = "J", source = "a paper" }}' for k, v in entries.items()]
    head = 'title = "t"\nkind = "chip"\nmeasured = false\nleaves_out = ["memory"]\n[energy]\n'
    path.write_text(head + "\n".join(lines), encoding="utf-8")
    return path


def computing_break_even(folder: Path, accumulate: float, mac: float, num_steps: int) -> float:
    table = load_costs(own_table(folder, accumulate, mac))
    dense = DenseNetwork((DenseLayer("a", "b", 64 * 32, 64 * 32, 32, 64, 32),))
    rivals = price_rivals(dense, table, num_steps)
    (verdict,) = judge(fully_connected(64, 32, 0.1, num_steps), table, rivals)
    assert verdict.break_even is not None
    return verdict.break_even


@pytest.mark.parametrize("num_steps", [4, 5, 20])
def test_without_memory_the_break_even_is_that_of_arxiv_2409_08290(
    num_steps: int, tmp_path: Path
) -> None:
    accumulate, premium = 0.05448e-12, 3.0
    found = computing_break_even(tmp_path, accumulate, premium * accumulate, num_steps)
    assert found * num_steps == pytest.approx(premium)


def test_with_4_6_against_0_9_pj_the_break_even_is_that_of_kim_et_al_2022(tmp_path: Path) -> None:
    found = computing_break_even(tmp_path, 0.9e-12, 4.6e-12, 20)
    assert found * 20 == pytest.approx(5.11, abs=2e-3)


@pytest.mark.parametrize(
    ("num_steps", "published"), [(1, 0.996), (3, 1.500), (7, 2.338), (15, 3.75)]
)
def test_dense_movement_of_both_makes_the_ratios_of_arxiv_2409_08290(
    num_steps: int, published: float
) -> None:
    assert num_steps / matched_bits(num_steps) == pytest.approx(published, rel=5e-3)


def test_movement_alone_puts_the_break_even_of_arxiv_2409_08290_near_its_5_7_percent() -> None:
    sparse, dense, num_steps = 3.0, 0.25, 5
    even = break_even(lambda rate: rate * num_steps * sparse, matched_bits(num_steps) * dense)
    assert even == pytest.approx(0.05)
    assert 0.0341 < even < 0.057 < 0.1080


def test_the_report_has_every_table_with_verdicts_on_every_rival_and_is_json() -> None:
    layers = {"first": work(updates=100, spikes=5, synaptic_operations=900, weight_bits=7200)}
    dense = count_dense(small_graph())
    nonzero = {layer.source: 0.5 for layer in dense.layers}
    report = account_for(NetworkWork(layers, 8, 1), dense, nonzero=nonzero).to_dict()
    again = json.loads(json.dumps(report, allow_nan=False))
    assert again == report
    assert {account["table"] for account in again["accounts"]} == set(TABLES)
    for account in again["accounts"]:
        judged = [(v["rival"], v["rival_table"]) for v in account["verdicts"]]
        assert judged == [(r["key"], r["table"]) for r in account["rivals"]]
        assert {"fp32", "int8", "matched", "sparse_int8"} <= {r["key"] for r in account["rivals"]}


def test_two_tables_of_one_name_are_refused() -> None:
    twice = [load_costs("davies2018"), replace(load_costs("sanafe_loihi"), name="davies2018")]
    with pytest.raises(ConfigError, match="two cost tables are called davies2018"):
        account_for(network(work(updates=1)), count_dense(small_graph()), twice)


def test_the_report_holds_the_table_of_every_figure() -> None:
    dense = count_dense(small_graph())
    report = account_for(network(work(updates=1)), dense, [load_costs("davies2018")]).to_dict()
    named = {rival["table"] for account in report["accounts"] for rival in account["rivals"]}
    assert set(report["tables"]) == named | {"davies2018"}
    assert all(cost["source"] for table in report["tables"].values() for cost in table["costs"])


def test_the_parts_of_the_layers_add_up_to_the_total_in_the_report() -> None:
    layers = {f"l{i}": work(updates=10, spikes=i, synaptic_operations=9 * i) for i in range(3)}
    report = account_for(NetworkWork(layers, 8, 1), count_dense(small_graph())).to_dict()
    for account in report["accounts"]:
        found = account["estimate"]
        parts = [e["value"] for split in found["layers"].values() for e in split.values()]
        assert sum(parts) == pytest.approx(found["total"]["value"])
