"""A synthetic run folder: small, realistic arrays made from code."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

import spikeseg as ss

STEPS = (1, 2, 4, 8, 16, 32)
HISTORY = (
    *("step", "epoch", "loss", "cross_entropy", "dice_loss", "rate_loss"),
    *("under_band", "in_band", "over_band", "learning_rate", "data_share"),
)
LAYERS = ("encoder1.0", "encoder1.1", "encoder2.0", "bottleneck.0", "decoder1.0")


def cells(rng, size, num_classes):
    """Return an (H, W) image and mask of cells (class 1 and up) between membranes (class 0)."""
    seeds = rng.uniform(0, size, (12, 2))
    at = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1)
    distance = np.linalg.norm(at[:, :, None] - seeds, axis=-1)
    near = np.sort(distance, axis=-1)
    kinds = 1 + np.arange(len(seeds)) % (num_classes - 1)
    is_membrane = near[..., 1] - near[..., 0] < size / 24
    mask = np.where(is_membrane, 0, kinds[distance.argmin(-1)]).astype(np.uint8)
    image = np.clip(np.where(is_membrane, 70, 170) + rng.normal(0, 18, mask.shape), 0, 255)
    mask[:2, :2] = 255
    return image.astype(np.uint8), mask


def damaged(rng, mask, share, num_classes):
    """Return ``mask`` with a share of its pixels at another class, as a prediction."""
    labels = np.where(mask == 255, 0, mask)
    change = rng.random(mask.shape) < share
    return np.where(change, (labels + 1) % num_classes, labels).astype(np.uint8)


def examples(num, num_classes, size=48, pictures=None):
    """Return the arrays of ``evaluation.npz``."""
    rng = np.random.default_rng(3)
    pictures = pictures or [cells(rng, size, num_classes) for _ in range(num)]
    images, masks = (np.stack(part) for part in zip(*pictures, strict=True))
    shares = [0.4, 0.3, 0.18, 0.09, 0.05, 0.03]
    forming = np.stack(
        [np.stack([damaged(rng, mask, s, num_classes) for s in shares]) for mask in masks]
    )
    return {
        "names": np.array([f"cells {16 + index}" for index in range(num)]),
        "images": images,
        "masks": masks,
        "ann": np.stack([damaged(rng, mask, 0.02, num_classes) for mask in masks]),
        "snn": forming[:, -1],
        "steps": np.array(STEPS),
        "forming": forming,
    }


def stage(num_classes, miou, num_steps, spikes, operations, operation, v_scores=True):
    return {
        "pixel_accuracy": miou + 0.0437,
        "miou": miou,
        "iou": [miou + 0.01 * (k - (num_classes - 1) / 2) for k in range(num_classes)],
        "dice": miou + 0.0211,
        "dice_per_class": [miou + 0.02 + 0.001 * k for k in range(num_classes)],
        "v_rand": miou + 0.0152 if v_scores else None,
        "v_info": miou + 0.0307 if v_scores else None,
        "num_steps": num_steps,
        "spikes_per_neuron": spikes,
        "synaptic_operations_per_image": operations,
        "operation": operation,
    }


def layers(seed, center_hz, spread_hz):
    rng = np.random.default_rng(seed)
    made = []
    for index, name in enumerate(LAYERS):
        side = 128 // (1, 1, 2, 4, 1)[index]
        num = 16 * side * side
        rates = np.clip(rng.normal(center_hz + 6 * index, spread_hz, 4000), 0, 990)
        rates[rng.random(4000) < 0.02 * index] = 0
        counts, edges = np.histogram(rates, bins=50, range=(0, 1000))
        shares = [float(np.mean(rates < 50)), 0.0, float(np.mean(rates > 200))]
        shares[1] = 1 - shares[0] - shares[2]
        made.append(
            {
                "name": name,
                "shape": [16, side, side],
                "num_neurons": num,
                "threshold": 5.0 - 0.3 * index,
                "rate_histogram": {"edges_hz": edges.tolist(), "counts": counts.tolist()},
                "under_band": shares[0],
                "in_band": shares[1],
                "over_band": shares[2],
                "mean_rate_hz": float(rates.mean()) / 4,
                "dead": int(num * 0.005 * index),
                "saturated": 12 * index,
                "relative_error": 0.021 + 0.017 * index,
                "synaptic_operations_per_image": 1.2e8 / (1 + index),
            }
        )
    return made


def write_csv(path, num_epochs):
    names = HISTORY
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for epoch in range(1, num_epochs + 1):
            fall, inside = 0.8 * 0.75**epoch, 1 - 0.6 * 0.6**epoch
            warm = np.sin(np.pi * epoch / (num_epochs + 1))
            row = [50 * epoch, epoch, 1.2 * fall + 0.1, 0.7 * fall, 0.5 * fall, 0.3 * fall]
            writer.writerow([*row, 0.7 * (1 - inside), inside, 0.3 * (1 - inside),
                             4e-3 * warm, 0.03])  # fmt: skip


def write_run(
    folder, *, num_classes=2, num=3, baseline=True, v_scores=True, chip=False, direct=False,
    pictures=None,    size=48, snn_miou=0.9012, num_epochs=8,
):  # fmt: skip
    """Write a run folder and return the values of its JSON files, by file name."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    head = {"format": 1, "version": "0.1.0"}
    names = ["membrane", "cell", "nucleus", "vesicle", "axon"][:num_classes]
    command = "spikeseg run --data.name cells --seed 7 --out runs/<demo> & more"
    weight = ss.RegularizerConfig(weight=0.1 if baseline else 0.0)
    config = asdict(ss.RunConfig(seed=7, training=ss.TrainingConfig(regularizer=weight)))
    made = {"config.json": {**head, "command": command, "config": config}}
    stages = {
        "ann": stage(num_classes, 0.9043, 1, 0, 2.1e9, "MAC", v_scores),
        "snn": stage(num_classes, snn_miou, 32, 0.4321, 1.37e9, "AC", v_scores),
    }
    if direct:
        stages["direct"] = direct_stage(num_classes, v_scores)
    if chip:
        stages["chip"] = chip_stage(stage(num_classes, 0.8871, 32, 0.52, 1.5e9, "AC", v_scores))
    metrics = {
        **head,
        "command": "spikeseg run",
        "data": {
            "name": "cells",
            "class_names": names,
            "split": "images 0 to 15 train; 16 to 19 are held out",
            "notes": ["made from seed 0", "membranes <2 pixels> were kept"],
            "num_train": 16,
            "num_test": 4,
            "membrane_class": 0 if v_scores else None,
            "source": "sha256 0123abcd",
        },
        "stages": stages,
        "curve": [
            {
                "num_steps": k,
                "pixel_accuracy": snn_miou + 0.0562 - 0.4 / k,
                "miou": snn_miou + 0.0156 - 0.5 / k,
            }
            for k in range(1, 33)
        ],
        "seconds": {"train": 75.25, "evaluate": 8.5},
        "training": {"data_share": 0.03, "num_parameters": 119234, "steps": 400, "images": 3200},
    }
    if baseline:
        without = {
            "ann": stage(num_classes, 0.9081, 1, 0, 2.1e9, "MAC", v_scores),
            "snn": stage(num_classes, 0.8634, 32, 1.26, 4.4e9, "AC", v_scores),
        }
        metrics["baseline"] = {"stages": without, "layers": layers(2, 190, 160)}
    if direct:
        metrics["direct_curve"] = direct_curve()
        metrics["seconds"]["train_direct"] = 95.5
    made["metrics.json"] = metrics
    made["layers.json"] = {
        **head, "band_hz": [50, 200], "percentile": 99, "crop": 128, "num_crops": 96,
        "layers": layers(1, 120, 32), "in_band": 0.93,
    }  # fmt: skip
    for name, value in made.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    write_csv(folder / "history.csv", num_epochs)
    shown = examples(num, num_classes, size, pictures)
    np.savez_compressed(folder / "evaluation.npz", **shown)
    if direct:
        write_direct(folder / "direct", shown)
    if chip:
        made |= write_chip(folder, shown)
    return made


