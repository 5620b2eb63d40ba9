"""Scores the networks of a run after chosen steps, on the same test images, with their work.

Run it from the repository's root: ``python -m benchmarks.kim2022.measure RUN --out FILE``.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from benchmarks.kim2022.networks import Contestant, contestants
from benchmarks.kim2022.work import Work
from spikeseg import data as datasets
from spikeseg.config import RunConfig
from spikeseg.data import SegmentationData
from spikeseg.files import read_json, write_json
from spikeseg.metrics import ConfusionMatrix
from spikeseg.runs import RunFolder

_BATCH = 16
KINDS = ("ann", "converted", "direct")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--only", nargs="+", choices=KINDS, default=KINDS, help="the kinds of networks to measure"
    )
    given = parser.parse_args()
    folder = RunFolder(given.run)
    config = folder.read_config()
    data = datasets.load(config.data)
    rows: list[dict[str, Any]] = []
    for contestant in contestants(folder, config, data):
        if contestant.kind not in given.only:
            continue
        found = measure(contestant, data)
        for row in found:
            print(f"{row['network']}: {row['num_steps']} steps, mIoU {row['miou']:.4f}", flush=True)
        rows += found
    write_json(given.out, {"card": card(folder, config, data), "rows": rows})


def measure(contestant: Contestant, data: SegmentationData) -> list[dict[str, Any]]:
    """Return one row for each number of steps; each is a run of its own, so that work is exact.

    A directly trained network is run for all its steps: one row, with what it said after each.
    """
    if contestant.kind == "direct":
        return [_row(contestant, data, contestant.steps)]
    return [_row(contestant, data, (steps,)) for steps in contestant.steps]


def _row(contestant: Contestant, data: SegmentationData, looked: tuple[int, ...]) -> dict[str, Any]:
    """Run all test images for the last of some steps; score the masks after each."""
    matrices = dict.fromkeys(looked, ConfusionMatrix.empty(len(data.class_names)))
    work, last, images = Work(), looked[-1], len(data.test)
    for first in range(0, images, _BATCH):
        samples = [data.test[i] for i in range(first, min(images, first + _BATCH))]
        seen = contestant.run(torch.stack([torch.from_numpy(s.image) for s in samples]), last)
        work += seen.work
        for step, masks in zip(looked, seen.masks[-len(looked) :], strict=True):
            for sample, mask in zip(samples, masks, strict=True):
                matrices[step] = matrices[step].add(sample.mask, mask.numpy())
    return {
        "network": contestant.name,
        "kind": contestant.kind,
        "coding": contestant.coding,
        "bits": contestant.bits,
        "num_steps": last * contestant.parts,
        "miou": matrices[last].miou,
        "pixel_accuracy": matrices[last].pixel_accuracy,
        "forming": {str(step * contestant.parts): m.miou for step, m in matrices.items()},
        "spikes_per_neuron": work.spikes / work.neurons if work.neurons else 0.0,
        "additions_per_image": work.additions / images,
        "multiplications_per_image": work.multiplications / images,
        "arithmetic_joules_per_image": work.joules / images,
    }


def card(folder: RunFolder, config: RunConfig, data: SegmentationData) -> dict[str, Any]:
    """Return the protocol: whatever a figure of the run depends on."""
    training = config.training
    metrics = read_json(folder.require("metrics.json"))
    return {
        "command": folder.read_command(),
        "data": data.name,
        "protocol": config.data.protocol,
        "split": data.split,
        "num_train": len(data.train),
        "num_test": len(data.test),
        "resolution": list(data.test[0].image.shape[1:]),
        "channels": data.in_channels,
        "num_classes": len(data.class_names),
        "ignore_label": 255,
        "seed": config.seed,
        "network": config.network.name,
        "num_parameters": metrics["num_parameters"],
        "direct_start": config.direct_start if config.direct else None,
        "optimizer_steps": training.epochs * training.steps_per_epoch,
        "batch_size": training.batch_size,
        "learning_rate": training.learning_rate,
        "class_weights": training.class_weights,
        "precision": training.precision,
        "calibration_images": config.conversion.calibration_images,
        "seconds": metrics.get("seconds", {}),
        "selection": "none: the weights after the last step",
    }


if __name__ == "__main__":
    main()
