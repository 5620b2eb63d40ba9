"""Speed of the emulator against nengo-loihi's, on the same integers, in rounds by turns.

``python -m benchmarks.emulator.measure --peer PYTHON --out results/emulator.json --picture FILE``;
``PYTHON`` is that of the environment with nengo-loihi. Every spike of both sides is compared.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.emulator.driven import draw_spikes, driven_unet
from benchmarks.emulator.limit import estimated_limit_ms
from spikeseg.chips import ChipProgram, KernelSynapses
from spikeseg.compiling import FloatNetwork
from spikeseg.emulation import Recording, emulate
from spikeseg.files import write_json

SIZES, ACTIVITIES, NUM_STEPS, ROUNDS = (16, 32, 76), (0.02, 0.05, 0.1), 100, 3
_REPEATS = 5  # of ours in a round
Row = dict[str, Any]


def main() -> None:
    """Measure all sizes and activities and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True, help="Python with nengo-loihi")
    parser.add_argument("--out", type=Path, default=Path("results/emulator.json"))
    parser.add_argument("--picture", type=Path, help="PNG file to draw")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    rows = [
        compare(size, activity, given.peer, given.rounds)
        for size in given.sizes
        for activity in ACTIVITIES
    ]
    result = {"command": "make bench-emulator", "about": ABOUT, "rows": rows}
    write_json(given.out, result | {"summary": summarize(rows)})
    if given.picture:
        from benchmarks.emulator.picture import draw

        draw(rows, given.picture)


ABOUT = (
    f"U-Net of 41 neurons a pixel, {NUM_STEPS} steps, medians of rounds in which both sides take "
    "turns; one thread: processor time; two threads: two images at once, wall time an image; "
    "nengo-loihi 1.1.0 without its host: emulator.step() alone. All spikes are equal."
)


