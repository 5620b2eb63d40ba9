"""Accuracy against work and against steps, both sides in one picture."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLORS = {"spikeseg": "#0b6e4f", "SpikingJelly": "#b3541e"}


def draw(summary: dict[str, Any], path: Path) -> None:
    """Draw one row for each data set: mIoU against operations, and against steps."""
    figure, axes = plt.subplots(
        len(summary), 2, figsize=(10, 3.6 * len(summary)), squeeze=False, constrained_layout=True
    )
    for (name, entry), (work, steps) in zip(summary.items(), axes, strict=True):
        _curves(work, entry, lambda row, t: row["synops_per_image"])
        _curves(steps, entry, lambda row, t: t)
        work.set(xlabel="synaptic operations per image", ylabel="mIoU", title=name)
        steps.set(xlabel="time steps", ylabel="mIoU", title=name)
        steps.set_xticks([1, 2, 4, 8, 16, 32], labels=["1", "2", "4", "8", "16", "32"])
        steps.minorticks_off()
        work.legend(loc="lower right", frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _curves(axis: Axes, entry: dict[str, Any], x: Any) -> None:
    """Draw every recipe thinly, and what each side reaches at best."""
    axis.axhline(entry["ann_miou"], color="gray", linestyle=":", label="analog network")
    for side, color in COLORS.items():
        points = []
        for name, by_steps in entry["recipes"].items():
            if not name.startswith(f"{side}:"):
                continue
            line = [(x(row, int(t)), row["miou"]) for t, row in by_steps.items()]
            axis.plot(*zip(*line, strict=True), color=color, alpha=0.15, linewidth=0.8)
            points += line
        axis.plot(*zip(*_front(points), strict=True), "o-", color=color, label=f"{side}, best")
    axis.set_xscale("log")
    lowest = entry["ann_miou"] * 0.6
    axis.set_ylim(lowest, entry["ann_miou"] * 1.02)
    seen = [
        x(row, int(t))
        for by_steps in entry["recipes"].values()
        for t, row in by_steps.items()
        if row["miou"] > lowest
    ]
    axis.set_xlim(min(seen) / 1.2, max(seen) * 1.2)
    axis.spines[["top", "right"]].set_visible(False)


def _front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that no cheaper one reaches."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda p: (p[0], -p[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front
