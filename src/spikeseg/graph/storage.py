"""``graph.npz``: the arrays of a graph beside a JSON description of its structure; no pickle."""

import dataclasses
import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from spikeseg._version import __version__
from spikeseg.errors import CorruptFileError, FormatVersionError
from spikeseg.files import atomic_path
from spikeseg.graph import transforms as kinds
from spikeseg.graph.gates import MaxPooling
from spikeseg.graph.topology import Connection, Population, SpikingGraph
from spikeseg.neurons import Neuron

FORMAT = 2
_KINDS = {
    kind.__name__: kind
    for kind in (
        kinds.Convolution,
        kinds.TransposedConvolution,
        kinds.AveragePooling,
        kinds.Upsampling,
        kinds.Resizing,
        kinds.ChannelAffine,
        kinds.ChannelPadding,
        kinds.ChannelSelection,
        kinds.Padding,
    )
}


def save_graph(graph: SpikingGraph, path: Path, made_from: str = "") -> None:
    """Write a graph, atomically.

    Args:
        graph: the graph.
        path: the file, ending in ``.npz``.
        made_from: the SHA-256 of the file that it was converted from.
    """
    arrays: dict[str, NDArray[np.float32]] = {}

    def describe(transform: kinds.Transform) -> dict[str, Any]:
        entry: dict[str, Any] = {"kind": type(transform).__name__}
        for field in dataclasses.fields(transform):
            value = getattr(transform, field.name)
            if isinstance(value, np.ndarray):
                name = f"array{len(arrays)}"
                arrays[name], value = value, {"array": name}
            entry[field.name] = value
        return entry

    structure = {
        "format": FORMAT,
        "version": __version__,
        "made_from": made_from,
        "dt_ms": graph.dt_ms,
        "populations": [dataclasses.asdict(p) for p in graph.populations],
        "connections": [
            {
                "source": c.source,
                "target": c.target,
                "transforms": [describe(t) for t in c.transforms],
            }
            for c in graph.connections
        ],
    }
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, structure=np.array(json.dumps(structure)), **arrays)  # type: ignore[arg-type]


def load_graph(path: Path) -> SpikingGraph:
    """Read a graph.

    Raises:
        CorruptFileError: the file is cut short, damaged or not a graph.
        FormatVersionError: another version wrote it.
        OSError: there is no such file, or it may not be read.
    """
    with open(path, "rb") as file:
        try:
            return _read(path, file)
        except FormatVersionError:
            raise
        except Exception as error:  # damaged bytes make zipfile, NumPy and JSON raise anything
            raise CorruptFileError(
                f"{path} is not a spiking graph or is damaged ({type(error).__name__}: {error}); "
                "convert the network again."
            ) from error


def made_from(path: Path) -> str:
    """Return the SHA-256 of the file that a saved graph was converted from, or ``""``."""
    with np.load(path, allow_pickle=False) as stored:
        return str(json.loads(str(stored["structure"]))["made_from"])


def _read(path: Path, file: BinaryIO) -> SpikingGraph:
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    structure = json.loads(str(arrays.pop("structure")))
    _check_format(path, structure)
    return _build(structure, arrays)


def _check_format(path: Path, structure: dict[str, Any]) -> None:
    if structure["format"] != FORMAT:
        raise FormatVersionError(
            f"{path} has graph format {structure['format']}, written by spikeseg "
            f"{structure['version']}; this version reads format {FORMAT}. Convert the network "
            "again, or use that version."
        )


def _build(structure: dict[str, Any], arrays: dict[str, Any]) -> SpikingGraph:
    populations = tuple(_population(p) for p in structure["populations"])
    connections = tuple(
        Connection(c["source"], c["target"], tuple(_transform(t, arrays) for t in c["transforms"]))
        for c in structure["connections"]
    )
    return SpikingGraph(populations, connections, structure["dt_ms"])


def _population(entry: dict[str, Any]) -> Population:
    neuron = entry["neuron"]
    if neuron is not None:
        neuron = Neuron(**{key: _value(stored) for key, stored in neuron.items()})
    pooling = entry["pooling"]
    if pooling is not None:
        pooling = MaxPooling(**{key: _value(stored) for key, stored in pooling.items()})
    channels, height, width = entry["shape"]
    return Population(
        entry["name"],
        (channels, height, width),
        neuron,
        _value(entry["spike_value"]),
        entry["ceiling"],
        pooling,
    )


def _transform(entry: dict[str, Any], arrays: dict[str, Any]) -> kinds.Transform:
    kind = _KINDS[entry["kind"]]
    fields = {k: _value(v, arrays) for k, v in entry.items() if k != "kind"}
    transform: kinds.Transform = kind(**fields)
    return transform


def _value(stored: Any, arrays: dict[str, Any] | None = None) -> Any:
    """Return what a JSON value stands for: an array by its name, or a tuple."""
    if isinstance(stored, dict):
        return (arrays or {})[stored["array"]]
    return tuple(stored) if isinstance(stored, list) else stored