TRAINED = "7d" * 32


def direct_stage(num_classes, v_scores=True):
    """Return the stage of the trained spiking network in ``metrics.json``."""
    return stage(num_classes, 0.8923, 4, 0.21, 6.0e8, "AC", v_scores) | {"made_from": TRAINED}


def direct_curve():
    """Return the curve of the trained spiking network."""
    return [
        {"num_steps": k, "pixel_accuracy": 0.9623 - 0.1 / k, "miou": 0.9173 - 0.1 / k}
        for k in range(1, 5)
    ]


def write_direct(folder, shown):
    """Write what the report reads of a trained spiking network; its masks are the truth."""
    folder.mkdir(exist_ok=True)
    head = {"format": 1, "version": "0.1.0", "command": "spikeseg run"}
    spiking = ss.SpikingConfig(neuron="plif", surrogate="fast_sigmoid", reset="hard")
    config = asdict(ss.RunConfig(network=ss.NetworkConfig(spiking=spiking)))
    (folder / "config.json").write_text(json.dumps(head | {"config": config}))
    (folder / "metrics.json").write_text(json.dumps(head | {"made_from": TRAINED}))
    write_csv(folder / "history.csv", 5)
    masks = np.where(shown["masks"] == 255, 0, shown["masks"])
    arrays = {"names": shown["names"], "masks": shown["masks"], "snn": masks}
    np.savez_compressed(folder / "evaluation.npz", **arrays)


