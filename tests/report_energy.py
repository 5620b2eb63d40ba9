"""A small ``energy.json`` whose figures can be computed by hand."""

import json
from pathlib import Path

from report_run import PROGRAM
from spikeseg.report.energy_reading import read_energy
from spikeseg.report.records import Record

RIVALS = {"int8": "dense INT8", "fp32": "dense FP32"}


def span(low, value, high):
    return {"low": low, "value": value, "high": high}


def account(table, parts, rivals, seconds=None, left_out=None):
    """Return an account; ``parts`` and rivals are (low, value, high), in joules.

    Factor and outcome are computed here, from the definitions: joules of the rival for each of the
    spiking network; undecided where the ranges overlap.
    """
    total = span(*map(sum, zip(*parts.values(), strict=True)))
    verdicts = []
    for key, (low, value, high) in rivals.items():
        wins, loses = total["high"] < low, total["low"] > high
        verdicts.append(
            {
                "rival": key,
                "rival_table": "horowitz45_memory",
                "outcome": "wins" if wins else "loses" if loses else "undecided",
                "factor": value / total["value"],
                "break_even": 0.0125 if value > total["value"] / 2 else None,
                "sentence": f"Under {table} against {key}: the sentence.",
            }
        )
    return {
        "table": table,
        "estimate": {
            "layers": {},
            "parts": {name: span(*values) for name, values in parts.items()},
            "total": total,
            "seconds": seconds and span(*seconds),
            "left_out": left_out or {},
            "remarks": [],
        },
        "rivals": [
            {"key": k, "title": RIVALS[k], "table": "horowitz45_memory", "energy": span(*e)}
            for k, e in rivals.items()
        ],
        "verdicts": verdicts,
    }


def energy_values(num_chips=2):
    """Return the values: 8 mJ under davies2018, 2 uJ under toy, 1 uJ under quiet; tiles of 64."""
    rest = {"active_neurons": (0, 0, 0), "network": (0, 0, 0)}
    accounts = [
        account(
            "davies2018",
            {
                "idle_neurons": (1e-3, 1e-3, 1e-3),
                "active_neurons": (5e-4, 1e-3, 2e-3),
                "synapses": (4e-3, 4e-3, 5e-3),
                "network": (0, 0, 0),
                "static": (1e-3, 2e-3, 3e-3),
            },
            {"int8": (1e-5, 2e-5, 3e-5), "fp32": (1.2e-2, 1.6e-2, 2e-2)},
            seconds=(0.006, 0.0075, 0.008),
            left_out={"inter_chip_packet": 2500.0, "spike": 0.0},
        ),
        account(
            "toy",
            {"idle_neurons": (5e-7, 5e-7, 5e-7), "synapses": (5e-7, 1.5e-6, 2.5e-6)} | rest,
            {"int8": (2e-6, 4e-6, 6e-6)},
        ),
        account(
            "quiet",
            {"idle_neurons": (0, 0, 0), "synapses": (1e-6, 1e-6, 1e-6)} | rest,
            {"int8": (4e-6, 4e-6, 4e-6)},
        ),
    ]
    titles = {"davies2018": "Loihi as published", "toy": "A toy", "quiet": "Quiet",
              "horowitz45_memory": "Arithmetic and memory"}  # fmt: skip
    cores = [["encoder", k % num_chips, k // num_chips] for k in range(2 * num_chips)]
    cores += [["output", num_chips - 1, 7]]
    between = [[100.0 * (i != j) * (1 + i) for j in range(num_chips)] for i in range(num_chips)]
    between[0][0] = 700.0
    return {
        "format": 1,
        "version": "0.1.0",
        "made_from": PROGRAM,
        "images": ["cells 16", "cells 17"],
        "image_size": [96, 128],
        "size": [64, 64],
        "tiles_per_image": 6.0,
        "pixels_per_image": 96.0 * 128.0,
        "host_multiplications": 327184,
        "map": {
            "between_chips": between,
            "cores": cores,
            "pairs": [[0, 1, 30.0], [0, len(cores) - 1, 10.0]] if num_chips > 1 else [],
        },
        "ledger": {
            "num_steps": 32,
            "num_images": 12,
            "num_cores": len(cores),
            "num_chips": num_chips,
            "total": {
                "spikes": 12 * 1000,
                "synaptic_operations": 12 * 2_500_000,
                "updates": 12 * 32000,
                "packets_out": 12 * 4000,
                "inter_chip_packets": 12 * 2500,
            },
        },
        "num_steps": 32,
        "chips": num_chips,
        "spike_rate": 0.031,
        "tables": {
            name: {"title": title, "leaves_out": [f"what {name} leaves out"]}
            for name, title in titles.items()
        },
        "accounts": accounts,
        "band": {"weight": 0.1, "min_hz": 50.0, "max_hz": 200.0},
        "curve": [point(8, 0.91, 0.25), point(32, 0.95, 1.0)],
    }


def point(num_steps, accuracy, scale):
    return {
        "num_steps": num_steps,
        "pixel_accuracy": accuracy,
        "miou": accuracy - 0.1,
        "spikes_per_neuron": 2 * scale,
        "synaptic_operations": 2.5e6 * scale,
        "totals": {
            "davies2018": span(6.5e-3 * scale, 8e-3 * scale, 1.1e-2 * scale),
            "toy": span(1e-6 * scale, 2e-6 * scale, 3e-6 * scale),
            "quiet": span(1e-6 * scale, 1e-6 * scale, 1e-6 * scale),
        },
    }


def write_energy(folder, **changes):
    """Write ``energy.json`` with top-level changes, and return its values."""
    values = energy_values() | changes
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "energy.json").write_text(json.dumps(values), encoding="utf-8")
    return values


LOWER = {"weight": 0.1, "min_hz": 20.0, "max_hz": 80.0}


def stage():
    """Return the stage of the chip that the values are of."""
    values = {"made_from": PROGRAM, "chip": "loihi1", "num_steps": 32}
    return Record(Path("metrics.json"), values, "stages.chip")


def energy_of(folder, beside=(), **changes):
    """Write the values and read them as the report does."""
    write_energy(folder, **changes)
    return read_energy(Path(folder), stage(), beside)
