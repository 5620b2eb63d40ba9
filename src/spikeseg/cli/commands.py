"""The verbs. Each parses its arguments first, and imports what is heavy only then."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeseg._version import __version__
from spikeseg.cli import arguments as cli
from spikeseg.config import RunConfig
from spikeseg.errors import ConfigError


@dataclass(frozen=True)
class Command:
    """A verb.

    Attributes:
        call: takes the arguments after the verb, returns the exit code.
        summary: one line for the overview.
    """

    call: Callable[[list[str]], int]
    summary: str


def overview() -> str:
    """Return what ``spikeseg --help`` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {verb:<{width}}  {command.summary}" for verb, command in COMMANDS.items()]
    return "\n".join(
        [
            f"spikeseg {__version__}: semantic image segmentation with spiking neural networks",
            "",
            "usage: spikeseg COMMAND [OPTIONS]      (spikeseg COMMAND --help tells more)",
            "",
            *lines,
            "",
            "A first run:  spikeseg demo --out runs/demo",
        ]
    )


def demo(arguments: list[str]) -> int:
    """Do the main job on the built-in cells."""
    parser = cli.plain_parser("demo", "The main job on built-in data: train, convert, report.")
    parser.add_argument("--out", default="runs/demo", help="the run folder")
    parser.add_argument("--seed", type=int, default=0, help="of weights, crops and augmentation")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier run")
    options = parser.parse(arguments)
    from spikeseg.cli.demo import DEMO_CONFIG

    config = dataclasses.replace(DEMO_CONFIG, seed=options.seed)
    return _run(config, options, cli.command_line("demo", arguments))


def run(arguments: list[str]) -> int:
    """Do every stage."""
    parser = cli.config_parser("run", "Train, convert, evaluate and report.")
    options = parser.parse(cli.with_config_first(arguments))
    command = cli.command_line("run", arguments)
    return _run(cli.run_config(options, parser), options, command)


def _run(config: RunConfig, options: Any, command: str) -> int:
    from spikeseg.cli.console import print_json, print_scores, progress_bars
    from spikeseg.files import read_json
    from spikeseg.report import write_report
    from spikeseg.runs import RunFolder
    from spikeseg.runs import run as run_all
    from spikeseg.training import is_first

    folder = RunFolder(Path(options.out))
    with progress_bars(options.json) as progress:
        run_all(
            config,
            folder,
            command=command,
            resume=getattr(options, "resume", False),
            overwrite=options.overwrite,
            progress=progress,
        )
    if not is_first():  # of several that train together, one reports
        return 0
    report = write_report(folder.path)
    metrics = read_json(folder.require("metrics.json"))
    if options.json:
        print_json(metrics | {"report": str(report)})
    else:
        print_scores(metrics, config.training.regularizer)
        print(f"Report: {report}")
    return 0


def train(arguments: list[str]) -> int:
    """Train only."""
    parser = cli.config_parser("train", "Train a network; write network.safetensors.")
    options = parser.parse(cli.with_config_first(arguments))
    config = cli.run_config(options, parser)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.runs import RunFolder, train_stage
    from spikeseg.training import is_first

    folder = RunFolder(Path(options.out))
    with progress_bars(options.json) as progress:
        result = train_stage(
            config,
            folder,
            command=cli.command_line("train", arguments),
            resume=options.resume,
            overwrite=options.overwrite,
            progress=progress,
        )
    if not is_first():
        return 0
    if options.json:
        print_json(vars(result))
    else:
        print(f"Trained for {result.steps} steps: {folder.file('network.safetensors')}")
        print(f"Waiting for data took {result.data_share:.1%} of the time.")
    return 0


def convert(arguments: list[str]) -> int:
    """Convert the network of a run, or one of the user's own."""
    from spikeseg.cli.converting import convert_command

    return convert_command(arguments)


def finetune(arguments: list[str]) -> int:
    """Train the spiking graph of a run on."""
    from spikeseg.cli.finetuning import finetune_command

    return finetune_command(arguments)


