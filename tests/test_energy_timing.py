"""Time of a step against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from energy_works import two_steps, work
from spikeseg.energy import (
    CostTable,
    NetworkWork,
    StepWork,
    estimate,
    image_seconds,
    load_costs,
    step_seconds,
)
from spikeseg.energy.timing import barrier_seconds
from spikeseg.errors import ProgramError

DAVIES, SANAFE = load_costs("davies2018"), load_costs("sanafe_loihi")


def timed(steps: StepWork | None, chips: int = 1) -> NetworkWork:
    return NetworkWork({"a": work(updates=260)}, num_steps=2, chips=chips, steps=steps)


def nanoseconds(table: str, tiles: int = 1) -> list[tuple[float, float, float]]:
    steps = step_seconds(timed(two_steps(tiles)), load_costs(table))
    assert steps is not None
    return [(s.low * 1e9, s.value * 1e9, s.high * 1e9) for s in steps]


def test_a_step_takes_as_long_as_its_slowest_core_and_the_barrier() -> None:
    first, second = nanoseconds("davies2018")
    one, other = 100 * 3.5 + 7 * 2.1 + 30 * 5.3 + 20 * 8.4, 80 * 5.3
    assert one > other
    assert first[1] == pytest.approx(one + 113)
    assert second[1] == pytest.approx(10 * 3.5 + 2.1 + 75 * 5.3 + 5 * 8.4 + 113)


def test_at_the_low_end_the_longest_of_the_three_works_counts() -> None:
    assert nanoseconds("davies2018")[0][0] == pytest.approx(max(350, 14.7, 327, 80 * 5.3) + 113)


def test_at_the_high_end_all_updates_are_active() -> None:
    one = 100 * 3.5 + 7 * 2.1 + 50 * 8.4
    assert nanoseconds("davies2018")[0][2] == pytest.approx(max(one, 80 * 8.4) + 8000)


def test_every_neuron_is_accessed_and_those_that_receive_are_updated_in_sanafe() -> None:
    one = 100 * 3.1 + 7 * 16 + 50 * 6.0 + 20 * 3.7
    assert nanoseconds("sanafe_loihi")[0][1] == pytest.approx(one + 600)


def test_an_image_takes_the_sum_of_its_steps() -> None:
    found = image_seconds(timed(two_steps()), DAVIES)
    assert found is not None
    assert found.value * 1e9 == pytest.approx(sum(s[1] for s in nanoseconds("davies2018")))


@pytest.mark.parametrize(("tiles", "expected"), [(1, 113), (32, 465), (16.5, 289), (40, 465)])
def test_the_barrier_is_interpolated_by_tiles(tiles: int, expected: float) -> None:
    assert barrier_seconds(tiles, 1, DAVIES).value * 1e9 == pytest.approx(expected)


def test_the_barrier_between_chips_spans_what_was_measured() -> None:
    between = barrier_seconds(32, 2, DAVIES)
    assert between.low == barrier_seconds(32, 1, DAVIES).value
    assert between.low < 5.8e-6 <= 15.4e-6 < between.high


def test_a_table_without_a_barrier_between_chips_tells_no_time_for_several() -> None:
    assert step_seconds(timed(two_steps(), chips=2), SANAFE) is None
    assert step_seconds(timed(two_steps(), chips=2), DAVIES) is not None


def test_a_table_without_times_tells_none() -> None:
    assert estimate(timed(two_steps()), load_costs("spinnaker2")).seconds is None


def test_without_counts_of_steps_there_is_no_time() -> None:
    assert estimate(timed(None), DAVIES).seconds is None


@pytest.mark.parametrize("table", [DAVIES, SANAFE], ids=lambda t: t.name)
def test_a_silent_network_is_faster_than_a_busy_one(table: CostTable) -> None:
    busy, silent = (estimate(timed(two_steps()).at(share), table).seconds for share in (1, 0))
    assert busy is not None
    assert silent is not None
    assert silent.value < busy.value


def test_a_silent_step_is_the_barrier_and_the_idle_updates_of_the_largest_core() -> None:
    silent = image_seconds(timed(two_steps()).at(0), DAVIES)
    assert silent is not None
    assert silent.value * 1e9 == pytest.approx(2 * (80 * 5.3 + 113))


def test_no_more_neurons_receive_than_there_are() -> None:
    steps = two_steps().at(10)
    assert steps.receiving.tolist() == [[50, 0], [0, 50]]
    assert steps.operations.tolist() == [[1000, 0], [0, 100]]
    assert steps.packets.tolist() == [[70, 0], [0, 10]]


def test_counts_of_other_shapes_are_refused() -> None:
    with pytest.raises(ProgramError, match=r"give \(steps, cores\) three times"):
        replace(two_steps(), packets=np.zeros((2, 3)))
