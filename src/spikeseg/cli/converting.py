"""``spikeseg convert``: the network of a run, or ``FILE.py:NAME``."""

from pathlib import Path
from typing import Any

from spikeseg.cli import arguments as cli
from spikeseg.config import ConversionConfig
from spikeseg.errors import ConfigError

_FOR_BOTH = {"source", "json"}


def convert_command(arguments: list[str]) -> int:
    """Convert, and say what came out."""
    parser = _parser()
    options = parser.parse(arguments)
    from spikeseg.own import parse_target

    target = parse_target(options.source)
    if target is None:
        return _convert_run(options, parser)
    from spikeseg.cli.converting_own import convert_own_command

    command = cli.command_line("convert", arguments)
    return convert_own_command(target, parser.instantiate(options), command)


def _parser() -> cli.Parser:
    parser = cli.plain_parser(
        "convert",
        "Turn a trained network into a spiking graph: that of a run, or one of your own, whose "
        "Python file is executed. All other options but --json are for FILE.py:NAME.",
    )
    parser.add_argument(
        "source", help="a run folder, or FILE.py:NAME, a class, function or instance"
    )
    parser.add_argument("--weights", help=".safetensors, or a state dictionary saved by torch")
    parser.add_argument("--calibration", help="images without labels: a folder, a file, a stack")
    parser.add_argument("--arguments", help="""of the class or function, as '{"width": 8}'""")
    parser.add_argument(
        "--size", type=int, nargs="+", help="height and width, or one number, to calibrate at"
    )
    parser.add_argument("--mean", type=float, nargs="+", help="that training subtracted, in 0..1")
    parser.add_argument("--std", type=float, nargs="+", help="that training then divided by")
    parser.add_argument("--num_steps", type=int, default=32, help="time steps to segment with")
    parser.add_argument("--readout", type=float, default=0.5, help="share of them that is read")
    parser.add_argument("--dt_ms", type=float, default=1.0, help="length of a step")
    parser.add_argument("--out", help="the folder to write; named after NAME if not given")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier conversion")
    parser.add_class_arguments(ConversionConfig, "conversion")
    return parser


def _convert_run(options: Any, parser: cli.Parser) -> int:
    _check_plain(options, parser)
    from spikeseg.cli.console import print_json
    from spikeseg.runs import RunFolder, convert_stage

    folder = RunFolder(Path(options.source))
    graph = convert_stage(folder)
    facts = {
        "graph": str(folder.file("graph.npz")),
        "neurons": graph.num_neurons,
        "synapses": graph.num_synapses,
        "input_shape": list(graph.input.shape),
        "populations": {p.name: list(p.shape) for p in graph.populations},
    }
    if options.json:
        print_json(facts)
    else:
        size = " x ".join(map(str, graph.input.shape))
        print(f"{graph.num_neurons:,} neurons, {graph.num_synapses:,} synapses at {size}")
        print(f"Graph: {facts['graph']}")
    return 0


def _check_plain(options: Any, parser: cli.Parser) -> None:
    """Check that no option is given that a run has its own settings for."""
    defaults = vars(parser.get_defaults().as_flat())
    for name, value in vars(options.as_flat()).items():
        if name not in _FOR_BOTH and value != defaults.get(name):
            raise ConfigError(
                f"--{name} is for FILE.py:NAME, but {options.source} is taken for a run folder, "
                "which is converted with its own settings. Leave it out, or name a Python file."
            )
