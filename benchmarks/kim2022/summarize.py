"""Puts the measurements of several data sets together: figures, protocol cards, spatial variance.

``python -m benchmarks.kim2022.summarize NAME=RUN ... --out results/kim2022.json --picture PNG``;
each RUN holds ``kim2022.json`` (`benchmarks.kim2022.measure`), and ``diagnosis.json`` and
``robustness.json`` of the verbs.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.kim2022.picture import draw
from spikeseg.files import read_json, write_json

ABOUT = (
    "mIoU over the confusion matrix of all held-out images; forming: mIoU after each step of a "
    "directly trained network. Joules are of the arithmetic alone: 4.6 pJ for a multiplication and "
    "addition, 0.9 pJ for an addition (32 bits, 45 nm, as in Kim et al. 2022); no memory, no "
    "traffic; see docs/energy.md for what that leaves out. Runs here are sized for a processor."
)


def main() -> None:
    """Read the command line and write the file and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", help="NAME=FOLDER")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--picture", type=Path, required=True, help="PNG file to write")
    given = parser.parse_args()
    folders = {name: Path(path) for name, _, path in (text.partition("=") for text in given.runs)}
    sets = {name: collect(folder) for name, folder in folders.items()}
    summary = {name: summarize(found["rows"]) for name, found in sets.items()}
    result = {"command": "make reproduce-kim2022", "about": ABOUT, "summary": summary, "sets": sets}
    write_json(given.out, result)
    draw(sets, given.picture)


def collect(folder: Path) -> dict[str, Any]:
    """Return what a run's files hold."""
    found: dict[str, Any] = read_json(folder / "kim2022.json")
    if (folder / "diagnosis.json").exists():
        found["spatial_variance"] = variances(read_json(folder / "diagnosis.json"))
    if (folder / "robustness.json").exists():
        found["robustness"] = corrupted(read_json(folder / "robustness.json"))
    return found


def summarize(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the few figures that a claim needs: each network's mIoU, at equal steps."""
    direct = [row for row in rows if row["kind"] == "direct"]
    found: dict[str, Any] = {"ann": next(row["miou"] for row in rows if row["kind"] == "ann")}
    for row in direct:
        steps = row["num_steps"]
        converted = [r for r in rows if r["kind"] == "converted" and r["num_steps"] <= steps]
        most = max((r["num_steps"] for r in converted), default=0)
        equal = {r["network"]: r["miou"] for r in converted if r["num_steps"] == most}
        found["direct"] = {
            "num_steps": steps,
            "miou": row["miou"],
            "below_ann": found["ann"] - row["miou"],
            "converted_steps": most,
            "converted": equal,
            "joules_over_ann": row["arithmetic_joules_per_image"]
            / next(r["arithmetic_joules_per_image"] for r in rows if r["kind"] == "ann"),
        }
    return found


def variances(diagnosis: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the spatial variance of each layer, and the neurons that it keeps from firing."""
    names = ("name", "role", "spatial_variance", "variation", "under_firing", "relative_error")
    return [{name: layer[name] for name in names} for layer in diagnosis["layers"]]


def corrupted(robustness: dict[str, Any]) -> dict[str, Any]:
    """Return the mIoU of each network at each level of each corruption."""
    levels = {c["name"]: c["levels"] for c in robustness["corruptions"]}
    return {
        "num_images": robustness["data"]["num_images"],
        "levels": levels,
        "notes": robustness["notes"],
        "constant": robustness["constant"]["miou"],
        "miou": {
            network["stage"]: {
                name: found["miou"] if name == "clean" else [point["miou"] for point in found]
                for name, found in network["scores"].items()
            }
            for network in robustness["networks"]
        },
    }


if __name__ == "__main__":
    main()
