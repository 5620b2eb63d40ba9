"""``spikeseg diagnose``: why the spiking network is worse, layer by layer, and what to change."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from spikeseg.cli import arguments as cli

if TYPE_CHECKING:
    from spikeseg.diagnosis import Diagnosis, Finding, LayerDiagnosis

ERRORS = ("layer", "at", "error", "clipping", "rounding", "handed on", "timing")
NEURONS = ("layer", "dead", "satur.", "first", "variance", "< 1 spike", "shift")


def diagnose_command(arguments: list[str]) -> int:
    """Compare both networks of a run layer by layer; write diagnosis.json and diagnosis.html."""
    options = _parser().parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.files import read_json
    from spikeseg.report import write_diagnosis
    from spikeseg.runs import RunFolder, diagnose_stage

    folder = RunFolder(Path(options.run))
    with progress_bars(options.json) as progress:
        found, findings = diagnose_stage(
            folder, num_steps=options.num_steps, num_images=options.images, progress=progress
        )
    page = write_diagnosis(folder.path)
    if options.json:
        print_json(read_json(folder.require("diagnosis.json")) | {"page": str(page)})
    else:
        _print(found, findings)
        print(f"Diagnosis: {page}")
    return 0


def _parser() -> cli.Parser:
    parser = cli.plain_parser(
        "diagnose",
        "Tell why a run's spiking network is worse than its analog one, and what to change. "
        "Looks at the middle of each image, as large as evaluation.crop.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "--images", type=int, default=4, help="how many test images, from the first"
    )
    parser.add_argument("--num_steps", type=int, help="time steps, instead of the run's own")
    return parser


def _print(found: "Diagnosis", findings: Sequence["Finding"]) -> None:
    from spikeseg.diagnosis import claims

    console = Console()
    size = " x ".join(map(str, found.size))
    title = f"{found.num_steps} steps, the middle ({size} pixels) of {found.num_images} test images"
    console.print(_table(f"{title}: errors", ERRORS, [_errors(la) for la in found.layers]))
    console.print(_table("Neurons and activations", NEURONS, [_neurons(la) for la in found.layers]))
    said: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False}
    console.print("Errors and their parts are relative to the analog activation.", **said)
    for sentence in claims(found):
        console.print(sentence, **said)
    console.print("\nWhat to change:", **said)
    for number, finding in enumerate(findings, start=1):
        console.print(f"{number}. {finding.found}\n   {finding.change}", **said)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="left" if column == "layer" else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _errors(layer: "LayerDiagnosis") -> tuple[str, ...]:
    sizes = (f"{part.size:.1%}" for part in layer.parts.values())
    return (layer.name, f"1/{layer.stride:g}", f"{layer.relative_error:.1%}", *sizes)


def _neurons(layer: "LayerDiagnosis") -> tuple[str, ...]:
    return (
        layer.name,
        f"{layer.dead:.1%}",
        f"{layer.saturated:.1%}",
        "never" if layer.first_step is None else str(layer.first_step),
        f"{layer.spatial_variance:.3g}",
        f"{layer.under_firing:.1%}",
        "-" if layer.high_ratio is None else f"{layer.high_ratio:.2f}",
    )
