"""Training and inference of the spiking U-Net on a GPU: ours beside SpikingJelly's, by turns.

``python -m benchmarks.training.gpu --out results/gpu.json``, in the environment with the peers, on
a machine with a GPU; elsewhere it says so and ends with code 2. Logits are compared with the naive
loop's before an inference is timed. The wall's clock counts; every step waits for the GPU.
"""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.training.contestant import Builder, Case, Contestant, Kind, Mode, Step, Weights
from benchmarks.training.our_training import our_unet
from benchmarks.training.peers import spikingjelly_unet
from benchmarks.training.roster import NAIVE, exact_logits, naive_unet
from benchmarks.training.rounds import compare, prepare, run_rounds
from benchmarks.training.task import blobs, stored_weights
from benchmarks.training.torch_steps import (
    IMAGE_SEED,
    STOCK,
    Setting,
    inference,
    make_network,
    training_step,
)
from spikeseg.engine.through_time.compiled import describe_gpu
from spikeseg.files import write_json

Maker = Callable[[Case, Weights, Setting], nn.Module]
_MIB = 1 << 20
_CHOICE = "SJ_LIF_CUDA_IMPLEMENTATION"  # which of its kernels SpikingJelly takes
_LAST, _CAST = Setting(channels_last=True), Setting(channels_last=True, bf16=True)
_BOTH: tuple[Mode, ...] = ("train", "infer")
ABOUT = (
    "U-Net of 0.38 GMAC a step, 1x128x128 images, weights of the naive loop after a short training."
    " Contestants take turns in one process; one untimed step stands before each timed run; wall "
    "time, the GPU awaited after each step; figures are medians over rounds. warm_up_s holds "
    "compilation. Memory: what torch has allocated at most in a step, in MiB."
)


def main() -> int:
    """Measure all cases and write the result; 2 where there is no GPU."""
    given = _arguments()
    if not torch.cuda.is_available():
        print("bench-gpu: torch finds no GPU here; nothing was measured.", file=sys.stderr)
        return 2
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # for all alike
    weights = stored_weights(given.weights)
    cases = [Case(m, t, b) for t in given.steps for b in given.batches for m in _BOTH]
    result = {
        "command": "make bench-gpu",
        "about": ABOUT,
        "gpu": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "engine": describe_gpu(),
        "spikingjelly": importlib.metadata.version("spikingjelly"),
        _CHOICE: os.environ.get(_CHOICE, "auto"),
        "cells": [measure_cell(case, weights, given.rounds) for case in cases],
    }
    write_json(given.out, result)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("results/gpu.json"))
    parser.add_argument("--weights", type=Path, default=Path("runs/bench-training/weights.pt"))
    parser.add_argument("--steps", type=int, nargs="+", default=(4, 8), help="T")
    parser.add_argument("--batches", type=int, nargs="+", default=(4, 32))
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def contestants() -> list[Contestant]:
    """Return ours, the naive loop, and SpikingJelly's neurons, with kernels and in plain torch."""
    naive, jelly = partial(make_network, naive_unet), partial(make_network, spikingjelly_unet)
    plain = partial(make_network, partial(spikingjelly_unet, simple=True))
    entries: tuple[tuple[str, Kind, Maker, Setting], ...] = (
        (NAIVE, "naive", naive, STOCK),
        ("ours fp32", "ours", _ours, _LAST),
        ("ours bf16", "ours", _ours, _CAST),
        ("spikingjelly", "stock", jelly, STOCK),
        ("spikingjelly, channels_last bf16", "best", jelly, _CAST),
        ("spikingjelly in plain torch", "stock", plain, STOCK),
        ("spikingjelly in plain torch, channels_last bf16", "best", plain, _CAST),
    )
    return [Contestant(name, kind, _BOTH, on_gpu(make, how)) for name, kind, make, how in entries]


def _ours(case: Case, weights: Weights, setting: Setting) -> nn.Module:
    network = our_unet(case.num_steps, weights).train(case.mode == "train")
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def on_gpu(make: Maker, setting: Setting = STOCK, device: str = "cuda") -> Builder:
    """Return the builder of steps on a device, each of which ends when the device is done."""

    def build(case: Case, weights: Weights) -> Step:
        layout = torch.channels_last if setting.channels_last else torch.contiguous_format
        network = make(case, weights, setting).to(device)
        images, masks = (t.to(device) for t in blobs(case.batch, case.size, IMAGE_SEED))
        images = images.to(memory_format=layout)
        step = training_step if case.mode == "train" else inference
        return _awaited(step(network, images, masks, setting.bf16), device)

    return build


def _awaited(step: Step, device: str) -> Step:
    def run() -> Tensor:
        found = step()
        if device == "cuda":
            torch.cuda.synchronize()
        return found

    return run


def measure_cell(case: Case, weights: Weights, rounds: int) -> dict[str, Any]:
    """Return milliseconds a step and MiB of everybody; prints medians in units of the naive's."""
    ready = {c.name: prepare(c, case, weights) for c in contestants()}
    rows = {name: row for name, (_, row, _) in ready.items()}
    if case.mode == "infer":
        compare(ready, exact_logits(case, weights))
    for step, row, _ in ready.values():
        row["peak_mib"] = _peak(step)
    run_rounds({name: step for name, (step, _, _) in ready.items()}, rows, rounds)
    for name, row in rows.items():
        row["ms"] = median(row["wall_ms"])
        share = row["ms"] / median(rows[NAIVE]["wall_ms"])
        print(f"{case.key} {name:<44} {row['ms']:8.3f} ms, {share:6.3f} x naive", flush=True)
    fields = {"mode": case.mode, "num_steps": case.num_steps, "batch": case.batch}
    return {"case": case.key, **fields, "contestants": rows}


def _peak(step: Step) -> float:
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    return (torch.cuda.max_memory_allocated() - before) / _MIB


if __name__ == "__main__":
    sys.exit(main())
