"""``spikeseg measure``: time and energy of a run's networks on this machine."""

from pathlib import Path
from typing import Any

from spikeseg.cli import arguments as cli

LEFT = ("network", "computed by")


def measure_command(arguments: list[str]) -> int:
    """Measure, and print a row for each network and batch."""
    options = _parser().parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.runs import HostSettings, RunFolder, measure_stage

    settings = HostSettings(
        seconds=options.seconds,
        repeats=options.repeats,
        batches=tuple(options.batches),
        threads=options.threads,
        size=None if options.size is None else (options.size[0], options.size[1]),
        device=options.device,
    )
    folder = RunFolder(Path(options.run))
    with progress_bars(options.json) as progress:
        found = measure_stage(folder, settings, progress=progress)
    if options.json:
        print_json(found)
        return 0
    _print(found)
    print(f"Written: {folder.file('host.json')}")
    return 0


def _parser() -> cli.Parser:
    parser = cli.plain_parser(
        "measure",
        "Measure time and energy of a run's networks on this machine: the dense network in torch "
        "and in ONNX Runtime (float32, INT8), the spiking network, the chip's program. Energy is "
        "that of hardware counters, never an estimate. Writes host.json.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--seconds", type=float, default=5.0, help="least length of a window")
    parser.add_argument("--repeats", type=int, default=3, help="windows for each measurement")
    parser.add_argument(
        "--batches", type=int, nargs="+", default=[1, 4], help="images at a time, such as 1 4 16"
    )
    parser.add_argument("--threads", type=int, help="of the processor; torch's own if not given")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        help="rows and columns of the images; the chip program's, or evaluation.crop, if not given",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    return parser


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    machine, settings = found["machine"], found["settings"]
    size = " x ".join(map(str, settings["size"]))
    table = Table(title=f"one image of {size} pixels, {settings['threads']} threads")
    for heading in ("network", "computed by", "batch", "ms an image", "J an image", "above idle"):
        table.add_column(heading, justify="left" if heading in LEFT else "right")
    for row in found["rows"]:
        table.add_row(*_cells(row))
    console = Console()
    console.print(table)
    print(f"Processor: {machine['processor']}" + f"; GPU: {machine['gpu']}" * bool(machine["gpu"]))
    for note in _notes(found):
        console.print(f"Note: {note}", soft_wrap=True, highlight=False, markup=False)


def _cells(row: dict[str, Any]) -> list[str]:
    steps = f", {row['num_steps']} steps" if row["num_steps"] else ""
    head = [f"{row['network']}{steps}", f"{row['engine']} {row['precision']}, {row['device']}"]
    if "not_measured" in row:
        return [*head, "-", "-", "-", "-"]
    energy = list(row["energy"].values())[-1]  # of the GPU, where it is the GPU that computes
    joules = [
        "-" if isinstance(energy, str) else _shown(energy[name], 1)
        for name in ("joules_per_image", "joules_per_image_above_idle")
    ]
    return [*head, str(row["batch"]), _shown(row["seconds_per_image"], 1000), *joules]


def _shown(spread: dict[str, float | None], unit: float) -> str:
    mean, std = spread["mean"], spread["std"]
    assert mean is not None
    return f"{mean * unit:.4g}" + ("" if std is None else f" ± {std * unit:.2g}")


def _notes(found: dict[str, Any]) -> list[str]:
    notes: dict[str, None] = {}
    onnx = found["onnx"]
    if "agreement" in onnx:
        notes[
            f"INT8 agrees with float32 in {onnx['agreement']:.2%} of the pixels; pixel accuracy "
            f"{onnx['int8_accuracy']:.4f}, in float32 {onnx['float32_accuracy']:.4f}."
        ] = None
    for row in found["rows"]:
        if "not_measured" in row:
            notes[f"{row['network']}, {row['engine']} not measured: {row['not_measured']}"] = None
        for meter, energy in row.get("energy", {}).items():
            if isinstance(energy, str):
                notes[f"energy ({meter}) {energy}"] = None
            else:
                watts = _shown(energy["idle_watts"], 1)
                notes[f"energy ({meter}) is that of the {energy['covers']}; idle {watts} W."] = None
    return list(notes)
