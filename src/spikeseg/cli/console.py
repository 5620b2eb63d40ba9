"""What a person sees: progress bars, the table of scores, notes."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from spikeseg.config import RegularizerConfig
from spikeseg.progress import Progress as Tell
from spikeseg.progress import silent

LABELS = {
    "ann": "ANN",
    "snn": "spiking (float)",
    "direct": "trained spiking",
    "chip": "chip (8-bit)",
}
ROWS = (
    ("pixel accuracy", "pixel_accuracy", "{:.4f}"),
    ("mIoU", "miou", "{:.4f}"),
    ("Dice", "dice", "{:.4f}"),
    ("V^Rand", "v_rand", "{:.4f}"),
    ("V^Info", "v_info", "{:.4f}"),
    ("time steps", "num_steps", "{:d}"),
    ("time steps taken, mean", "mean_steps_used", "{:.1f}"),
    ("spikes per neuron", "spikes_per_neuron", "{:.2f}"),
    ("operations per image", "synaptic_operations_per_image", "{:.3g}"),
    ("cores", "cores", "{:,d}"),
)


@contextlib.contextmanager
def progress_bars(quiet: bool) -> Iterator[Tell]:
    """Yield a progress callback that draws one bar a task on standard error, or none."""
    if quiet:
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=10),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    bars = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, Any] = {}

    def tell(task: str, done: float, total: float, note: str = "") -> None:
        if not tasks:
            bars.start()
        if task not in tasks:
            tasks[task] = bars.add_task(task, total=total, note=note)
        bars.update(tasks[task], completed=done, total=total, note=note)

    try:
        yield tell
    finally:
        if tasks:  # else it would leave an empty line
            bars.stop()


def print_json(value: Any) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(value, indent=2))


def print_scores(metrics: dict[str, Any], band: RegularizerConfig) -> None:
    """Print the table ANN | spiking | chip, the split and what was decided for the user."""
    console = Console()
    stages = metrics["stages"]
    data = metrics["data"]
    table = Table(title=f"{data['name']}: {data['num_test']} held-out images")
    table.add_column("")
    for stage in stages:
        table.add_column(LABELS.get(stage, stage), justify="right")
    for label, key, form in ROWS:
        values = [s.get(key) for s in stages.values()]
        if any(v is not None for v in values):
            table.add_row(label, *("-" if v is None else form.format(v) for v in values))
    table.add_row("which are", *(s["operation"] for s in stages.values()))
    console.print(table)
    console.print(f"Split: {data['split']}", soft_wrap=True, highlight=False)
    for note in data["notes"]:
        console.print(f"Note: {note}", soft_wrap=True, highlight=False)
    if engine := stages.get("snn", {}).get("engine"):
        console.print(f"Engine: {engine}", soft_wrap=True, highlight=False)
    if band.weight:
        share = f"{metrics['rates_in_band']:.1%}"
        console.print(f"Hidden neurons in {band.min_hz:g}-{band.max_hz:g} Hz: {share}")


def print_agreement(record: dict[str, Any]) -> None:
    """Print thresholds, the analog check and what the conversion costs."""
    console = Console()
    layers = Table(title="thresholds: the activation that a spike stands for")
    for heading in ("layer", "neurons", "threshold"):
        layers.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer in record["layers"]:
        low, high = layer["threshold"]
        shown = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        layers.add_row(layer["name"], " x ".join(map(str, layer["shape"])), shown)
    console.print(layers)
    print(f"Analog check: graph and network differ by {record['analog_difference']:.2g}, relative.")
    table = Table(title="spiking masks against the network's own, on the calibration images")
    for heading in ("time steps", "equal pixels", "mIoU", "spikes per neuron"):
        table.add_column(heading, justify="right")
    for row in record["agreement"]:
        shares = (f"{row['pixels']:.2%}", f"{row['miou']:.4f}", f"{row['spikes_per_neuron']:.2f}")
        table.add_row(str(row["num_steps"]), *shares)
    console.print(table)
    print(f"Read out over the last {record['readout']:.0%} of the steps.")
