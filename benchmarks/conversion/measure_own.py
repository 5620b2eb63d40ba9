"""Converts the network of a run with our own recipes and measures it on the run's test images.

Run it from the repository's root: ``python -m benchmarks.conversion.measure_own RUN --out FILE``.
The file is written after each setting; its rows are those of ``measure_rivals``.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.conversion.tally import STEPS, Tally
from benchmarks.conversion.work import reach
from spikeseg import data as datasets
from spikeseg.config import ConversionConfig, FinetuningConfig, RunConfig
from spikeseg.conversion import convert, trace
from spikeseg.data import Sample, SegmentationData
from spikeseg.engine import simulate
from spikeseg.files import read_json, sha256, write_json
from spikeseg.graph import SpikingGraph
from spikeseg.inference import pad_to_multiple
from spikeseg.runs import RunFolder, calibration_images, load_network
from spikeseg.training import finetune

STARTS: dict[str, Callable[[int], int]] = {"sum": lambda t: 0, "half": lambda t: t // 2}


@dataclass(frozen=True)
class Setting:
    """One way to a spiking graph.

    Attributes:
        name: for the results.
        conversion: recipes.
        finetuning: how it is trained on, if it is.
    """

    name: str
    conversion: ConversionConfig
    finetuning: FinetuningConfig | None = None


def _recipes(*names: str, percentile: float = 99.0) -> ConversionConfig:
    return ConversionConfig(recipes=names, granularity="channel", percentile=percentile)


BALANCED = ("percentile", "half_threshold")
SETTINGS = (
    Setting("signed, percentile 99", _recipes(*BALANCED, "signed")),
    Setting(
        "fine-tuned for 4 steps",
        _recipes(*BALANCED),
        FinetuningConfig(num_steps=4, batches=400),
    ),
    Setting(
        "fine-tuned for 4 steps, sparse",
        _recipes(*BALANCED),
        FinetuningConfig(num_steps=4, batches=400, sparsity=0.3),
    ),
    *(
        Setting(f"signed, percentile {p}", _recipes(*BALANCED, "signed", percentile=p))
        for p in (99.9, 99.5, 99.8)
    ),
)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--data-root", help="where the data lie, if no longer where they were")
    parser.add_argument("--resume", action="store_true", help="keep what --out holds already")
    arguments = parser.parse_args()
    folder = RunFolder(arguments.run)
    config = folder.read_config()
    if arguments.data_root:
        moved = dataclasses.replace(config.data, root=arguments.data_root)
        config = dataclasses.replace(config, data=moved)
    measure_run(folder, config, arguments.out, resume=arguments.resume)


def measure_run(folder: RunFolder, config: RunConfig, out: Path, *, resume: bool = False) -> None:
    """Measure all settings on a run; write ``out`` after each."""
    network_file = folder.require("network.safetensors")
    network = load_network(network_file).network
    data = datasets.load(config.data)
    found: dict[str, Any] = {"network": sha256(network_file), "own": {}}
    if resume and out.exists() and read_json(out)["network"] == found["network"]:
        found = read_json(out)
    for setting in SETTINGS:
        if f"{setting.name}, read-out sum" in found["own"]:
            continue
        began = time.perf_counter()
        graph = prepare(setting, network, config, data)
        prepared = time.perf_counter()
        found["own"] |= measure(setting.name, graph, network, data)
        seconds = prepared - began, time.perf_counter() - prepared
        print(f"{setting.name}: {seconds[0]:.0f} s to make, {seconds[1]:.0f} s to run", flush=True)
        write_json(out, found)


def prepare(
    setting: Setting, network: nn.Module, config: RunConfig, data: SegmentationData
) -> SpikingGraph:
    """Return the spiking graph of a setting."""
    config = dataclasses.replace(config, conversion=setting.conversion)
    graph = convert(network, calibration_images(config, data.train), setting.conversion)
    if setting.finetuning is None:
        return graph
    with tempfile.TemporaryDirectory() as folder:
        return finetune(
            graph,
            data,
            setting.finetuning,
            config.training,
            folder=Path(folder),
            seed=config.seed + 1,
        )


def measure(
    name: str, graph: SpikingGraph, network: nn.Module, data: SegmentationData
) -> dict[str, Any]:
    """Return the rows of a graph by read-out and step count."""
    tallies = {t: Tally(list(STARTS), len(data.class_names)) for t in STEPS}
    for sample in data.test:
        image = pad_to_multiple(torch.from_numpy(sample.image)[None], graph.stride)[0]
        _show(graph, network, image, sample, tallies)
    return {
        f"{name}, read-out {readout}": {str(t): tallies[t].row(readout, t, start(t)) for t in STEPS}
        for readout, start in STARTS.items()
    }


def _show(
    graph: SpikingGraph,
    network: nn.Module,
    image: Tensor,
    sample: Sample,
    tallies: dict[int, Tally],
) -> None:
    """Add one image to the sums; all step counts are read from one presentation."""
    reached = reach(trace(network, image))
    found = simulate(graph, image, max(tallies), keep_output=True, keep_spikes=True)
    assert found.output is not None
    sums = torch.cat([torch.zeros_like(found.output[:1]), found.output]).cumsum(dim=0)[:, 0]
    for t, tally in tallies.items():
        spikes = {n: s[:t, 0].abs().sum(dim=0).numpy() for n, s in found.spikes.items()}
        scores = {readout: sums[t] - sums[start(t)] for readout, start in STARTS.items()}
        tally.add(sample, scores, spikes, reached)


if __name__ == "__main__":
    main()
