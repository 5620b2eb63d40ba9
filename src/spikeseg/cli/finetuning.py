"""``spikeseg finetune``."""

import dataclasses
from pathlib import Path

from spikeseg.cli import arguments as cli
from spikeseg.config import FinetuningConfig


def finetune_command(arguments: list[str]) -> int:
    """Train the spiking graph of a run on."""
    parser = cli.plain_parser(
        "finetune",
        "Train a run's spiking graph through its spikes, for few steps and few spikes. "
        "`spikeseg convert RUN` brings the graph before it back.",
    )
    parser.add_argument("run", help="the run folder")
    for field in dataclasses.fields(FinetuningConfig):
        parser.add_argument(f"--{field.name}", type=field.type, help="instead of the run's own")
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.runs import RunFolder, finetune_stage

    folder = RunFolder(Path(options.run))
    config = folder.read_config()
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(FinetuningConfig)}
    changed = dataclasses.replace(
        config.finetuning, **{name: v for name, v in given.items() if v is not None}
    )
    config = dataclasses.replace(config, finetuning=changed)
    with progress_bars(options.json) as progress:
        graph = finetune_stage(folder, config, progress=progress)
    facts = {
        "graph": str(folder.file("graph.npz")),
        "history": str(folder.file("finetuning.csv")),
        "neurons": graph.num_neurons,
        **dataclasses.asdict(changed),
    }
    if options.json:
        print_json(facts)
    else:
        print(f"Fine-tuned for {changed.num_steps} steps: {facts['graph']}")
        print(f"`spikeseg evaluate {options.run}` scores it.")
    return 0
