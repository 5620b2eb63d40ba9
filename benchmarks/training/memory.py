"""Memory of one contestant in a process of its own.

``python -m benchmarks.training.memory NAME --mode train --steps 4 --batch 4 --weights FILE``
prints, in MiB: ``peak``, how far one step goes above the process between two steps; ``held``, what
the contestant keeps between steps (for one that is compiled, also the compiler's own); ``saved``,
what the forward pass keeps for the backward pass, each storage once.
"""

import argparse
import ctypes
import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.training.contestant import Case, Contestant, Step, Weights
from benchmarks.training.roster import contestants
from benchmarks.training.rounds import keep_heap
from benchmarks.training.task import stored_weights

_MIB = 1 << 20
_SMALL = 32  # pixels of the image that libraries are loaded with


def main() -> None:
    """Measure one contestant and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--mode", choices=("train", "infer"), required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    given = parser.parse_args()
    keep_heap()
    torch.set_num_threads(1)
    chosen = next(c for c in contestants() if c.name == given.name)
    case = Case(given.mode, given.steps, given.batch)
    print(json.dumps(measure(chosen, case, stored_weights(given.weights))))


def measure(contestant: Contestant, case: Case, weights: Weights) -> dict[str, float]:
    """Return MiB: peak of a step, held between steps, saved for the backward pass."""
    if not contestant.compiled:
        contestant.prepare(Case(case.mode, case.num_steps, 1, size=_SMALL), weights)()
    before = _resident_after_trim()
    step = contestant.prepare(case, weights)
    step()
    idle = _resident_after_trim()
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the high-water mark begins anew
    step()
    peak = _status("VmHWM")
    saved = saved_bytes(step) / _MIB
    return {"peak": (peak - idle) / _MIB, "held": (idle - before) / _MIB, "saved": saved}


def saved_bytes(step: Step) -> int:
    """Return bytes of the storages that autograd saves in a step, each once."""
    storages: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        step()
    return sum(storages.values())


def in_own_process(contestant: Contestant, case: Case, weights: Path) -> dict[str, Any]:
    """Return what this module prints for a contestant, started anew."""
    command = [sys.executable, "-m", __spec__.name, contestant.name, "--mode", case.mode]
    command += ["--steps", str(case.num_steps), "--batch", str(case.batch)]
    done = subprocess.run(
        [*command, "--weights", str(weights)], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    counted = found["peak"] if contestant.compiled else found["peak"] + max(found["held"], 0.0)
    return {"kind": contestant.kind, **found, "mib": counted}


def _resident_after_trim() -> int:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _status("VmRSS")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    line = next(line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
