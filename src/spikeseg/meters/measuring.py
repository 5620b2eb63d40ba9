"""Runs work in long windows, each after an idle one, and says what a call takes.

Long windows, repeats and the counter of energy itself are used because the power that GPUs report
is sampled in a quarter of the time only (Yang, Adamek, Armour 2023, arXiv:2312.02741).
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spikeseg.errors import ConfigError
from spikeseg.meters.reading import Meter, Missing


@dataclass(frozen=True)
class Window:
    """A stretch of time.

    Attributes:
        seconds: how long it was.
        calls: of the work in it; none in an idle window.
        joules: that each meter counted.
    """

    seconds: float
    calls: int
    joules: tuple[float, ...]


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over windows.

    Attributes:
        mean: over all windows.
        std: with one degree of freedom less than windows; ``None`` for one window.
    """

    mean: float
    std: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return those of some values.

        >>> Spread.of([1.0, 3.0]), Spread.of([2.0])
        (Spread(mean=2.0, std=1.4142135623730951), Spread(mean=2.0, std=None))
        """
        std = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), std)


@dataclass(frozen=True)
class MeterWindows:
    """What one meter counted.

    Attributes:
        name: of the meter.
        covers: in words, what its energy is that of.
        idle_watts: before each window of work, with nothing to do.
        joules: for a call, with all that the machine takes anyway.
        above_idle: for a call, less what the idle window before would have taken in that time.
    """

    name: str
    covers: str
    idle_watts: Spread
    joules: Spread
    above_idle: Spread


@dataclass(frozen=True)
class Measurement:
    """Time and energy of a call.

    Attributes:
        work: the windows of work.
        idle: the idle window before each of them; empty without a meter.
        seconds: for a call, over the windows.
        energy: of each meter.
        missing: the meters that are not there.
    """

    work: tuple[Window, ...]
    idle: tuple[Window, ...]
    seconds: Spread
    energy: tuple[MeterWindows, ...]
    missing: tuple[Missing, ...]


def measure(
    work: Callable[[], object],
    *,
    seconds: float = 5.0,
    repeats: int = 3,
    meters: Sequence[Meter | Missing] = (),
    clock: Callable[[], float] = time.perf_counter,
    rest: Callable[[float], object] = time.sleep,
) -> Measurement:
    """Measure what a call of ``work`` takes; it is called once before, unmeasured.

    Args:
        work: must be done when it returns; on a GPU that is to wait for it.
        seconds: least length of a window. A window ends with a call, so it has one at least.
        repeats: windows.
        meters: of energy. With one that is there, an idle window comes before each of work.
        clock: tells the time in seconds.
        rest: does nothing for some seconds.

    Raises:
        ConfigError: ``seconds`` is not above 0, or ``repeats`` is below 1.
    """
    check_windows(seconds, repeats)
    there = [m for m in meters if not isinstance(m, Missing)]
    missing = tuple(m for m in meters if isinstance(m, Missing))
    work()
    idle, busy = [], []
    for _ in range(repeats):
        if there:
            idle.append(_window(lambda: rest(seconds), 0.0, there, clock))
        busy.append(_window(work, seconds, there, clock))
    spent = Spread.of([window.seconds / window.calls for window in busy])
    energy = tuple(_of_meter(n, m, busy, idle) for n, m in enumerate(there))
    unused = tuple(Window(w.seconds, 0, w.joules) for w in idle)
    return Measurement(tuple(busy), unused, spent, energy, missing)


def check_windows(seconds: float, repeats: int) -> None:
    """Check the length and the number of windows.

    Raises:
        ConfigError: ``seconds`` is not above 0, or ``repeats`` is below 1.
    """
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"seconds is {seconds}; a window must be longer than 0. Use 5, say.")
    if repeats < 1:
        raise ConfigError(f"repeats is {repeats}; it must be at least 1. Use 3, say.")


def _window(
    work: Callable[[], object], seconds: float, meters: list[Meter], clock: Callable[[], float]
) -> Window:
    """Call ``work`` until the time is over.

    Counters are read once a second too, so that none wraps around twice unnoticed.
    """
    joules = [0.0] * len(meters)
    last = [meter.read() for meter in meters]

    def add() -> None:
        for n, meter in enumerate(meters):
            now = meter.read()
            joules[n] += meter.joules(last[n], now)
            last[n] = now

    start = read = now = clock()
    calls = 0
    while calls == 0 or now - start < seconds:
        work()
        calls, now = calls + 1, clock()
        if now - read >= 1:
            add()
            read = now
    add()
    return Window(clock() - start, calls, tuple(joules))


def _of_meter(number: int, meter: Meter, busy: list[Window], idle: list[Window]) -> MeterWindows:
    watts = [window.joules[number] / window.seconds for window in idle]
    return MeterWindows(
        meter.name,
        meter.covers,
        Spread.of(watts),
        Spread.of([w.joules[number] / w.calls for w in busy]),
        Spread.of(
            [
                (w.joules[number] - rest * w.seconds) / w.calls
                for w, rest in zip(busy, watts, strict=True)
            ]
        ),
    )
