"""Accuracy, traffic and energies of runs on chips, from what each run's folder holds.

``python -m benchmarks.energy.summarize runs/two-chips ... --out results/two-chips.json``.
"""

import argparse
from pathlib import Path
from typing import Any

from spikeseg.files import read_json, write_json

SCORES = ("pixel_accuracy", "miou", "v_rand", "v_info", "num_steps", "spikes_per_neuron")
COUNTS = ("spikes", "synaptic_operations", "updates", "receiving_updates", "packets_out")
TRAFFIC = ("inter_chip_packets", "hops_east_west", "hops_north_south")


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    given = parser.parse_args()
    runs = {run.name: summarize(run) for run in given.runs}
    write_json(given.out, {"command": "make reproduce-two-chips", "about": ABOUT, "summary": runs})


ABOUT = (
    "Scores are of all held-out sections; counts, seconds and joules of one image as the chips are "
    "given it, a tile: the mean over the images named in energy.json. Energies are estimates, by "
    "tables of published costs; outcome and factor are the chip's against each dense rival."
)


def summarize(run: Path) -> dict[str, Any]:
    """Return the figures of one run."""
    metrics, energy = read_json(run / "metrics.json"), read_json(run / "energy.json")
    cores, chip = read_json(run / "cores.json"), metrics["stages"]["chip"]
    ledger = energy["ledger"]
    total = {name: ledger["total"][name] / ledger["num_images"] for name in (*COUNTS, *TRAFFIC)}
    return {
        "command": metrics["command"],
        "band": energy["band"],
        "ann": {name: metrics["stages"]["ann"][name] for name in SCORES},
        "snn": {name: metrics["stages"]["snn"][name] for name in SCORES},
        "chip": {name: chip[name] for name in (*SCORES, "bits", "overflows", "output_spikes")},
        "neurons": cores["num_neurons"],
        "host_neurons": cores["num_host_neurons"],
        "cores": cores["num_cores"],
        "chips": cores["num_chips"],
        "tile": energy["size"],
        "tiles_per_image": energy["tiles_per_image"],
        "counts": total,
        "dense_macs": sum(layer["macs"] for layer in energy["dense"]),
        "tables": {account["table"]: _account(account) for account in energy["accounts"]},
        "curve": energy["curve"],
    }


def _account(account: dict[str, Any]) -> dict[str, Any]:
    """Return the energy under one table, and the verdicts."""
    estimate = account["estimate"]
    rivals = {
        f"{verdict['rival']} ({verdict['rival_table']})": {
            name: verdict[name] for name in ("outcome", "factor", "break_even")
        }
        for verdict in account["verdicts"]
    }
    return {
        "joules": estimate["total"],
        "parts": {part: split["value"] for part, split in estimate["parts"].items()},
        "seconds": estimate["seconds"],
        "rivals": rivals,
    }


if __name__ == "__main__":
    main()
