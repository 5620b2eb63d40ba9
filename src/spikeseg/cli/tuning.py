"""``spikeseg tune``: the fewest operations at a given accuracy."""

from pathlib import Path
from typing import Any

from spikeseg.cli import arguments as cli


def tune_command(arguments: list[str]) -> int:
    """Search, print the front, and convert the run with the choice."""
    options = _parser().parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.runs import RunFolder, tune_stage

    folder = RunFolder(Path(options.run))
    with progress_bars(options.json) as progress:
        record = tune_stage(
            folder,
            miou_drop=options.miou_drop,
            trials=options.trials,
            crops=options.crops,
            dry_run=options.dry_run,
            progress=progress,
        )
    if options.json:
        print_json({key: value for key, value in record.items() if key != "trials"})
        return 0
    _print_front(record)
    print(f"All trials: {folder.file('tuning.json')}")
    if options.dry_run:
        print("Dry run: graph.npz and config.json are as they were.")
    else:
        print(f"Converted with the choice; `spikeseg evaluate {options.run}` scores it.")
    return 0


def _parser() -> cli.Parser:
    parser = cli.plain_parser("tune", "Find the conversion with the fewest operations.")
    parser.add_argument("run", help="a run folder with a trained network")
    parser.add_argument(
        "--miou_drop", type=float, default=0.01, help="how far below the ANN's mIoU may be"
    )
    parser.add_argument("--trials", type=int, default=40, help="how many conversions are tried")
    parser.add_argument("--crops", type=int, default=16, help="validation crops to compare on")
    parser.add_argument("--dry_run", action="store_true", help="only write tuning.json")
    return parser


def _print_front(record: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    size = f"{record['crop']} x {record['crop']}"
    table = Table(title=f"mIoU against synaptic operations of a {size} crop: the best trials")
    for name in ("", "steps", "read-out", "recipes", "for each", "mIoU", "operations", "of ANN's"):
        table.add_column(name, justify="left" if name in ("recipes", "for each") else "right")
    for trial in record["front"]:
        table.add_row("*" if trial == record["choice"] else "", *_cells(trial))
    console = Console()
    console.print(table)
    text = f"* is chosen: mIoU at least {record['target_miou']:.4f}; the ANN's is "
    console.print(f"{text}{record['analog_miou']:.4f}.", soft_wrap=True, highlight=False)
    console.print(f"Compared on {record['data']}.", soft_wrap=True, highlight=False)


def _cells(trial: dict[str, Any]) -> tuple[str, ...]:
    conversion = trial["conversion"]
    return (
        str(trial["num_steps"]),
        f"{trial['readout']:g}",
        " + ".join(_in_words(name, conversion) for name in conversion["recipes"]),
        conversion["granularity"],
        f"{trial['miou']:.4f}",
        f"{trial['synaptic_operations_per_crop']:.3g}",
        f"{trial['share_of_analog']:.2f}",
    )


def _in_words(recipe: str, conversion: dict[str, Any]) -> str:
    """Return a recipe with the number that it looks at."""
    if recipe == "percentile":
        return f"percentile {conversion['percentile']:g}"
    prepared = recipe in ("local_threshold", "calibrated")
    return f"{recipe} {conversion['num_steps']}" if prepared else recipe
