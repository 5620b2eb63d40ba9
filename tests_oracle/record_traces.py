"""Writes tests/loihi1_traces.npz: what nengo-loihi made of some small networks.

Run with the environment of `make test-oracle`: ``python -m tests_oracle.record_traces``.
"""

from pathlib import Path

import numpy as np

from tests.trace_files import TracedNet, save_nets
from tests_oracle.nengo_side import NAMES, run_nengo
from tests_oracle.networks import draw
from tests_oracle.our_side import boxes, float_network

FILE = Path(__file__).parent.parent / "tests" / "loihi1_traces.npz"
CASES = {
    "dense-1": 60,
    "strided-2": 60,
    "dilated-0": 40,
    "transposed-2": 40,
    "recurrent-0": 100,
    "overflow-1": 60,
    "weak-3": 40,
    "ties-0": 30,
}
"""Family and seed of each network, and its number of steps."""


def traced(family: str, seed: int, num_steps: int) -> TracedNet:
    """Return one network with nengo-loihi's integers and states."""
    drawn = draw(family, seed)
    heard = run_nengo(drawn, num_steps)
    integers = {}
    for name, blocks in heard.blocks.items():
        for number, block in enumerate(blocks):
            for ours, theirs in NAMES.items():
                integers[f"{name}/{number}/{ours}"] = block.numbers[theirs].astype(np.int32)
            for source, weight in block.weights.items():
                integers[f"{name}/{number}/from {source}"] = weight.astype(np.int32)
    traces = {
        f"{name}/{kind}": values if kind == "spikes" else values.astype(np.int32)
        for name, trace in heard.traces.items()
        for kind, values in trace.items()
    }
    layers = [p for p in drawn.populations if p.kind != "host"]
    return TracedNet(
        network=float_network(drawn),
        boxes={p.name: boxes(p) for p in layers},
        integers=integers,
        spikes=heard.spikes,
        traces=traces,
    )


def main() -> None:
    """Write the file anew."""
    nets = {}
    for case, num_steps in CASES.items():
        family, seed = case.split("-")
        nets[case] = traced(family, int(seed), num_steps)
    save_nets(FILE, nets)
    print(f"{FILE.name}: {len(nets)} networks, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