def evaluate(arguments: list[str]) -> int:
    """Score both networks of a run."""
    parser = _folder_parser("evaluate", "Score a run's networks on its held-out images.")
    parser.add_argument("--num_steps", type=int, help="time steps, instead of the run's own")
    cli.add_exit_tolerance(parser)
    cli.add_precision(parser)
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json, print_scores, progress_bars
    from spikeseg.files import read_json
    from spikeseg.runs import RunFolder, evaluate_stage

    folder = RunFolder(Path(options.run))
    config = folder.read_config()
    given = {name: getattr(options, name) for name in ("num_steps", "exit_tolerance", "precision")}
    given = {name: value for name, value in given.items() if value is not None}
    if given and config.network.spiking is not None:
        raise ConfigError(
            f"--{min(given)} is given, but the network of {folder.path} was trained through its "
            "spikes and is evaluated as it was trained; leave it out. `spikeseg segment` takes "
            "--num_steps."
        )
    evaluation = dataclasses.replace(config.evaluation, **given)
    config = dataclasses.replace(config, evaluation=evaluation)
    with progress_bars(options.json) as progress:
        evaluate_stage(folder, config, progress=progress)
    metrics = read_json(folder.require("metrics.json"))
    if options.json:
        print_json(metrics)
    else:
        print_scores(metrics, config.training.regularizer)
    return 0


def compile_run(arguments: list[str]) -> int:
    """Compile the network of a run for a chip."""
    from spikeseg.cli.chip import compile_command

    return compile_command(arguments)


def emulate_run(arguments: list[str]) -> int:
    """Run the program of a run as the chip would."""
    from spikeseg.cli.chip import emulate_command

    return emulate_command(arguments)


def energy_run(arguments: list[str]) -> int:
    """Count what a run's program does, and say what that would cost."""
    from spikeseg.cli.energy import energy_command

    return energy_command(arguments)


def tune(arguments: list[str]) -> int:
    """Find the conversion of a run with the fewest operations."""
    from spikeseg.cli.tuning import tune_command

    return tune_command(arguments)


def report(arguments: list[str]) -> int:
    """Write the report of a run."""
    parser = _folder_parser("report", "Write a run's report.html.")
    parser.add_argument(
        "--beside",
        nargs="+",
        default=[],
        help="other run folders, whose energy against accuracy is shown too: other rate bands",
    )
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json
    from spikeseg.report import write_report

    path = write_report(Path(options.run), [Path(other) for other in options.beside])
    if options.json:
        print_json({"report": str(path)})
    else:
        print(f"Report: {path}")
    return 0


def diagnose(arguments: list[str]) -> int:
    """Tell why the spiking network of a run is worse than its analog one."""
    from spikeseg.cli.diagnosing import diagnose_command

    return diagnose_command(arguments)


def measure(arguments: list[str]) -> int:
    """Measure the networks of a run on this machine."""
    from spikeseg.cli.measuring import measure_command

    return measure_command(arguments)


def robustness(arguments: list[str]) -> int:
    """Score networks on corrupted images."""
    from spikeseg.cli.robustness import robustness_command

    return robustness_command(arguments)


def segment(arguments: list[str]) -> int:
    """Segment images with the spiking network of a run."""
    from spikeseg.cli.segmenting import segment_command

    return segment_command(arguments)


def info(arguments: list[str]) -> int:
    """Say what is installed and what there is to choose from."""
    from spikeseg.cli.information import info_command

    return info_command(arguments)


def _folder_parser(verb: str, description: str) -> cli.Parser:
    parser = cli.plain_parser(verb, description)
    parser.add_argument("run", help="the run folder")
    return parser


COMMANDS = {
    "demo": Command(demo, "the main job on built-in data, in a few minutes"),
    "run": Command(run, "train, convert, evaluate, perhaps compile and emulate, report"),
    "train": Command(train, "train a network on images and masks"),
    "convert": Command(
        convert, "turn a trained network, also one of your own, into a spiking graph"
    ),
    "tune": Command(tune, "find the conversion with the fewest operations at an accuracy"),
    "finetune": Command(finetune, "train a spiking graph on, for few steps and few spikes"),
    "evaluate": Command(evaluate, "score analog and spiking network on held-out images"),
    "compile": Command(
        compile_run, "put a run's network on the cores of a chip, as 8-bit integers"
    ),
    "emulate": Command(emulate_run, "score the chip's program on held-out images, bit for bit"),
    "energy": Command(energy_run, "what the chip's program did, and what that may cost"),
    "measure": Command(measure, "time and energy of a run's networks on this machine"),
    "robustness": Command(robustness, "score networks on noisy, blurred, corrupted images"),
    "diagnose": Command(diagnose, "why the spiking network is worse, and what to change"),
    "segment": Command(segment, "segment an image, a TIFF stack or a folder"),
    "report": Command(report, "write the report of a run"),
    "info": Command(info, "versions, devices, and the members of every plug point"),
}
