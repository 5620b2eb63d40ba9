"""What counting costs beside emulating, and whether both agree on what was delivered.

``python -m benchmarks.energy.count_pass --out results/ledger.json``: the U-Net of 236,816 neurons,
5 % of which fire in a step, 32 steps, one thread.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.emulator.driven import draw_spikes, driven_unet
from spikeseg.chips import ChipProgram
from spikeseg.emulation import Recording, emulate
from spikeseg.energy import Counter
from spikeseg.files import write_json
from spikeseg.placing import place

SIZE, ACTIVITY, NUM_STEPS = 76, 0.05, 32
Spikes = dict[str, np.ndarray[Any, np.dtype[np.bool_]]]


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/ledger.json"))
    parser.add_argument("--rounds", type=int, default=15, help="of emulating and counting by turns")
    given = parser.parse_args()
    network, program = driven_unet(SIZE, ACTIVITY)
    program, spikes = place(program), draw_spikes(network, ACTIVITY, NUM_STEPS)
    result = {"neurons": program.num_neurons, "cores": len(program.cores), "steps": NUM_STEPS}
    result |= _agreement(program, spikes) | _times(program, spikes, given.rounds)
    write_json(given.out, {"command": "make bench-ledger", "summary": result})
    print(result)


def _recorded(program: ChipProgram, spikes: Spikes) -> Recording:
    names = [f"{part.name}.spikes" for part in program.populations]
    return emulate(program, spikes, record=names, threads=1)


def _agreement(program: ChipProgram, spikes: Spikes) -> dict[str, int]:
    """Return the operations that the ledger counts, and those that the emulator delivered."""
    ledger = Counter(program).count(spikes, _recorded(program, spikes))
    delivered = emulate(program, spikes, engine="event", deliveries=True, threads=1).deliveries
    counted = dict.fromkeys(delivered, 0)
    for layer, operations in zip(ledger.layers, ledger.synaptic_operations, strict=True):
        counted[layer] += int(operations)
    wrong = sum(counted[name] != number for name, number in delivered.items())
    return {"operations": sum(counted.values()), "layers_that_differ_from_deliveries": wrong}


def _times(program: ChipProgram, spikes: Spikes, rounds: int) -> dict[str, float]:
    """Return medians of processor time in milliseconds, and ratios of the medians."""
    counter, recording = Counter(program), _recorded(program, spikes)
    works: dict[str, Callable[[], object]] = {
        "emulate_ms": lambda: emulate(program, spikes, threads=1),
        "emulate_recorded_ms": lambda: _recorded(program, spikes),
        "count_ms": lambda: counter.count(spikes, recording),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            begin = time.process_time()
            work()
            taken[name].append(1e3 * (time.process_time() - begin))
    found = {name: statistics.median(times) for name, times in taken.items()}
    return found | {
        "count_over_recorded": found["count_ms"] / found["emulate_recorded_ms"],
        "count_over_unrecorded": found["count_ms"] / found["emulate_ms"],
    }


if __name__ == "__main__":
    main()
