"""``spikeseg compile`` and ``spikeseg emulate``: a run's network on a chip."""

import dataclasses
from pathlib import Path
from typing import Any

from spikeseg.cli import arguments as cli
from spikeseg.config import ChipConfig, RunConfig


def compile_command(arguments: list[str]) -> int:
    """Compile, and say how many cores it takes."""
    parser = cli.plain_parser(
        "compile",
        "Put a run's trained network on the cores of a chip: thresholds are balanced, layers "
        "adapted to the chip's integers, and cut into cores. Writes program.npz and cores.json.",
    )
    parser.add_argument("run", help="the run folder")
    for field in dataclasses.fields(ChipConfig):
        parser.add_argument(
            f"--chip.{field.name}", type=field.type, help="instead of the run's own"
        )
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.files import read_json
    from spikeseg.runs import RunFolder, compile_stage

    folder = RunFolder(Path(options.run))
    given = {name: value for name, value in vars(options.chip).items() if value is not None}
    config = _with_chip(folder.read_config(), given)
    with progress_bars(options.json) as progress:
        compile_stage(folder, config, progress=progress)
    table = read_json(folder.file("cores.json"))
    files = {
        name: str(folder.file(name)) for name in ("chip_graph.npz", "program.npz", "cores.json")
    }
    if options.json:
        print_json(_facts(table) | {"files": files})
        return 0
    _print_cores(table)
    print(f"Written: {', '.join(files.values())}")
    print(f"`spikeseg emulate {options.run}` scores it.")
    return 0


def emulate_command(arguments: list[str]) -> int:
    """Emulate, and print the scores beside those of the other stages."""
    parser = cli.plain_parser(
        "emulate",
        "Run a run's program on its held-out images as the chip would, bit for bit, and score it.",
    )
    parser.add_argument("run", help="the run folder")
    parser.add_argument("--num_steps", type=int, help="time steps, instead of the run's own")
    parser.add_argument(
        "--strict", action="store_true", help="a register that overflows is an error"
    )
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json, print_scores, progress_bars
    from spikeseg.files import read_json
    from spikeseg.runs import RunFolder, emulate_stage

    folder = RunFolder(Path(options.run))
    given = {} if options.num_steps is None else {"num_steps": options.num_steps}
    config = _with_chip(folder.read_config(), given)
    with progress_bars(options.json) as progress:
        emulate_stage(folder, config, strict=options.strict, progress=progress)
    metrics = read_json(folder.require("metrics.json"))
    if options.json:
        print_json(metrics)
        return 0
    print_scores(metrics, config.training.regularizer)
    for note in _notes(metrics["stages"]["chip"]):
        print(f"Note: {note}")
    return 0


def _with_chip(config: RunConfig, given: dict[str, Any]) -> RunConfig:
    return dataclasses.replace(
        config, chip=dataclasses.replace(config.chip or ChipConfig(), **given)
    )


def _facts(table: dict[str, Any]) -> dict[str, Any]:
    """Return what one wants to know of a program at once."""
    from spikeseg.runs.chip.core_table import fullest

    layer, resource, share = fullest(table)
    names = ("size", "num_neurons", "num_host_neurons", "num_cores", "least_cores", "num_chips")
    return {
        "chip": table["chip"]["name"],
        **{name: table[name] for name in names},
        "fullest": {"layer": layer, "resource": resource, "share": share},
    }


def _print_cores(table: dict[str, Any]) -> None:
    from spikeseg.report.core_use import LABELS

    facts, chip = _facts(table), table["chip"]
    chips = "1 chip" if facts["num_chips"] == 1 else f"{facts['num_chips']:,} chips"
    neurons = f"{facts['num_neurons']:,} neurons"
    print(f"{chip['title']}: {neurons} on {facts['num_cores']:,} cores, {chips}")
    print(f"(neurons alone need {facts['least_cores']:,}; {chip['cores']} cores are on a chip)")
    print(f"On the host: {facts['num_host_neurons']:,} neurons that turn an image into spikes")
    full = facts["fullest"]
    print(
        f"Fullest core: {full['share']:.0%} of the {LABELS[full['resource']]}, in {full['layer']}"
    )
    placement = table["placement"]
    if facts["num_chips"] > 1 and "packets_per_step" in placement:
        print(
            f"Between chips: {placement['inter_chip_packets_per_step']:,.0f} of "
            f"{placement['packets_per_step']:,.0f} packets a step ({placement['partitioner']})"
        )
    print(f"For images of up to {' x '.join(map(str, facts['size']))} pixels; smaller are padded.")


def _notes(stage: dict[str, Any]) -> list[str]:
    """Return what a person should know before trusting the scores."""
    notes = [f"{n:,} times, the {kind} overflowed and wrapped." for kind, n in
             stage["overflows"].items() if n]  # fmt: skip
    if stage["output_spikes"]:
        notes.append(
            f"the output fired {stage['output_spikes']:,} times, which resets the potential that "
            "is read. Lower chip.output_tau, and compile again."
        )
    return notes