def compare(size: int, activity: float, python: Path, rounds: int) -> Row:
    """Measure one network; refuse if any spike differs."""
    network, program = driven_unet(size, activity)
    spikes = draw_spikes(network, activity, NUM_STEPS)
    record = [f"{p.name}.spikes" for p in program.populations]
    ours = emulate(program, spikes, record=record, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        describe(network, program, spikes["input"][:, 0], path)
        with Peer(python, path) as peer:
            theirs = peer.run(NUM_STEPS)
            check_equal(ours, theirs)
            pairs = [(time_ours(program, spikes), peer.run(NUM_STEPS)) for _ in range(rounds)]
            row = tabulate([own for own, _ in pairs], [other for _, other in pairs])
    neurons = program.num_neurons
    fired = sum(int(c.sum()) for c in ours.spike_counts.values())
    operations = fan_out_of(program, ours, spikes)
    row |= {
        "size": size,
        "neurons": neurons,
        "cores": peer.built["cores"],
        "activity": fired / neurons / NUM_STEPS,
        "neuron_steps_per_s": neurons / row["ms_per_step"] * 1e3,
        "synaptic_operations_per_step": operations / NUM_STEPS,
        "synaptic_operations_per_s": operations / NUM_STEPS / row["ms_per_step"] * 1e3,
        "estimated_limit_ms": estimated_limit_ms(program, operations / NUM_STEPS),
        "peer_build_s": peer.built["build_s"],
    }
    print(json.dumps(row), flush=True)
    return row


def describe(network: FloatNetwork, program: ChipProgram, spikes: Any, path: Path) -> None:
    """Write a network for the peer: weights, biases, tiles, initial potentials, input spikes."""
    arrays: dict[str, Any] = {"spikes": spikes}
    entries: dict[str, Any] = {p.name: {"shape": p.shape, "links": []} for p in network.inputs}
    for layer in network.layers:
        links = []
        for number, kernel in enumerate(layer.kernels):
            arrays[f"{layer.name}.{number}"] = kernel.weight
            window = kernel.window
            links.append(
                {"source": kernel.source, "stride": window.stride, "transposed": window.transposed}
            )
        tile = program.cores_of(layer.name)[0].box.shape
        entries[layer.name] = {"shape": layer.shape, "links": links, "tile": tile}
        arrays[f"{layer.name}.bias"] = layer.bias
        initial = np.zeros(layer.shape, np.int32)
        for core in program.cores_of(layer.name):
            c, h, w = core.box.shape
            initial[core.box.slices] = core.v_initial.reshape(h, w, c).transpose(2, 0, 1)
        arrays[f"{layer.name}.v_initial"] = initial.transpose(1, 2, 0)
    np.savez(path, network=np.array(json.dumps(entries)), **arrays)


class Peer:
    """nengo-loihi in its own process."""

    def __init__(self, python: Path, path: Path) -> None:
        command = [str(python), "-m", "benchmarks.emulator.peer", str(path)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        self.built = self._answer()

    def _answer(self) -> Row:
        assert self.process.stdout is not None
        answer: Row = json.loads(self.process.stdout.readline())
        return answer

    def run(self, num_steps: int) -> Row:
        """Return milliseconds a step, spikes of each step and counts of each neuron."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{num_steps}\n")
        self.process.stdin.flush()
        return self._answer()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def check_equal(ours: Recording, theirs: Row) -> None:
    """Refuse a difference: spikes of every step, and of every neuron."""
    steps = sum(trace.sum(axis=(1, 2, 3, 4)) for trace in ours.traces.values())
    if not np.array_equal(steps, theirs["spikes"]):
        raise SystemExit(f"spikes differ: {list(steps)} here, {theirs['spikes']} there.")
    for name, counts in theirs["counts"].items():
        own = ours.spike_counts[name][0].transpose(1, 2, 0).ravel()
        if not np.array_equal(own, counts):
            raise SystemExit(f"{name}: {np.sum(own != counts)} neurons fire differently.")


def time_ours(program: ChipProgram, spikes: Any) -> Row:
    """Return milliseconds a step and image: processor and wall, one thread; wall, two images."""
    two = {name: np.repeat(array, 2, axis=1) for name, array in spikes.items()}
    cpu, wall, both = [], [], []
    for _ in range(_REPEATS):
        clocks = time.perf_counter(), time.process_time()
        emulate(program, spikes, threads=1)
        wall.append(time.perf_counter() - clocks[0])
        cpu.append(time.process_time() - clocks[1])
        started = time.perf_counter()
        emulate(program, two, threads=2)
        both.append((time.perf_counter() - started) / 2)
    names = {"cpu_ms": cpu, "wall_ms": wall, "two_threads_ms": both}
    return {name: median(times) / NUM_STEPS * 1e3 for name, times in names.items()}


def tabulate(ours: list[Row], theirs: list[Row]) -> Row:
    """Return medians over rounds."""
    ratios = [there["cpu_ms"] / own["cpu_ms"] for own, there in zip(ours, theirs, strict=True)]
    return {
        "ms_per_step": median(own["cpu_ms"] for own in ours),
        "wall_ms_per_step": median(own["wall_ms"] for own in ours),
        "two_threads_ms_per_step": median(own["two_threads_ms"] for own in ours),
        "peer_ms_per_step": median(there["cpu_ms"] for there in theirs),
        "peer_wall_ms_per_step": median(there["wall_ms"] for there in theirs),
        "ratio": median(ratios),
        "ratio_two_threads": median(
            there["wall_ms"] / own["two_threads_ms"]
            for own, there in zip(ours, theirs, strict=True)
        ),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def fan_out_of(program: ChipProgram, ours: Recording, spikes: Any) -> int:
    """Return how many synapses spikes reached in all steps."""
    shapes = program.shapes
    fired = {name: array.sum(axis=(0, 1)) for name, array in spikes.items()}
    fired |= {name: counts.sum(axis=0) for name, counts in ours.spike_counts.items()}
    total = 0
    for population in program.populations:
        _, h, w = population.shape
        channels = population.shape[0]
        for group in program.cores_of(population.name)[0].synapses:
            assert isinstance(group, KernelSynapses)
            (k_h, k_w), window = group.weight.shape[:2], group.window
            reach = [
                np.bincount(window.meetings(axis, taps, size, target)[:, 0], minlength=size)
                for axis, taps, size, target in (
                    (0, k_h, shapes[group.source][1], h),
                    (1, k_w, shapes[group.source][2], w),
                )
            ]
            each = np.einsum("chw,h,w->", fired[group.source], *reach)
            total += int(each) * channels
    return total


def summarize(rows: list[Row]) -> Row:
    """Return the figures that are quoted: the largest network with 5 % activity."""
    chosen = [row for row in rows if row["size"] == max(row["size"] for row in rows)]
    row = min(chosen, key=lambda row: abs(row["activity"] - 0.05))
    return {
        "neurons": row["neurons"],
        "activity": row["activity"],
        "ratio_237k_5pct_1thread": row["ratio"],
        "ratio_237k_5pct_2threads": row["ratio_two_threads"],
        "ms_per_step": row["ms_per_step"],
        "peer_ms_per_step": row["peer_ms_per_step"],
        "estimated_limit_ms": row["estimated_limit_ms"],
        "peak_mb": row["peak_mb"],
    }


if __name__ == "__main__":
    main()
