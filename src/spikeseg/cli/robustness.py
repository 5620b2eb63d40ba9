"""``spikeseg robustness``: networks on corrupted images."""

from pathlib import Path
from typing import Any

from spikeseg.cli import arguments as cli
from spikeseg.errors import ConfigError


def robustness_command(arguments: list[str]) -> int:
    """Score the networks of some runs on corrupted images; write robustness.json."""
    options = _parser().parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.runs import RobustnessSettings, RunFolder, robustness_stage

    settings = RobustnessSettings(
        corruptions=_names(options.corruptions),
        levels=None if options.levels is None else tuple(options.levels),
        num_images=options.images,
        seed=options.seed,
    )
    folder, *others = (RunFolder(Path(run)) for run in (options.run, *options.others))
    with progress_bars(options.json) as progress:
        record = robustness_stage(folder, others, settings, progress=progress)
    if options.json:
        print_json(record)
        return 0
    _print(record)
    print(f"Written: {folder.file('robustness.json')}; `spikeseg report {options.run}` shows it.")
    return 0


def _parser() -> cli.Parser:
    parser = cli.plain_parser(
        "robustness",
        "Score the networks of a run, and of other runs, on the same test images: clean, and "
        "corrupted at set levels. Writes robustness.json into the first folder.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument(
        "others", nargs="*", default=[], help="other runs with the same test images"
    )
    parser.add_argument(
        "--corruptions", help="such as blur,contrast; all that fit the data if not given"
    )
    parser.add_argument(
        "--levels", type=float, nargs="+", help="of one corruption, instead of its set levels"
    )
    parser.add_argument("--images", type=int, help="how many test images, from the first; or all")
    parser.add_argument("--seed", type=int, default=0, help="what chance is drawn from")
    return parser


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ConfigError(
            f"--corruptions is {text!r}; it takes names with commas between, such as blur,contrast."
        )
    return names


def _label(network: dict[str, Any], networks: list[dict[str, Any]]) -> str:
    """Return what a network is called beside the others: its stage, and its run if they differ."""
    from spikeseg.cli.console import LABELS

    stage = LABELS[network["stage"]]
    return stage if len({n["run"] for n in networks}) == 1 else f"{network['run']}: {stage}"


def _print(record: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    networks = record["networks"]
    data = record["data"]
    table = Table(title=f"{data['name']}: mIoU on {data['num_images']} test images")
    table.add_column("corruption", no_wrap=True)
    table.add_column("level", justify="right", no_wrap=True)
    for network in networks:
        table.add_column(_label(network, networks), justify="right", overflow="fold")
    table.add_row("none", "", *(_shown(n["scores"]["clean"]) for n in networks), end_section=True)
    for corruption in record["corruptions"]:
        for i, level in enumerate(corruption["levels"]):
            scores = (_shown(n["scores"][corruption["name"]][i]) for n in networks)
            last = i + 1 == len(corruption["levels"])
            name = corruption["name"] if i == 0 else ""
            table.add_row(name, f"{level:g}", *scores, end_section=last)
    console = Console()
    console.print(table)
    units = "; ".join(f"{c['name']}: {c['unit']}" for c in record["corruptions"])
    said: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False}
    console.print(f"Levels are {units}.", **said)
    constant = record["constant"]
    console.print(f"{constant['class']} everywhere: mIoU {constant['miou']:.4f}.", **said)
    for note in record["notes"]:
        console.print(f"Note: {note}", **said)


def _shown(scores: dict[str, Any]) -> str:
    return f"{scores['miou']:.4f}"
