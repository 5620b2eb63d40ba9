"""What the engine picks on processors with fewer instructions, and whether it is ever slower.

``python -m benchmarks.training.isa --out results/isa.json`` limits oneDNN, which computes the
convolutions of torch, with ``ONEDNN_MAX_CPU_ISA``, in a process for each limit, and lets the naive
loop and what the engine picks there take turns. Loops over neurons use what the processor has.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.training.contestant import Builder, Case, Contestant, Mode
from benchmarks.training.our_inference import graph_builder
from benchmarks.training.our_training import our_builder
from benchmarks.training.roster import NAIVE, naive_unet, processor
from benchmarks.training.rounds import Row, keep_heap, prepare, ratio, run_rounds
from benchmarks.training.task import stored_weights
from benchmarks.training.torch_steps import builder
from spikeseg.engine import ALLOWED, choose_engine, choose_numbers
from spikeseg.files import write_json

LIMITS = ("AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "")
ABOUT = (
    "U-Net of benchmarks.training, T = 4, batch 4, one thread, processor time, in units of the "
    "naive loop's under the same limit; medians over rounds by turns. Numbers as "
    "training.precision auto picks them; of inference, as evaluation.precision does."
)


def main() -> None:
    """Measure under every limit and write the result; or under that of this process, and print."""
    given = _arguments()
    if given.here:
        print(json.dumps(measure(given.weights, given.rounds)))
        return
    stored_weights(given.weights)
    result: dict[str, Any] = {"command": "make bench-isa", "about": ABOUT, "rows": []}
    result["processor"] = processor()
    for limit in given.limits:
        row = {"isa": limit or "no limit"} | _in_own_process(limit, given)
        print(*describe(row), sep="\n", flush=True)
        result["rows"].append(row)
        write_json(given.out, result)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/isa.json"))
    parser.add_argument("--weights", type=Path, default=Path("runs/bench-training/weights.pt"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limits", nargs="+", default=LIMITS, help="of ONEDNN_MAX_CPU_ISA")
    parser.add_argument("--here", action="store_true", help="measure in this process, and print")
    return parser.parse_args()


def _in_own_process(limit: str, given: argparse.Namespace) -> Row:
    environment = {k: v for k, v in os.environ.items() if k != "ONEDNN_MAX_CPU_ISA"}
    if limit:
        environment["ONEDNN_MAX_CPU_ISA"] = limit
    command = [sys.executable, "-m", "benchmarks.training.isa", "--here"]
    command += ["--weights", str(given.weights), "--rounds", str(given.rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(weights: Path, rounds: int) -> Row:
    """Return, of training and inference, what is picked, why, and its time beside the naive loop.

    Args:
        weights: file of the network.
        rounds: by turns.
    """
    keep_heap()
    torch.set_num_threads(1)
    train = choose_numbers(("bf16",))
    training = our_builder(bf16=train.numbers == "bf16")
    found = {"train": _against_naive("train", training, weights, rounds)}
    found["train"] |= {"numbers": train.numbers, "reason": train.reason}
    for precision in ALLOWED:
        mode = f"infer, precision {precision}"
        choice = choose_engine(precision)
        found[mode] = _against_naive("infer", graph_builder(precision), weights, rounds)
        found[mode] |= {"numbers": choice.numbers, "reason": choice.reason}
    return found


def _against_naive(mode: Mode, ours: Builder, weights: Path, rounds: int) -> Row:
    name, case, stored = f"ours {mode} (picked)", Case(mode, 4, 4), stored_weights(weights)
    present = [
        Contestant(NAIVE, "naive", (mode,), builder(naive_unet)),
        Contestant(name, "ours", (mode,), ours),
    ]
    ready = {c.name: prepare(c, case, stored) for c in present}
    rows = {key: row for key, (_, row, _) in ready.items()}
    run_rounds({key: step for key, (step, _, _) in ready.items()}, rows, rounds)
    cell = {"threads": case.threads, "contestants": rows}
    return {"ratio": ratio(cell, name, NAIVE), "contestants": rows}


def describe(row: Row) -> list[str]:
    """Return a line for training and one for each precision of inference.

    >>> describe({"isa": "AVX2", "train": {"numbers": "fp32", "ratio": 0.5, "reason": "exact"}})
    ['AVX2              train  fp32  0.500 x naive  (exact)']
    """
    return [
        f"{row['isa']:<17} {mode}  {found['numbers']}  {found['ratio']:.3f} x naive  "
        f"({found['reason']})"
        for mode, found in row.items()
        if mode != "isa"
    ]


if __name__ == "__main__":
    main()
