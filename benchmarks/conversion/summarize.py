"""Puts both sides together: ``results/conversion.json`` and a picture of it.

Run it from the repository's root:
``python -m benchmarks.conversion.summarize NAME OWN.json RIVALS.json [NAME ...] --out FILE``.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.conversion.tally import STEPS
from spikeseg.files import read_json, write_json

OURS, RIVAL, BAR = "spikeseg", "SpikingJelly", "local threshold balancing"
Rows = dict[str, dict[str, dict[str, Any]]]


def main() -> None:
    """Read the command line and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", help="NAME OWN.json RIVALS.json, for each data set")
    parser.add_argument("--out", type=Path, default=Path("results/conversion.json"))
    parser.add_argument("--picture", type=Path, help="PNG file to draw")
    arguments = parser.parse_args()
    names, owns, rivals = (arguments.files[i::3] for i in range(3))
    sets = {
        name: (read_json(Path(own)), read_json(Path(rival)))
        for name, own, rival in zip(names, owns, rivals, strict=True)
    }
    result: dict[str, Any] = {
        "command": "make bench-conversion",
        "counted": (
            "synaptic operations of hidden populations, by one counter for both; the first layer "
            "sees a constant image, costs both the same and is left out"
        ),
        "data": {name: _about(*both) for name, both in sets.items()},
        "summary": {name: summarize(*both) for name, both in sets.items()},
    }
    write_json(arguments.out, result)
    if arguments.picture:
        from benchmarks.conversion.picture import draw

        draw(result["summary"], arguments.picture)


def _about(own: dict[str, Any], rivals: dict[str, Any]) -> dict[str, Any]:
    if own["network"] != rivals["network"]:
        raise SystemExit("both sides must be measured on the same network.safetensors.")
    return {k: v for k, v in rivals.items() if k != "rivals"}


def summarize(own: dict[str, Any], rivals: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of every recipe, the best ones, and the work at the bar's accuracy."""
    ours, theirs = _named(OURS, own["own"]), _named(RIVAL, rivals["rivals"])
    bar = best({k: v for k, v in theirs.items() if BAR in k}, 4)
    return {
        "ann_miou": rivals["ann_miou"],
        "recipes": ours | theirs,
        "best": {str(t): {OURS: best(ours, t), RIVAL: best(theirs, t)} for t in STEPS},
        "at_the_accuracy_of_local_threshold_balancing_at_4_steps": cheapest(ours, bar),
    }


def _named(side: str, rows: Rows) -> Rows:
    return {f"{side}: {name}": row for name, row in rows.items()}


def best(rows: Rows, steps: int) -> dict[str, Any]:
    """Return the recipe with the largest mIoU after ``steps``."""
    name = max(rows, key=lambda n: rows[n][str(steps)]["miou"])
    return {"recipe": name, "num_steps": steps} | rows[name][str(steps)]


def cheapest(rows: Rows, bar: dict[str, Any]) -> dict[str, Any]:
    """Return the fewest operations with which a recipe is as accurate as ``bar``."""
    able: list[dict[str, Any]] = [
        {"recipe": name, "num_steps": int(t)} | row
        for name, by_steps in rows.items()
        for t, row in by_steps.items()
        if row["miou"] >= bar["miou"]
    ]
    found = min(able, key=lambda entry: float(entry["synops_per_image"]))
    share = found["synops_per_image"] / bar["synops_per_image"]
    return {RIVAL: bar, OURS: found, "share_of_the_operations": share}


if __name__ == "__main__":
    main()
