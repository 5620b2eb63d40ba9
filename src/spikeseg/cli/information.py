"""``spikeseg info``: versions, devices, plug points, chips."""

import importlib.metadata
import platform

from spikeseg._version import __version__
from spikeseg.cli import arguments as cli

PACKAGES = ("torch", "lightning", "numpy", "numba", "kornia", "scikit-image", "tifffile")


def info_command(arguments: list[str]) -> int:
    """Print what is installed and what there is to choose from."""
    options = cli.plain_parser("info", "Versions, devices, plug points, chips.").parse(arguments)
    from spikeseg.cli.console import print_json

    facts = {
        "spikeseg": __version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "devices": _devices(),
        "engine": _engine(),
        "plug points": _plug_points(),
        "chips": _chips(),
    }
    if options.json:
        print_json(facts)
        return 0
    for name, value in facts.items():
        if isinstance(value, dict):
            print(f"{name}:")
            for key, entry in value.items():
                shown = ", ".join(entry) if isinstance(entry, tuple) else entry
                print(f"  {key}: {shown}")
        else:
            print(f"{name}: {value}")
    return 0


def _devices() -> dict[str, str]:
    import torch

    devices = {"cpu": f"{torch.get_num_threads()} threads"}
    if torch.cuda.is_available():
        devices["cuda"] = torch.cuda.get_device_name()
    return devices


def _engine() -> dict[str, str]:
    """Return what computes spiking networks on this processor and on a GPU, and why."""
    from spikeseg.engine import ALLOWED, choose_engine, choose_numbers, describe_gpu

    return (
        {
            "neurons over time": "compiled for this processor: float32, bfloat16",
            "neurons over time, on a GPU": describe_gpu(),
            "training.precision auto": choose_numbers(("bf16",)).reason,
        }
        | {f"evaluation.precision {name}": choose_engine(name).reason for name in ALLOWED}
        | {"event by event": "where a population's spikes are so few that this is faster"}
    )


def _plug_points() -> dict[str, tuple[str, ...]]:
    from spikeseg.conversion import RECIPES
    from spikeseg.data import DATASETS
    from spikeseg.energy import cost_names
    from spikeseg.events import FORMATS
    from spikeseg.layers import ACTIVATIONS
    from spikeseg.networks import NETWORKS
    from spikeseg.neurons import NEURONS
    from spikeseg.placing import PARTITIONERS
    from spikeseg.robustness import CORRUPTIONS
    from spikeseg.surrogates import SURROGATES

    learning = (DATASETS, NETWORKS, ACTIVATIONS, RECIPES, NEURONS, SURROGATES)
    registries = (*learning, PARTITIONERS, FORMATS, CORRUPTIONS)
    named = {registry.kind: registry.names() for registry in registries}
    return named | {"cost table": cost_names()}


def _chips() -> dict[str, str]:
    from spikeseg.chips import chip_names, load_chip
    from spikeseg.errors import CompileError

    def describe(name: str) -> str:
        try:
            chip = load_chip(name)
        except CompileError:
            return "too little is published to compile for it"
        return f"{chip.title}; {chip.cores} cores of {chip.compartments:,} neurons"

    return {name: describe(name) for name in chip_names()}
