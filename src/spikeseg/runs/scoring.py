"""``metrics.json``: the same scores for every stage; and with it the evaluation's other files."""

import hashlib
from dataclasses import asdict
from typing import Any

from spikeseg._version import __version__
from spikeseg.config import EvaluationConfig, RunConfig
from spikeseg.data import SegmentationData
from spikeseg.errors import CorruptFileError, RunFolderError
from spikeseg.files import read_json, sha256, write_json
from spikeseg.graph import SpikingGraph
from spikeseg.metrics import ConfusionMatrix, score
from spikeseg.runs.chip.checks import check_chip
from spikeseg.runs.examples import write_examples
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.layer_table import layer_table
from spikeseg.runs.measuring import Measurement
from spikeseg.runs.network_file import TrainedNetwork


def write_scores(
    folder: RunFolder,
    config: RunConfig,
    data: SegmentationData,
    graph: SpikingGraph,
    found: Measurement,
    trained: TrainedNetwork,
) -> None:
    """Write the three files of the evaluation."""
    folder_layers = layer_table(config, graph, found)
    write_json(folder.file("layers.json"), folder_layers)
    parts = trained.config.spiking.parts if trained.config.spiking else 1
    write_examples(folder, config, data, found, parts)
    is_direct = trained.config.spiking is not None
    made_from = sha256(folder.file("network.safetensors" if is_direct else "graph.npz"))
    directly, curve = direct_stage(folder, data)
    write_json(
        folder.file("metrics.json"),
        _kept(folder, made_from, config.evaluation)
        | {
            "format": FORMAT,
            "version": __version__,
            "command": folder.read_command(),
            "made_from": made_from,
            "data": _describe(data),
            "stages": _stages(config, data, found, parts) | directly | kept_chip(folder, data),
            "curve": _curve(data, found, parts),
            "direct_curve": curve,
            "rates_in_band": folder_layers["in_band"],
            "num_neurons": graph.resized(
                config.evaluation.crop, config.evaluation.crop
            ).num_neurons,
            "num_parameters": sum(p.numel() for p in trained.network.parameters()),
        },
    )


def _kept(folder: RunFolder, made_from: str, evaluation: EvaluationConfig) -> dict[str, Any]:
    """Return what `run` noted about the same graph, which an evaluation alone cannot know.

    A baseline that was scored with other steps is no comparison, and is dropped.
    """
    earlier = _earlier(folder)
    if earlier.get("made_from") != made_from:
        return {}
    names = ("seconds", "training", "baseline")
    kept: dict[str, Any] = {name: earlier[name] for name in names if name in earlier}
    before = kept.get("baseline", {}).get("stages", {}).get("snn", {})
    now = {name: getattr(evaluation, name) for name in ("num_steps", "exit_tolerance", "precision")}
    if any(before.get(key) != value for key, value in now.items()):
        kept.pop("baseline", None)
    return kept


def _earlier(folder: RunFolder) -> dict[str, Any]:
    """Return ``metrics.json`` as it was, or nothing."""
    path = folder.file("metrics.json")
    try:
        found: dict[str, Any] = read_json(path) if path.exists() else {}
    except CorruptFileError:  # this is the command that its message asks for
        found = {}
    return found


def kept_chip(folder: RunFolder, data: SegmentationData) -> dict[str, Any]:
    """Return the stage of the chip, if it is of the program and the images that there are now."""
    earlier, program = _earlier(folder), folder.file("program.npz")
    stage = earlier.get("stages", {}).get("chip", {})
    if not program.exists() or stage.get("made_from") != sha256(program):
        return {}
    try:
        check_chip(folder)
    except RunFolderError:
        return {}
    return {"chip": stage} if earlier["data"]["source"] == source_of(data) else {}


def direct_stage(
    folder: RunFolder, data: SegmentationData
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Return stage and curve of the twin trained through its spikes, if of the same images."""
    network, metrics = (folder.direct.file(n) for n in ("network.safetensors", "metrics.json"))
    found = read_json(metrics) if metrics.exists() and network.exists() else {}
    if not found or found["data"]["source"] != source_of(data):
        return {}, []
    if found["made_from"] != sha256(network):  # trained again, and not scored since
        return {}, []
    return {"direct": found["stages"]["snn"] | {"made_from": found["made_from"]}}, found["curve"]


def source_of(data: SegmentationData) -> str:
    """Return what the test images and masks are known by."""
    digest = hashlib.sha256()
    for sample in data.test:
        digest.update(sample.image.tobytes())
        digest.update(sample.mask.tobytes())
    return f"test images and masks, SHA-256 {digest.hexdigest()}"


def _describe(data: SegmentationData) -> dict[str, Any]:
    return {
        "name": data.name,
        "source": source_of(data),
        "class_names": list(data.class_names),
        "split": data.split,
        "notes": list(data.notes),
        "num_train": len(data.train),
        "num_test": len(data.test),
        "membrane_class": data.membrane_class,
        "events": data.events and asdict(data.events),
    }


def _stages(
    config: RunConfig, data: SegmentationData, found: Measurement, parts: int
) -> dict[str, Any]:
    truths = [sample.mask for sample in data.test]
    classes, membrane = len(data.class_names), membrane_class(config, data)
    images = len(truths)
    spiking = score(truths, [f[-1] for f in found.forming], classes, membrane).to_dict()
    operations = sum(layer.synaptic_operations for layer in found.layers.values())
    stages: dict[str, Any] = {}
    if found.analog:  # a directly trained network has none
        stages["ann"] = score(truths, found.analog, classes, membrane).to_dict() | {
            "num_steps": 1,
            "spikes_per_neuron": 0.0,
            "synaptic_operations_per_image": found.multiplications / images,
            "operation": "MAC",
        }
    return stages | {
        "snn": spiking
        | {
            "num_steps": len(found.forming[0]) * parts,
            "mean_steps_used": sum(found.steps_used) / images,
            "exit_tolerance": config.evaluation.exit_tolerance,
            "precision": config.evaluation.precision,
            "engine": found.engine,
            "spikes_per_neuron": found.spikes / found.neurons,
            "synaptic_operations_per_image": operations / images,
            "operation": "AC",
            "input_multiplications_per_image": found.input_multiplications / images,
        },
    }


def membrane_class(config: RunConfig, data: SegmentationData) -> int | None:
    """Return the class that separates objects: the settings' own, or else that of the data."""
    chosen = config.evaluation.membrane_class
    return data.membrane_class if chosen is None else chosen


def _curve(data: SegmentationData, found: Measurement, parts: int) -> list[dict[str, float]]:
    """Return the spiking network's accuracy after every step."""
    curve = []
    for step in range(len(found.forming[0])):
        matrix = ConfusionMatrix.empty(len(data.class_names))
        for sample, forming in zip(data.test, found.forming, strict=True):
            matrix = matrix.add(sample.mask, forming[step])
        assert matrix.pixel_accuracy is not None
        assert matrix.miou is not None
        curve.append(
            {
                "num_steps": (step + 1) * parts,
                "pixel_accuracy": matrix.pixel_accuracy,
                "miou": matrix.miou,
            }
        )
    return curve
