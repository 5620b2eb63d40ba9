"""Rounds in which contestants take turns, so that a machine that slows down slows all of them."""

import ctypes
import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from torch import Tensor

from benchmarks.training.contestant import Case, Contestant, Step, Weights
from benchmarks.training.equality import check_logits

Row = dict[str, Any]
_MOST_REPEATS = 8
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of glibc's malloc.h


def keep_heap() -> None:
    """Tell glibc to keep freed memory instead of giving pages back: for all contestants alike.

    Raises:
        RuntimeError: glibc refuses.
    """
    libc = ctypes.CDLL(None)
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 64 << 20))
    if not all(libc.mallopt(name, value) for name, value in settings):
        raise RuntimeError("mallopt refused to keep freed memory; glibc is needed.")


def turns(names: Sequence[str], rounds: int) -> list[list[str]]:
    """Return who is timed after whom; each round begins with the next contestant.

    >>> turns(["a", "b", "c"], 2)
    [['a', 'b', 'c'], ['b', 'c', 'a']]
    """
    starts = [number % len(names) for number in range(rounds)]
    return [[*names[start:], *names[:start]] for start in starts]


def prepare(contestant: Contestant, case: Case, weights: Weights) -> tuple[Step, Row, Tensor]:
    """Return what to time, how long it took until the first step was done, and its result."""
    started = time.perf_counter()
    step = contestant.prepare(case, weights)
    first = step().clone()  # before a runtime uses its memory again
    ready = time.perf_counter() - started
    row: Row = {"kind": contestant.kind, "warm_up_s": ready, "cpu_ms": [], "wall_ms": []}
    return step, row, first


def compare(ready: Mapping[str, tuple[Step, Row, Tensor]], expected: Tensor) -> None:
    """Add to the rows how far everybody's first logits are from the exact ones; see `check_logits`.

    Args:
        ready: what `prepare` returns, by contestant.
        expected: the exact logits.
    """
    kinds = {name: row["kind"] for name, (_, row, _) in ready.items()}
    logits = {name: first for name, (_, _, first) in ready.items()}
    for name, found in check_logits(logits, kinds, expected).items():
        ready[name][1]["beside_exact"] = found


def timed(step: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return milliseconds a step, of the process's processors and of the wall."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        step()
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    return cpu_s / repeats * 1e3, wall_s / repeats * 1e3


def run_rounds(
    steps: dict[str, Step], rows: dict[str, Row], rounds: int, at_least_s: float = 0.2
) -> None:
    """Add the times of every round to the rows; one untimed step stands before each timed run.

    Args:
        steps: what is timed.
        rows: of the same names; `prepare` makes them.
        rounds: in each of which everybody has a turn.
        at_least_s: a timed run repeats its step until it lasts so long, eight times at most.
    """
    gc.collect()
    gc.disable()
    try:
        for order in turns(list(steps), rounds):
            for name in order:
                _, once_ms = timed(steps[name], 1)
                repeats = max(1, min(_MOST_REPEATS, math.ceil(at_least_s * 1e3 / once_ms)))
                cpu, wall = timed(steps[name], repeats)
                rows[name]["cpu_ms"].append(cpu)
                rows[name]["wall_ms"].append(wall)
    finally:
        gc.enable()


def clock(threads: int) -> str:
    """Return what is compared: processor time on one thread, the wall's on more."""
    return "cpu_ms" if threads == 1 else "wall_ms"


def ratio(cell: Row, name: str, other: str) -> float:
    """Return the median over rounds of how long one took, in units of the other."""
    key, rows = clock(cell["threads"]), cell["contestants"]
    return float(median(a / b for a, b in zip(rows[name][key], rows[other][key], strict=True)))
