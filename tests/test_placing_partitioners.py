"""Partitioners: near the exact optimum, never over capacity, the same every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.errors import CompileError, UnknownNameError
from spikeseg.placing import PARTITIONERS, count_traffic, measure_traffic, place
from spikeseg.placing.dividing import divide, repair
from spikeseg.placing.placing import check_answer
from spikeseg.placing.refining import Hypergraph, copies_of, packets_of, refine
from tests.exact_division import drawn_hypergraph, least_cost
from tests.placed_networks import drawn_spikes, small_unet


def random_chips(graph: Hypergraph, num_chips: int, seed: int) -> np.ndarray:
    dealt = np.arange(graph.num_cores) % num_chips
    return np.random.default_rng(seed).permutation(dealt)


@pytest.mark.parametrize("seed", range(8))
def test_a_small_hypergraph_is_divided_within_5_percent_of_the_optimum(seed: int) -> None:
    chips, room = ((2, 7), (3, 5), (3, 4), (4, 4))[seed % 4]
    graph = drawn_hypergraph(seed, 12, 18)
    least = least_cost(graph, chips, room)
    assert graph.cost(np.array(divide(graph, chips, room))) <= 1.05 * least
    assert least > 0


@pytest.mark.parametrize(("name", "make"), [("hypergraph", packets_of), ("multicast", copies_of)])
def test_a_small_u_net_is_divided_within_5_percent_of_the_optimum(name: str, make: object) -> None:
    program = small_unet()
    rates = {name: fired.mean(axis=0) for name, fired in drawn_spikes(program, 3).items()}
    placed = place(program, rates, name, cores_per_chip=8)
    least = least_cost(make(measure_traffic(program, rates)), 2, 8)  # type: ignore[operator]
    counted = count_traffic(placed, rates)
    found = {"hypergraph": counted.inter_chip_packets, "multicast": counted.inter_chip_copies}
    assert 0 < least <= found[name] + 1e-9
    assert found[name] <= 1.05 * least


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(2, 5), st.integers(0, 3))
def test_no_chip_holds_too_many(seed: int, chips: int, slack: int) -> None:
    graph = drawn_hypergraph(seed, 23, 40)
    room = -(-23 // chips) + slack
    held = np.bincount(divide(graph, chips, room), minlength=chips)
    assert len(held) == chips
    assert held.sum() == 23
    assert held.max() <= room


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(2, 5), st.integers(0, 2))
def test_refining_never_costs_more_and_keeps_to_the_room(seed: int, chips: int, slack: int) -> None:
    graph = drawn_hypergraph(seed, 23, 40)
    start = random_chips(graph, chips, seed)
    room = -(-23 // chips) + slack
    found = refine(graph, start, chips, room)
    assert graph.cost(found) <= graph.cost(start)
    assert np.bincount(found).max() <= room


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999))
def test_refining_leaves_no_move_that_saves_anything(seed: int) -> None:
    graph = drawn_hypergraph(seed, 12, 20)
    found = refine(graph, random_chips(graph, 3, seed), 3, 5)
    held = np.bincount(found, minlength=3)
    for core in range(12):
        for chip in np.flatnonzero(held < 5):
            moved = np.where(np.arange(12) == core, chip, found)
            assert graph.cost(moved) >= graph.cost(found)


def test_overfull_chips_are_repaired_by_the_cheapest_moves() -> None:
    graph = Hypergraph(4, np.array([9.0, 1.0]), np.array([0, 2, 4]), np.array([0, 1, 1, 2]))
    assert repair(graph, np.array([0, 0, 0, 1]), 2, 2).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("name", PARTITIONERS.names())
def test_a_partitioner_gives_the_same_answer_again(name: str) -> None:
    program = small_unet()
    rates = {name: fired.mean(axis=0) for name, fired in drawn_spikes(program, 4).items()}
    one, other = (place(program, rates, name, cores_per_chip=6) for _ in range(2))
    assert (one.placement, one.positions) == (other.placement, other.positions)


@pytest.mark.parametrize("name", PARTITIONERS.names())
def test_a_partitioner_keeps_to_the_chips_and_the_room_that_there_are(name: str) -> None:
    program = small_unet()
    placed = place(program, None, name, num_chips=3, cores_per_chip=6)
    held = np.bincount(placed.placement)
    assert len(held) <= 3
    assert held.max() <= 6
    assert placed.cores == program.cores


@pytest.mark.parametrize("name", PARTITIONERS.names())
def test_silent_neurons_are_placed_too(name: str) -> None:
    program = small_unet()
    rates = {name: np.zeros(shape) for name, shape in program.shapes.items()}
    assert np.bincount(place(program, rates, name, cores_per_chip=7).placement).max() <= 7


def test_without_a_number_the_fewest_chips_are_used() -> None:
    assert set(place(small_unet()).placement) == {0}
    assert set(place(small_unet(), cores_per_chip=7).placement) == {0, 1}


def test_too_few_chips_are_refused_with_the_numbers() -> None:
    with pytest.raises(CompileError, match=r"14 cores do not fit 2 chips of 6 cores \(12\).* 3"):
        place(small_unet(), num_chips=2, cores_per_chip=6)


@pytest.mark.parametrize("room", [0, 129])
def test_more_cores_than_a_chip_has_are_refused(room: int) -> None:
    with pytest.raises(CompileError, match=f"cores_per_chip is {room}; loihi1 has 128"):
        place(small_unet(), cores_per_chip=room)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([0, 0, 0], "placed 3 of 4 cores"),
        ([0, 0, 0, 1], "put 3 cores on chip 0"),
        ([0, 0, 1, 2], "on chip 2"),
        ([0, 0, 1, -1], "on chip -1"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(answer: list[int], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        check_answer(answer, "mine", 4, 2, 2)


def test_an_unknown_partitioner_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'hypergraph'"):
        place(small_unet(), partitioner="hypergraf")
