"""From what was measured to ``metrics.json``, ``layers.json`` and ``evaluation.npz``."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg._version import __version__
from spikeseg.config import RunConfig
from spikeseg.data import SegmentationData
from spikeseg.errors import CorruptFileError
from spikeseg.files import atomic_path, read_json, sha256, write_json
from spikeseg.graph import Population, SpikingGraph
from spikeseg.metrics import ConfusionMatrix, score
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.measuring import LayerTally, Measurement
from spikeseg.runs.network_file import TrainedNetwork

_BINS = 48


def write_scores(
    folder: RunFolder,
    config: RunConfig,
    data: SegmentationData,
    graph: SpikingGraph,
    found: Measurement,
    trained: TrainedNetwork,
) -> None:
    """Write the three files of the evaluation."""
    folder_layers = layers(config, graph, found)
    write_json(folder.file("layers.json"), folder_layers)
    _write_examples(folder, config, data, found)
    made_from = sha256(folder.file("graph.npz"))
    write_json(
        folder.file("metrics.json"),
        _kept(folder, made_from)
        | {
            "format": FORMAT,
            "version": __version__,
            "command": folder.read_command(),
            "made_from": made_from,
            "data": _describe(data),
            "stages": _stages(config, data, found),
            "curve": _curve(data, found),
            "rates_in_band": folder_layers["in_band"],
            "num_neurons": graph.resized(
                config.evaluation.crop, config.evaluation.crop
            ).num_neurons,
            "num_parameters": sum(p.numel() for p in trained.network.parameters()),
        },
    )


def _kept(folder: RunFolder, made_from: str) -> dict[str, Any]:
    """Return what `run` noted about the same graph, which an evaluation alone cannot know."""
    path = folder.file("metrics.json")
    try:
        earlier = read_json(path) if path.exists() else {}
    except CorruptFileError:  # this is the command that its message asks for
        earlier = {}
    same = earlier.get("made_from") == made_from
    return {k: v for k, v in earlier.items() if same and k in ("seconds", "training", "baseline")}


def _fingerprint(data: SegmentationData) -> str:
    digest = hashlib.sha256()
    for sample in data.test:
        digest.update(sample.image.tobytes())
        digest.update(sample.mask.tobytes())
    return digest.hexdigest()


def _describe(data: SegmentationData) -> dict[str, Any]:
    return {
        "name": data.name,
        "source": f"test images and masks, SHA-256 {_fingerprint(data)}",
        "class_names": list(data.class_names),
        "split": data.split,
        "notes": list(data.notes),
        "num_train": len(data.train),
        "num_test": len(data.test),
        "membrane_class": data.membrane_class,
    }


def _stages(config: RunConfig, data: SegmentationData, found: Measurement) -> dict[str, Any]:
    truths = [sample.mask for sample in data.test]
    classes, membrane = len(data.class_names), _membrane_class(config, data)
    images = len(truths)
    analog = score(truths, found.analog, classes, membrane).to_dict()
    spiking = score(truths, [f[-1] for f in found.forming], classes, membrane).to_dict()
    operations = sum(layer.synaptic_operations for layer in found.layers.values())
    return {
        "ann": analog
        | {
            "num_steps": 1,
            "spikes_per_neuron": 0.0,
            "synaptic_operations_per_image": found.multiplications / images,
            "operation": "MAC",
        },
        "snn": spiking
        | {
            "num_steps": config.evaluation.num_steps,
            "spikes_per_neuron": found.spikes / found.neurons,
            "synaptic_operations_per_image": operations / images,
            "operation": "AC",
            "input_multiplications_per_image": found.input_multiplications / images,
        },
    }


def _membrane_class(config: RunConfig, data: SegmentationData) -> int | None:
    chosen = config.evaluation.membrane_class
    return data.membrane_class if chosen is None else chosen


def _curve(data: SegmentationData, found: Measurement) -> list[dict[str, float]]:
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
                "num_steps": step + 1,
                "pixel_accuracy": matrix.pixel_accuracy,
                "miou": matrix.miou,
            }
        )
    return curve


def layers(config: RunConfig, graph: SpikingGraph, found: Measurement) -> dict[str, Any]:
    """Return rates, errors and operations of every hidden population."""
    band = config.training.regularizer
    crop = config.evaluation.crop
    sized = graph.resized(crop, crop)
    images = len(found.analog)
    entries = [
        _layer(config, population, found.layers[population.name], images)
        for population in sized.hidden
    ]
    total = sum(e["num_neurons"] for e in entries)
    return {
        "format": FORMAT,
        "band_hz": [band.min_hz, band.max_hz],
        "percentile": band.percentile,
        "crop": crop,
        "num_crops": len(next(iter(found.layers.values())).counts),
        "in_band": sum(e["in_band"] * e["num_neurons"] for e in entries) / total,
        "layers": entries,
    }


def percentile_rates(
    tally: LayerTally, percentile: float, num_steps: int, dt_ms: float
) -> NDArray[np.float64]:
    """Return each neuron's percentile rate over the test crops, (C, h, w), in Hz.

    The nearest rank is taken, as in training.
    """
    counts = np.stack(tally.counts)
    chosen = np.percentile(counts, percentile, axis=0, method="nearest")
    rates: NDArray[np.float64] = chosen * (1000.0 / (num_steps * dt_ms))
    return rates


def _layer(
    config: RunConfig, population: Population, tally: LayerTally, images: int
) -> dict[str, Any]:
    band, steps = config.training.regularizer, config.evaluation.num_steps
    rates = percentile_rates(tally, band.percentile, steps, config.dt_ms)
    edges = np.linspace(0.0, 1000.0 / config.dt_ms, _BINS + 1)
    counts = np.stack(tally.counts)
    under, over = (rates < band.min_hz).mean(), (rates > band.max_hz).mean()
    return {
        "name": population.name,
        "shape": list(population.shape),
        "num_neurons": population.size,
        "threshold": population.spike_value,
        "rate_histogram": {
            "edges_hz": edges.tolist(),
            "counts": np.histogram(rates, edges)[0].tolist(),
        },
        "under_band": float(under),
        "in_band": float(1.0 - under - over),
        "over_band": float(over),
        "mean_rate_hz": float(counts.mean(dtype=np.float64) * 1000.0 / (steps * config.dt_ms)),
        "dead": int((counts.max(axis=0) == 0).sum()),
        "saturated": int((counts.max(axis=0) == steps).sum()),
        "relative_error": (tally.squared_error / max(tally.squared_analog, 1e-12)) ** 0.5,
        "synaptic_operations_per_image": tally.synaptic_operations / images,
    }


def _write_examples(
    folder: RunFolder, config: RunConfig, data: SegmentationData, found: Measurement
) -> None:
    """Write the images that the report shows; they are cut to the smallest one's size."""
    count = min(config.evaluation.examples, len(data.test))
    samples = [data.test[i] for i in range(count)]
    height = min(s.mask.shape[0] for s in samples)
    width = min(s.mask.shape[1] for s in samples)
    steps = shown_steps(config.evaluation.num_steps)
    images = [np.round(s.image[:, :height, :width] * 255).astype(np.uint8) for s in samples]
    shown = [i[0] if len(i) == 1 else np.moveaxis(i, 0, -1) for i in images]
    forming = [f[[s - 1 for s in steps], :height, :width] for f in found.forming[:count]]
    with atomic_path(folder.file("evaluation.npz")) as temporary:
        np.savez_compressed(
            temporary,
            names=np.array([s.name for s in samples]),
            images=np.stack(shown),
            masks=np.stack([s.mask[:height, :width] for s in samples]),
            ann=np.stack([m[:height, :width] for m in found.analog[:count]]),
            snn=np.stack([f[-1] for f in forming]),
            steps=np.array(steps),
            forming=np.stack(forming),
        )


def shown_steps(num_steps: int, most: int = 16) -> list[int]:
    """Return at most ``most`` steps of 1..num_steps, denser at the start.

    >>> shown_steps(32, most=6)
    [1, 2, 4, 8, 16, 32]
    """
    places = np.geomspace(1, num_steps, min(most, num_steps))
    return sorted({round(float(p)) for p in places})
