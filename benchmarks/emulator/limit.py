"""What no event-driven emulator of this kind undercuts: all neurons once, all weights once."""

import time
from dataclasses import replace
from typing import Any

import numba
import numpy as np

from spikeseg.chips import ChipProgram
from spikeseg.emulation import emulate
from spikeseg.emulation.state import aligned
from spikeseg.emulation.vectors import adder

_STEPS, _REPEATS, _LANES = 100, 9, 32
_add = adder(_LANES, 1)


def estimated_limit_ms(program: ChipProgram, operations: float) -> float:
    """Return milliseconds a step: the neurons without synapses, and all weights at full width.

    Args:
        program: what runs.
        operations: synapses that spikes reach in one step.
    """
    alone = replace(program, cores=tuple(replace(core, synapses=()) for core in program.cores))
    nothing = {part.name: np.zeros((_STEPS, 1, *part.shape), bool) for part in program.inputs}
    neurons = _shortest(lambda: emulate(alone, nothing, threads=1)) / _STEPS
    sums, weights = aligned(1024, np.int16), aligned(8192, np.int16)
    vectors = 1_000_000
    additions = _shortest(lambda: _sum_up(sums, weights, vectors)) / vectors
    return (neurons + operations / _LANES * additions) * 1e3


def _shortest(work: Any) -> float:
    work()
    times = []
    for _ in range(_REPEATS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


@numba.njit
def _sum_up(sums: Any, weights: Any, vectors: Any) -> None:
    for n in range(vectors):
        _add(sums, (n * _LANES) & 1023, weights, (n * _LANES) & 8191)
