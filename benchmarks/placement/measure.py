"""Every partitioner on U-Nets of 2 to 32 chips, with measured rates.

``python -m benchmarks.placement.measure --out results/placement.json --picture FILE``.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.emulator.driven import compiled, draw_spikes, driven
from benchmarks.emulator.networks import unet, wide_unet
from spikeseg.chips import ChipProgram
from spikeseg.compiling import FloatNetwork
from spikeseg.emulation import emulate
from spikeseg.files import write_json
from spikeseg.placing import PARTITIONERS, Rates, count_traffic, place

ACTIVITY, NUM_STEPS, ROUNDS = 0.05, 20, 2
CASES: dict[str, tuple[Callable[[int, int], FloatNetwork], int]] = {
    "unet-76": (unet, 76),
    "wide-unet-96": (wide_unet, 96),
    "unet-156": (unet, 156),
    "unet-224": (unet, 224),
    "unet-316": (unet, 316),
}
ABOUT = (
    f"U-Nets with random weights, biases such that about {ACTIVITY:.0%} of the neurons fire in a "
    f"step; rates are means of {NUM_STEPS} emulated steps. All numbers are a step's. "
    "inter_chip_packets: one for each spike and axon on another chip; inter_chip_copies: one for "
    "each spike and other chip. Hops are counted as spikeseg.placing.count_traffic says. The mesh "
    "of every chip is laid out by the same search. Seconds are of processor time, the whole of "
    "place(), after its loops were compiled once."
)
Row = dict[str, Any]


def main() -> None:
    """Measure all cases and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/placement.json"))
    parser.add_argument("--picture", type=Path, help="PNG file to draw")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    given = parser.parse_args()
    warm_up()
    rows = [measure(name) for name in given.cases]
    result = {"command": "make bench-placement", "about": ABOUT, "rows": rows}
    write_json(given.out, result | {"summary": summarize(rows)})
    if given.picture:
        from benchmarks.placement.picture import draw

        draw(rows, given.picture)


def warm_up() -> None:
    """Have the loops compiled."""
    place(compiled(unet(16, 1), 1), cores_per_chip=8)


def measure(name: str) -> Row:
    """Measure one network with every partitioner."""
    make, size = CASES[name]
    network = driven(make(size, 1), ACTIVITY, num_steps=NUM_STEPS, rounds=ROUNDS)
    program, rates = with_rates(network)
    fired = sum(float(rates[p.name].sum()) for p in program.populations)
    row: Row = {
        "case": name,
        "neurons": program.num_neurons,
        "cores": len(program.cores),
        "activity": fired / program.num_neurons,
        "partitioners": {one: _placed(program, rates, one) for one in PARTITIONERS.names()},
    }
    row["chips"] = row["partitioners"]["hypergraph"]["chips"]
    row["packets"] = count_traffic(program, rates).packets
    print(json.dumps(row), flush=True)
    return row


def with_rates(network: FloatNetwork) -> tuple[ChipProgram, Rates]:
    """Return the program and its measured rates."""
    program, spikes = compiled(network, 1), draw_spikes(network, ACTIVITY, NUM_STEPS)
    counts = emulate(program, spikes).spike_counts
    rates = {name: array[0] / NUM_STEPS for name, array in counts.items()}
    return program, rates | {name: array[:, 0].mean(axis=0) for name, array in spikes.items()}


def _placed(program: ChipProgram, rates: Rates, partitioner: str) -> Row:
    started, wall = time.process_time(), time.perf_counter()
    placed = place(program, rates, partitioner)
    seconds, wall = time.process_time() - started, time.perf_counter() - wall
    counted = count_traffic(placed, rates)
    return {
        "chips": max(placed.placement) + 1,
        "inter_chip_packets": counted.inter_chip_packets,
        "inter_chip_copies": counted.inter_chip_copies,
        "hops": counted.hops,
        "seconds": seconds,
        "wall_seconds": wall,
    }


def summarize(rows: list[Row]) -> Row:
    """Return packets and hops of every partitioner, and how ours compares."""
    summary = {}
    for row in rows:
        by_name = row["partitioners"]
        ours = by_name["hypergraph"]["inter_chip_packets"]
        summary[row["case"]] = {
            "neurons": row["neurons"],
            "cores": row["cores"],
            "chips": row["chips"],
            **{
                f"to_{other}": ours / by_name[other]["inter_chip_packets"]
                for other in ("greedy_interchip", "round_robin", "greedy")
            },
            "seconds": by_name["hypergraph"]["seconds"],
            "partitioners": {
                name: {key: one[key] for key in ("inter_chip_packets", "inter_chip_copies", "hops")}
                for name, one in by_name.items()
            },
        }
    return summary


if __name__ == "__main__":
    main()
