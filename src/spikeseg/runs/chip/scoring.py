"""What an emulation writes: the stage ``chip``, rates of its layers, masks, spike counts."""

from typing import Any

import numpy as np

from spikeseg._version import __version__
from spikeseg.chips import ChipProgram
from spikeseg.config import RunConfig
from spikeseg.data import SegmentationData
from spikeseg.files import atomic_path, read_json, sha256, write_json
from spikeseg.graph import SpikingGraph, num_multiplications
from spikeseg.metrics import score
from spikeseg.runs.chip.measuring import Emulation
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.scoring import membrane_class


def write_chip_stage(
    folder: RunFolder,
    config: RunConfig,
    data: SegmentationData,
    graph: SpikingGraph,
    program: ChipProgram,
    found: Emulation,
) -> None:
    """Write the files of the emulation, ``metrics.json`` last."""
    made_from = sha256(folder.file("program.npz"))
    layers = [_layer(name, graph, program, found) for name in found.totals]
    head = {"format": FORMAT, "version": __version__, "made_from": made_from}
    table = head | {"num_steps": found.num_steps, "layers": layers}
    _write_counts(folder, data, found, made_from)
    _write_examples(folder, data, found, made_from)
    write_json(folder.file("chip_layers.json"), table)
    metrics = read_json(folder.file("metrics.json"))
    chip = _stage(folder, config, data, graph, found, layers) | {"made_from": made_from}
    metrics["stages"] = metrics["stages"] | {"chip": chip}
    write_json(folder.file("metrics.json"), metrics)


def _stage(
    folder: RunFolder,
    config: RunConfig,
    data: SegmentationData,
    graph: SpikingGraph,
    found: Emulation,
    layers: list[dict[str, Any]],
) -> dict[str, Any]:
    cores = read_json(folder.file("cores.json"))
    truths = [sample.mask for sample in data.test]
    scores = score(truths, found.masks, len(data.class_names), membrane_class(config, data))
    spikes = sum(layer["spikes_per_image"] for layer in layers)
    on_host = [layer for layer in layers if layer["on"] == "host"]
    tiles = found.num_tiles / len(found.masks)
    return scores.to_dict() | {
        "num_steps": found.num_steps,
        "tiles_per_image": tiles,
        "spikes_per_neuron": spikes / tiles / graph.num_neurons,
        "synaptic_operations_per_image": sum(
            layer["synaptic_operations_per_image"] for layer in layers
        ),
        "operation": "AC",
        "input_spikes_per_image": sum(layer["spikes_per_image"] for layer in on_host),
        "input_multiplications_per_image": tiles
        * sum(
            num_multiplications(c.transforms, graph.input.shape)
            for c in graph.out_of(graph.input.name)
        ),
        "bits": 8,
        "chip": cores["chip"]["name"],
        "rounding": cores["rounding"],
        "cores": cores["num_cores"],
        "chips": cores["num_chips"],
        "overflows": found.overflows,
        "output_spikes": found.output_spikes,
    }


def _layer(
    name: str, graph: SpikingGraph, program: ChipProgram, found: Emulation
) -> dict[str, Any]:
    """Return rates and operations of one population, over all test images."""
    population, totals, images = graph[name], found.totals[name], len(found.masks)
    hosts = {part.name for part in program.inputs}
    operations = int((totals * graph.fan_out(name)).sum())
    spikes = int(totals.sum())
    share = spikes / found.num_tiles / population.size / found.num_steps
    return {
        "name": name,
        "on": "host" if name in hosts else "chip",
        "shape": list(population.shape),
        "num_neurons": population.size,
        "mean_rate_hz": share * 1000.0 / graph.dt_ms,
        "dead": int((totals == 0).sum()),
        "spikes_per_image": spikes / images,
        "synaptic_operations_per_image": operations / images,
    }


def _write_counts(
    folder: RunFolder, data: SegmentationData, found: Emulation, made_from: str
) -> None:
    """Write how often every neuron fired for the images that the report shows, with padding."""
    arrays = {f"counts{i}": np.stack(counts) for i, counts in enumerate(found.counts.values())}
    with atomic_path(folder.file("recording.npz")) as temporary:
        np.savez_compressed(
            temporary,
            made_from=np.array(made_from),
            num_steps=np.array(found.num_steps),
            images=np.array(_names(data, found)),
            populations=np.array(list(found.counts)),
            **arrays,  # type: ignore[arg-type]
        )


def _write_examples(
    folder: RunFolder, data: SegmentationData, found: Emulation, made_from: str
) -> None:
    """Write the masks of the images that the report shows, cut to the smallest one's size."""
    names = _names(data, found)
    masks = found.masks[: len(names)]
    height, width = (min(mask.shape[axis] for mask in masks) for axis in (0, 1))
    with atomic_path(folder.file("chip_examples.npz")) as temporary:
        np.savez_compressed(
            temporary,
            made_from=np.array(made_from),
            names=np.array(names),
            chip=np.stack([mask[:height, :width] for mask in masks]),
        )


def _names(data: SegmentationData, found: Emulation) -> list[str]:
    """Return the names of the images whose counts were kept."""
    kept = len(next(iter(found.counts.values())))
    return [data.test[i].name for i in range(kept)]
