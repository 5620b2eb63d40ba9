"""Times of a training step and of an inference, and memory, in units of the naive loop's."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.training.rounds import Row, ratio
from benchmarks.training.summarize import MAIN

_MODES = {"train": "training", "infer": "inference"}
_COLORS = {
    "naive": "#8c8c8c",
    "stock": "#b3541e",
    "best": "#d9a441",
    "dense": "#4a6fa5",
    "openvino": "#7a5195",
    "ours": "#0b6e4f",
}


def draw(cells: list[Row], memories: list[Row], naive: str, path: Path) -> None:
    """Draw bars of every contestant, for each T and both modes, at batch 4 on one thread.

    Args:
        cells: times.
        memories: peaks.
        naive: name of the contestant that is the unit.
        path: PNG file.
    """
    main = [c for c in cells if (c["batch"], c["threads"]) == MAIN and naive in c["contestants"]]
    steps = sorted({cell["num_steps"] for cell in main})
    figure, grid = plt.subplots(
        max(len(steps), 1), 3, figsize=(13, 4.2 * max(len(steps), 1)), squeeze=False
    )
    for axes, num_steps in zip(grid, steps, strict=False):
        for axis, mode in zip(axes, ("train", "infer"), strict=False):
            for cell in main:
                if (cell["mode"], cell["num_steps"]) == (mode, num_steps):
                    rows = cell["contestants"]
                    _bars(axis, rows, {name: ratio(cell, name, naive) for name in rows})
            axis.set_title(f"{_MODES[mode]}, T = {num_steps}")
            axis.set_xlabel("time, in units of the naive loop's")
        for memory in memories:
            if (memory["mode"], memory["num_steps"]) == ("train", num_steps):
                rows = memory["contestants"]
                _bars(axes[2], rows, {name: row["mib"] for name, row in rows.items()})
        axes[2].set_title(f"training, T = {num_steps}")
        axes[2].set_xlabel("peak of memory, MiB")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axis: Axes, rows: Row, values: dict[str, float]) -> None:
    names = list(values)[::-1]
    widths = [values[name] for name in names]
    axis.barh(names, widths, color=[_COLORS[rows[name]["kind"]] for name in names])
    for place, width in enumerate(widths):
        axis.text(width, place, f" {width:.2f}" if width < 10 else f" {width:.0f}", va="center")
    axis.margins(x=0.15)
    axis.tick_params(axis="y", labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
