"""Packets between chips and hops of every partitioner, beside those of greedy_interchip."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

COLORS = {
    "round_robin": "#c9b79c",
    "greedy": "#b3541e",
    "greedy_interchip": "#7a7a7a",
    "multicast": "#4fa58a",
    "hypergraph": "#0b6e4f",
}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw two panels of bars, one group for each network; greedy_interchip is 1."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), constrained_layout=True)
    _bars(axes[0], rows, "inter_chip_packets", "packets between chips")
    _bars(axes[1], rows, "hops", "hops on the mesh")
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(COLORS),
        frameon=False,
        fontsize="small",
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _bars(axis: Axes, rows: list[dict[str, Any]], key: str, title: str) -> None:
    width = 0.8 / len(COLORS)
    for place, (name, color) in enumerate(COLORS.items()):
        heights = [
            row["partitioners"][name][key] / row["partitioners"]["greedy_interchip"][key]
            for row in rows
        ]
        at = [number + (place - len(COLORS) / 2 + 0.5) * width for number in range(len(rows))]
        axis.bar(at, heights, width, color=color, label=name)
    labels = [f"{row['case']}\n{row['cores']:,} cores\n{row['chips']} chips" for row in rows]
    axis.set_xticks(range(len(rows)), labels=labels, fontsize="small")
    axis.set(yscale="log", title=f"{title} a step, greedy_interchip = 1")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("{x:g}")
    axis.axhline(1, color="black", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
