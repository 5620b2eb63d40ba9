"""Accuracy against steps and against energy, one row for each data set."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLORS = {"converted": ("#b3541e", "#d9a05b", "#7a5195"), "direct": ("#0b6e4f", "#58a68a")}
STYLES = {"converted": "o-", "direct": "s-"}


def draw(sets: dict[str, Any], path: Path) -> None:
    """Draw mIoU against time steps, and against the energy of the arithmetic.

    Sets without converted networks have no curves, and are left out.
    """
    sets = {k: v for k, v in sets.items() if any(r["kind"] == "converted" for r in v["rows"])}
    figure, axes = plt.subplots(
        len(sets), 2, figsize=(10, 3.4 * len(sets)), squeeze=False, constrained_layout=True
    )
    for (name, found), (steps, energy) in zip(sets.items(), axes, strict=True):
        _steps(steps, found["rows"])
        _energy(energy, found["rows"])
        steps.set(xlabel="time steps", ylabel="mIoU", title=name)
        energy.set(xlabel="arithmetic energy of an image in microjoules (45 nm)", title=name)
        steps.legend(loc="best", frameon=False, fontsize="x-small")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _steps(axis: Axes, rows: list[dict[str, Any]]) -> None:
    ann = next(row for row in rows if row["kind"] == "ann")
    axis.axhline(ann["miou"], color="gray", linestyle=":", label="ANN")
    for name, color, style, points in _lines(rows):
        axis.plot([p[0] for p in points], [p[1] for p in points], style, color=color, label=name)
    axis.set_xscale("log", base=2)
    axis.set_xticks([1, 2, 4, 8, 16], labels=["1", "2", "4", "8", "16"])


def _energy(axis: Axes, rows: list[dict[str, Any]]) -> None:
    ann = next(row for row in rows if row["kind"] == "ann")
    axis.plot(_microjoules(ann), ann["miou"], "k*", markersize=10)
    for name, color, style, _ in _lines(rows):
        own = [row for row in rows if row["network"] == name]
        axis.plot([_microjoules(r) for r in own], [r["miou"] for r in own], style, color=color)
    axis.set_xscale("log")


def _microjoules(row: dict[str, Any]) -> float:
    return 1e6 * float(row["arithmetic_joules_per_image"])


def _lines(
    rows: list[dict[str, Any]],
) -> list[tuple[str, str, str, list[tuple[int, float]]]]:
    """Return name, color, style and (steps, mIoU) of each spiking network."""
    found = []
    for kind, colors in COLORS.items():
        names = dict.fromkeys(row["network"] for row in rows if row["kind"] == kind)
        for name, color in zip(names, colors, strict=False):
            own = [row for row in rows if row["network"] == name]
            points = [(row["num_steps"], row["miou"]) for row in own]
            if kind == "direct":
                points = [(int(step), miou) for step, miou in own[-1]["forming"].items()]
            found.append((name, color, STYLES[kind], points))
    return found
