"""``spikeseg convert FILE.py:NAME``: builds, converts, checks, writes and prints."""

import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import Any

import yaml

from spikeseg.cli.console import print_agreement, print_json, progress_bars
from spikeseg.config import EvaluationConfig, RunConfig
from spikeseg.errors import ConfigError
from spikeseg.files import sha256
from spikeseg.graph import SpikingGraph
from spikeseg.own import (
    Converted,
    Normalization,
    OwnFolder,
    Pictures,
    Target,
    build_network,
    convert_own,
    load_weights,
    measure_agreement,
    read_pictures,
)

STEPS = (4, 8, 16, 32)


def convert_own_command(target: Target, options: Any, command: str) -> int:
    """Convert a network of the user's own; nothing is written before all is well."""
    _check(options)
    folder = OwnFolder(Path(options.out or target.name))
    folder.check_free(options.overwrite)
    pictures = read_pictures(Path(options.calibration), options.conversion.calibration_images)
    normalization = Normalization(tuple(options.mean or [0.0]), tuple(options.std or [1.0]))
    with contextlib.redirect_stdout(sys.stderr):  # the user's file may print
        converted = _convert(target, options, pictures, normalization)
    steps = sorted({*STEPS, options.num_steps})
    with progress_bars(options.json) as progress:
        agreement = measure_agreement(converted, steps, options.readout, progress)
    record = {
        "command": command,
        **_origin(target, options),
        "calibration": _pages(pictures, converted),
        "mean": list(normalization.mean),
        "std": list(normalization.std),
        "num_steps": options.num_steps,
        "readout": options.readout,
        "conversion": dataclasses.asdict(options.conversion),
        "notes": list(converted.notes),
        **_facts(converted.graph),
        "analog_difference": converted.difference,
        "agreement": [dataclasses.asdict(a) for a in agreement],
    }
    folder.write(converted.graph, record)
    (print_json if options.json else _print)(record | {"folder": str(folder.path)})
    return 0


def _convert(
    target: Target, options: Any, pictures: Pictures, normalization: Normalization
) -> Converted:
    network = build_network(target, _arguments(options.arguments))
    notes = _load(network, options.weights)
    converted = convert_own(
        network,
        pictures,
        target.file,
        options.conversion,
        dt_ms=options.dt_ms,
        size=_size(options.size),
        normalization=normalization,
    )
    return dataclasses.replace(converted, notes=(*notes, *converted.notes))


def _origin(target: Target, options: Any) -> dict[str, Any]:
    """Return what the network was made from."""
    return {
        "file": str(target.file.resolve()),
        "file_sha256": sha256(target.file),
        "name": target.name,
        "arguments": _arguments(options.arguments),
        "weights": options.weights,
        "weights_sha256": sha256(Path(options.weights)) if options.weights else None,
    }


def _check(options: Any) -> None:
    """Check what costs nothing to check."""
    if not options.calibration:
        raise ConfigError(
            "--calibration is missing; pass a folder of images such as those of training. Labels "
            "are not needed."
        )
    EvaluationConfig(num_steps=options.num_steps, readout=options.readout)
    RunConfig(dt_ms=options.dt_ms)


def _arguments(text: str | None) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text) if text else {}
    except yaml.YAMLError as error:
        raise ConfigError(f"--arguments {text!r} is neither JSON nor YAML.") from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(
            f"--arguments is {text!r}; pass names with values, such as '{{\"width\": 8}}'."
        )
    return values


def _size(numbers: list[int] | None) -> tuple[int, int] | None:
    if numbers is None:
        return None
    if len(numbers) > 2 or min(numbers) < 1:
        raise ConfigError(f"--size is {numbers}; pass height and width in pixels, or one number.")
    return numbers[0], numbers[-1]


def _load(network: Any, weights: str | None) -> tuple[str, ...]:
    if weights is None:
        return ("no --weights: the network is converted with those that the file gives it",)
    return load_weights(network, Path(weights))


def _pages(pictures: Pictures, converted: Converted) -> dict[str, Any]:
    return {
        "pages": [{"file": str(path), "page": page} for path, page in pictures.pages],
        "available": pictures.available,
        "size": list(converted.images.shape[-2:]),
    }


def _facts(graph: SpikingGraph) -> dict[str, Any]:
    return {
        "dt_ms": graph.dt_ms,
        "channels": graph.input.shape[0],
        "class_names": [f"class {i}" for i in range(graph.output.shape[0])],
        "neurons": graph.num_neurons,
        "synapses": graph.num_synapses,
        "layers": [
            {
                "name": p.name,
                "shape": list(p.shape),
                "threshold": [float(p.spike_values.min()), float(p.spike_values.max())],
            }
            for p in graph.hidden
        ],
    }


def _print(record: dict[str, Any]) -> None:
    """Print what came out, in words."""
    calibration = record["calibration"]
    size = " x ".join(map(str, [record["channels"], *calibration["size"]]))
    print(f"{record['name']}: {size} pixels to {len(record['class_names'])} classes")
    used = f"{len(calibration['pages'])} of {calibration['available']} page(s)"
    print(f"Calibration: {used}")
    if (record["mean"], record["std"]) != ([0.0], [1.0]):
        print(f"Every image, in 0..1, is taken as (image - {record['mean']}) / {record['std']}")
    for note in record["notes"]:
        print(f"Note: {note}")
    print(f"{record['neurons']:,} neurons, {record['synapses']:,} synapses at {size}")
    print_agreement(record)
    print(f"Folder: {record['folder']}; next: spikeseg segment IMAGE --model {record['folder']}")
