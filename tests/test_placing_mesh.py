"""Positions: hops by hand, the optimum where all orders can be tried, checks of a program."""

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.chips import ChipProgram, load_chip, load_program, save_program
from spikeseg.errors import ProgramError
from spikeseg.placing import count_traffic, measure_traffic
from spikeseg.placing.counting import count_placed
from spikeseg.placing.mesh import lay_out
from tests.placed_networks import drawn_spikes, small_unet

TINY = replace(load_chip("loihi1"), cores=8, mesh=(2, 2), cores_per_tile=2)


def hops(program: ChipProgram, positions: tuple[int, ...], rates: object) -> float:
    return count_traffic(replace(program, positions=positions), rates).hops  # type: ignore[arg-type]


def test_a_packet_within_a_chip_goes_the_shortest_way() -> None:
    program = two_cores((0, 0), (4 * 9 + 3, 4 * 30))  # tiles (1, 1) and (3, 6)
    counted = count_traffic(program)
    assert counted.packets == counted.hops / 7 == counted.hops_north_south / 2 > 0


def test_a_packet_to_another_chip_goes_over_both_west_edges() -> None:
    program = two_cores((0, 1), (4 * 9 + 3, 4 * 30))
    counted = count_traffic(program)
    assert counted.inter_chip_packets == counted.hops_east_west / 7 > 0
    assert counted.inter_chip_packets == counted.hops_north_south / 2


def two_cores(placement: tuple[int, int], positions: tuple[int, int]) -> ChipProgram:
    """Return the small U-Net with a core for each of its first two layers, the others left out."""
    program = small_unet(rows=8)
    parts = {"down", "deep"}
    return ChipProgram(
        "loihi1",
        program.inputs,
        tuple(p for p in program.populations if p.name in parts),
        tuple(core for core in program.cores if core.population in parts),
        "deep",
        placement,
        positions=positions,
    )


@pytest.mark.parametrize("placement", [(0, 0, 0, 0, 0, 0), (0, 0, 0, 1, 1, 1)])
def test_six_cores_lie_within_5_percent_of_the_fewest_hops(placement: tuple[int, ...]) -> None:
    program = small_unet(rows=4)
    program = replace(program, placement=(0,) * 7, positions=())
    rates = {name: fired.mean(axis=0) for name, fired in drawn_spikes(program, 5).items()}
    traffic = measure_traffic(program, rates)
    chips = np.array([*placement, 0])
    found = lay_out(traffic, TINY, chips)
    assert cost(traffic, chips, found) <= 1.05 * least_hops(traffic, chips)


def cost(traffic: object, chips: np.ndarray, positions: np.ndarray) -> float:
    """Return hops on 2 x 2 tiles of two cores, from the definition."""
    low, high, packets = traffic.pairs  # type: ignore[attr-defined]
    row, column = positions // 2 // 2, positions // 2 % 2
    apart = chips[low] != chips[high]
    sideways = np.where(apart, column[low] + column[high], np.abs(column[low] - column[high]))
    return float(packets @ (sideways + np.abs(row[low] - row[high])))


def least_hops(traffic: object, chips: np.ndarray) -> float:
    """Try which tile each core has, all of them."""
    tiles = np.array(list(product(range(4), repeat=len(chips))))
    for chip, tile in product(range(2), range(4)):
        tiles = tiles[((tiles == tile) & (chips == chip)).sum(axis=1) <= 2]
    return min(cost(traffic, chips, 2 * tile) for tile in tiles)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 999), st.integers(1, 4))
def test_every_core_has_a_position_of_its_own(seed: int, num_chips: int) -> None:
    program = small_unet(rows=1)
    rates = {name: fired.mean(axis=0) for name, fired in drawn_spikes(program, seed).items()}
    chips = np.random.default_rng(seed).integers(0, num_chips, len(program.cores))
    found = lay_out(measure_traffic(program, rates), load_chip("loihi1"), chips)
    assert len(set(zip(chips.tolist(), found.tolist(), strict=True))) == len(program.cores)
    assert 0 <= found.min() <= found.max() < 128


def test_no_exchange_of_two_cores_saves_a_hop() -> None:
    program = small_unet()
    traffic = measure_traffic(program)
    chips = np.arange(len(program.cores)) % 2
    found = lay_out(traffic, load_chip("loihi1"), chips)
    placed = replace(program, placement=tuple(chips.tolist()), positions=tuple(found.tolist()))
    least = count_placed(traffic, placed).hops
    for a, b in permutations(range(len(chips)), 2):
        if chips[a] == chips[b]:
            swapped = found.copy()
            swapped[[a, b]] = found[[b, a]]
            other = replace(placed, positions=tuple(swapped.tolist()))
            assert count_placed(traffic, other).hops >= least


def test_positions_are_kept_in_the_file(tmp_path: Path) -> None:
    program = two_cores((0, 1), (39, 120))
    save_program(program, tmp_path / "program.npz")
    loaded = load_program(tmp_path / "program.npz")
    assert (loaded.placement, loaded.positions) == ((0, 1), (39, 120))


def test_without_positions_the_cores_of_a_chip_lie_in_their_order() -> None:
    program = small_unet()
    placement = tuple(n % 2 for n in range(len(program.cores)))
    placed = replace(program, placement=placement, positions=())
    assert placed.positions == tuple(n // 2 for n in range(len(program.cores)))


@pytest.mark.parametrize(
    ("placement", "positions", "message"),
    [
        ((0, 0), (5, 5), "0 and 1 have the same position 5 on chip 0"),
        ((0, 0), (5, 128), "core 1 has the position 128"),
        ((0, 0), (-1, 1), "core 0 has the position -1"),
        ((0, -1), (5, 5), "on chip -1"),
        ((0, 0), (5,), "positions has 1 entries for 2 cores"),
    ],
)
def test_positions_that_no_chip_has_are_refused(
    placement: tuple[int, int], positions: tuple[int, int], message: str
) -> None:
    with pytest.raises(ProgramError, match=message):
        two_cores(placement, positions)
