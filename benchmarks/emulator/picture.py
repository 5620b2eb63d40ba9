"""Time of a step against the number of neurons, both emulators, and how many times faster."""

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

_SHADES = {0.02: 0.45, 0.05: 1.0, 0.1: 0.7}
_LINES = (
    ("nengo-loihi 1.1.0", "peer_ms_per_step", "#b3541e"),
    ("spikeseg, one thread", "ms_per_step", "#0b6e4f"),
    ("estimated limit", "estimated_limit_ms", "gray"),
)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw milliseconds a step, and the ratio, for every share of firing neurons."""
    figure, (times, ratios) = plt.subplots(1, 2, figsize=(10, 3.8), constrained_layout=True)
    for activity, shade in _SHADES.items():
        chosen = [row for row in rows if abs(row["activity"] / activity - 1) < 0.2]
        neurons = [row["neurons"] for row in chosen]
        for name, key, color in _LINES:
            label = name if activity == 0.05 else None
            values = [row[key] for row in chosen]
            times.plot(neurons, values, "o-", color=color, alpha=shade, label=label)
        values = [row["ratio"] for row in chosen]
        label = f"{activity:.0%} of the neurons fire in a step"
        ratios.plot(neurons, values, "o-", color="#0b6e4f", alpha=shade, label=label)
    times.set(xscale="log", yscale="log", xlabel="neurons", ylabel="ms a step")
    ratios.set(xscale="log", yscale="log", xlabel="neurons", ylabel="times as fast")
    for axis in (times, ratios):
        axis.legend(frameon=False)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
