"""Training and inference of a spiking U-Net by every contestant, in rounds by turns.

``python -m benchmarks.training.measure --out results/training.json --picture FILE``, in the
environment with the peers. Before an inference is timed, everybody's logits are compared with those
of the naive loop in float64. The file is written after every case; ``--resume`` goes on with those
that it lacks.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.training.contestant import Case, Contestant, Weights
from benchmarks.training.memory import in_own_process
from benchmarks.training.roster import NAIVE, contestants, exact_logits, processor, versions
from benchmarks.training.rounds import Row, compare, keep_heap, prepare, run_rounds
from benchmarks.training.summarize import MAIN, summarize, table
from benchmarks.training.task import blobs, naive_rates, stored_weights
from benchmarks.training.torch_steps import IMAGE_SEED
from spikeseg.files import write_json

ABOUT = (
    "U-Net of 0.38 GMAC a step, 1x128x128 images, weights of the naive loop after a short training."
    " Contestants take turns in one process; one untimed step stands before each timed run; ratios "
    "are medians over rounds. One thread: processor time; two threads: wall time. glibc is told to "
    "keep freed memory (mallopt), for all alike. Memory, in MiB, in a process each: how far a step "
    "goes above the idle process, plus what is held between steps (not counted for compiled ones, "
    "which hold the compiler). A peer's best setting: what its users can switch on, as measured; "
    "compilation is in warm_up_s of its first case, later ones find kernels in torch's cache."
)


def main() -> None:
    """Measure all cases and write the result."""
    given = _arguments()
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", tempfile.mkdtemp(prefix="inductor"))
    keep_heap()
    chosen = _chosen(given.contestants)
    weights = stored_weights(given.weights)
    stored = json.loads(given.out.read_text("utf-8")) if given.resume and given.out.exists() else {}
    result: dict[str, Any] = {
        "command": "make bench-training",
        "about": ABOUT,
        "versions": versions(),
        "processor": processor(),
        "rates": naive_rates(weights, blobs(4, 128, IMAGE_SEED)[0], given.steps[0]),
        "cells": stored.get("cells", []),
        "memories": stored.get("memories", []),
    }
    for case in _cases(given):
        if _lacks(result["cells"], case, chosen):
            _replace(result["cells"], measure_cell(chosen, case, weights, given.rounds))
            _write(result, given.out)
    for case in _memory_cases(given):
        if _lacks(result["memories"], case, chosen):
            _replace(result["memories"], measure_memory(chosen, case, given.weights))
            _write(result, given.out)
    _write(result, given.out)
    if given.picture:
        from benchmarks.training.picture import draw

        draw(result["cells"], result["memories"], NAIVE, given.picture)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [contestant.name for contestant in contestants()]
    parser.add_argument("--out", type=Path, default=Path("results/training.json"))
    parser.add_argument("--picture", type=Path, help="PNG file to draw")
    parser.add_argument("--weights", type=Path, default=Path("runs/bench-training/weights.pt"))
    parser.add_argument("--contestants", nargs="+", choices=names, help="beside the naive loop")
    parser.add_argument(
        "--modes", nargs="+", choices=("train", "infer"), default=("train", "infer")
    )
    parser.add_argument("--steps", type=int, nargs="+", default=(4, 8), help="T")
    parser.add_argument("--batches", type=int, nargs="+", default=(4, 1))
    parser.add_argument("--threads", type=int, nargs="+", default=(1, 2))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--resume", action="store_true", help="keep the cases that --out holds")
    return parser.parse_args()


def _chosen(names: list[str] | None) -> list[Contestant]:
    if names:
        return [c for c in contestants() if c.name in {NAIVE, *names}]
    return [c for c in contestants() if not c.on_request]


def _cases(given: argparse.Namespace) -> list[Case]:
    return [
        Case(mode, num_steps, batch, threads)
        for num_steps in given.steps
        for batch in given.batches
        for mode in given.modes
        for threads in given.threads
    ]


def _memory_cases(given: argparse.Namespace) -> list[Case]:
    modes = given.modes if given.memory else ()
    return [Case(mode, num_steps, MAIN[0]) for num_steps in given.steps for mode in modes]


def measure_cell(chosen: list[Contestant], case: Case, weights: Weights, rounds: int) -> Row:
    """Return the times of everybody who can do the case, in milliseconds a step, round by round."""
    torch.set_num_threads(case.threads)
    torch.compiler.reset()
    ready = {c.name: prepare(c, case, weights) for c in chosen if case.mode in c.modes}
    rows = {name: row for name, (_, row, _) in ready.items()}
    if case.mode == "infer":
        compare(ready, exact_logits(case, weights))
    run_rounds({name: step for name, (step, _, _) in ready.items()}, rows, rounds)
    cell = _described(case, rows)
    print(case.key, *table(cell, NAIVE), sep="\n  ", flush=True)
    return cell


def measure_memory(chosen: list[Contestant], case: Case, weights: Path) -> Row:
    """Return the memory of everybody who can do the case."""
    able = [c for c in chosen if case.mode in c.modes]
    rows = {c.name: in_own_process(c, case, weights) for c in able}
    lines = [f"{name:<44} {row['mib']:7.1f} MiB" for name, row in rows.items()]
    print(f"memory, {case.key}", *lines, sep="\n  ", flush=True)
    return _described(case, rows)


def _described(case: Case, rows: dict[str, Row]) -> Row:
    fields = {name: getattr(case, name) for name in ("mode", "num_steps", "batch", "threads")}
    return {"case": case.key, **fields, "contestants": rows}


def _lacks(found: list[Row], case: Case, chosen: list[Contestant]) -> bool:
    wanted = {c.name for c in chosen if case.mode in c.modes}
    return not any(row["case"] == case.key and wanted <= set(row["contestants"]) for row in found)


def _replace(found: list[Row], row: Row) -> None:
    found[:] = [other for other in found if other["case"] != row["case"]] + [row]


def _write(result: dict[str, Any], path: Path) -> None:
    write_json(path, result | {"summary": summarize(result["cells"], result["memories"])})


if __name__ == "__main__":
    main()
