"""Windows of work and of rest, on a machine whose time and power are known."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeseg.errors import ConfigError
from spikeseg.meters import Missing, measure


class Machine:
    """A clock, and a counter that grows by ``watts`` while time passes; it wraps at 1,000 J."""

    name = "fake"
    covers = "everything"

    def __init__(self, idle: float, busy: list[float], call: list[float]) -> None:
        self.now, self.spent = 0.0, 0.0
        self.idle, self.busy, self.call = idle, busy, call
        self.calls, self.window = 0, -1

    def clock(self) -> float:
        return self.now

    def _pass(self, seconds: float, watts: float) -> None:
        self.now += seconds
        self.spent += seconds * watts

    def rest(self, seconds: float) -> None:
        self.window += 1
        self._pass(seconds, self.idle)

    def work(self) -> None:
        self.calls += 1
        window = max(self.window, 0)
        self._pass(self.call[window], self.busy[window])

    def read(self) -> tuple[int, ...]:
        return (round(self.spent * 1e6) % 10**9,)

    def joules(self, before: tuple[int, ...], after: tuple[int, ...]) -> float:
        return (after[0] - before[0]) % 10**9 / 1e6


@given(
    idle=st.floats(0, 50),
    busy=st.lists(st.floats(50, 400), min_size=1, max_size=4),
    data=st.data(),
)
def test_joules_and_seconds_of_a_call_are_those_of_the_machine(
    idle: float, busy: list[float], data: st.DataObject
) -> None:
    call = [data.draw(st.floats(0.1, 2)) for _ in busy]
    machine = Machine(idle, busy, call)
    found = measure(
        machine.work, seconds=3, repeats=len(busy), meters=[machine],
        clock=machine.clock, rest=machine.rest,
    )  # fmt: skip
    (energy,) = found.energy
    joules = [watts * seconds for watts, seconds in zip(busy, call, strict=True)]
    above = [(watts - idle) * seconds for watts, seconds in zip(busy, call, strict=True)]
    for spread, values in ((found.seconds, call), (energy.joules, joules),
                           (energy.above_idle, above), (energy.idle_watts, [idle])):  # fmt: skip
        assert spread.mean == pytest.approx(statistics.fmean(values), rel=1e-6, abs=1e-5)
    if len(busy) > 1:
        assert energy.joules.std == pytest.approx(statistics.stdev(joules), rel=1e-5, abs=1e-4)
    else:
        assert energy.joules.std is None
    assert all(window.seconds > 3 - 1e-9 for window in (*found.work, *found.idle))
    assert sum(window.calls for window in found.work) == machine.calls - 1


def test_a_window_has_one_call_at_least() -> None:
    machine = Machine(0, [1], [100])
    found = measure(machine.work, seconds=0.1, repeats=2, clock=machine.clock)
    assert [window.calls for window in found.work] == [1, 1]
    assert found.seconds.mean == 100


def test_a_counter_that_wraps_within_a_window_is_counted_whole() -> None:
    machine = Machine(0, [400], [1])
    found = measure(
        machine.work, seconds=20, repeats=1, meters=[machine],
        clock=machine.clock, rest=machine.rest,
    )  # fmt: skip
    assert found.work[0].joules == (8000.0,)


def test_a_missing_meter_gives_its_reason_and_no_number() -> None:
    machine = Machine(1, [2], [1])
    absent = Missing("rapl", "there is none.")

    def rest(seconds: float) -> None:
        pytest.fail("without a meter nobody waits")

    found = measure(
        machine.work, seconds=1, repeats=1, meters=[absent], clock=machine.clock, rest=rest
    )
    assert found.energy == ()
    assert found.idle == ()
    assert found.missing == (absent,)
    assert found.work[0].joules == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seconds": 0}, "seconds is 0"),
        ({"seconds": math.inf}, "seconds is inf"),
        ({"seconds": math.nan}, "seconds is nan"),
        ({"repeats": 0}, "repeats is 0"),
    ],
)
def test_windows_that_cannot_be_are_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        measure(lambda: None, **options)