PROGRAM = "5e" * 32


def chip_stage(scores):
    """Return the stage of the chip in ``metrics.json``."""
    return scores | {
        "bits": 8,
        "chip": "loihi1",
        "cores": 150,
        "chips": 2,
        "input_spikes_per_image": 51234.5,
        "overflows": {"accumulator": 0, "current": 0, "input current": 0},
        "output_spikes": 0,
        "made_from": PROGRAM,
    }


def core_layer(name, shape, tile, rows):
    """Return a layer of ``cores.json``; ``rows`` are (compartments, in_axons, out_axons, bits)."""
    limits = {"compartments": 1024, "in_axons": 4096, "out_axons": 4096, "synapse_bits": 1048576}
    limits |= {"profiles": 31, "thresholds": 7}
    columns = dict(zip(limits, [*zip(*rows, strict=True), [1] * len(rows), [1] * len(rows)],
                       strict=True))  # fmt: skip
    largest = {n: max(columns[n]) / limit for n, limit in limits.items()}
    return {
        "name": name,
        "shape": shape,
        "neurons": int(np.prod(shape)),
        "tile": tile,
        "cores": len(rows),
        "least_cores": -(-int(np.prod(shape)) // 1024),
        "traffic": sum(columns["in_axons"]),
        "largest": largest,
        "mean": {n: sum(columns[n]) / len(rows) / limit for n, limit in limits.items()},
        "rows": {n: " ".join(map(str, values)) for n, values in columns.items()},
    }


def write_chip(folder, shown):
    """Write the files of a program on 150 cores, and return the values of the JSON files."""
    deep = [(1000, 300 + k % 7, 2000, 700000) for k in range(148)]
    layers = [
        core_layer("decoder1.0", [37, 200, 20], [1, 50, 20], deep),
        core_layer("output", [2, 10, 100], [2, 10, 50], [(1000, 1000, 0, 4096)] * 2),
    ]
    head = {"format": 1, "version": "0.1.0", "made_from": PROGRAM}
    rates = [("encoder1.0", "host", 120.25), ("decoder1.0", "chip", 61.5)]
    made = {
        "cores.json": head
        | {
            "size": [256, 248],
            "rounding": "corrected",
            "chip": {"name": "loihi1", "title": "Intel Loihi (2018), 14 nm", "cores": 128},
            "num_cores": 150,
            "num_chips": 2,
            "least_cores": 147,
            "num_neurons": 150000,
            "num_host_neurons": 64000,
            "host": [{"name": "encoder1.0", "shape": [16, 64, 63]}],
            "layers": layers,
        },
        "chip_layers.json": head
        | {
            "num_steps": 32,
            "layers": [{"name": n, "on": on, "mean_rate_hz": rate} for n, on, rate in rates],
        },
    }
    for name, value in made.items():
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    masks = np.where(shown["masks"] == 255, 0, shown["masks"])
    np.savez_compressed(
        folder / "chip_examples.npz", made_from=PROGRAM, names=shown["names"], chip=masks
    )
    return made
