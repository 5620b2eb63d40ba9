"""The verb energy: what a run's program did, counted, and what that would cost."""

from collections.abc import Sequence
from typing import Any

import torch

from spikeseg import data as datasets
from spikeseg._version import __version__
from spikeseg.chips import ChipProgram, load_program
from spikeseg.config import ChipConfig, RunConfig
from spikeseg.conversion import record_activations, trace
from spikeseg.data import Sample
from spikeseg.energy import (
    CostTable,
    Counter,
    EnergyReport,
    Ledger,
    account_for,
    count_dense,
    spiking_tables,
    work_of,
    write_ledger_csv,
)
from spikeseg.errors import ConfigError
from spikeseg.files import sha256, write_json
from spikeseg.graph import SpikingGraph, load_graph, num_multiplications
from spikeseg.inference import pad_to_size
from spikeseg.placing import Rates
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import check_classes
from spikeseg.runs.chip_checks import check_chip
from spikeseg.runs.chip_map import traffic_map
from spikeseg.runs.chip_placing import SpikeSums
from spikeseg.runs.chip_running import program_tiles, run_tiles
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.network_file import TrainedNetwork, load_network


def energy_stage(
    folder: RunFolder,
    config: RunConfig | None = None,
    *,
    tables: Sequence[CostTable] | None = None,
    images: int | None = None,
    progress: Progress = silent,
) -> EnergyReport:
    """Count what a compiled program does with test images; write ``ledger.csv``, ``energy.json``.

    Counts and energies are of one image as the chips are given it: a tile, where the images are
    larger than the program.

    Args:
        folder: a run that is compiled.
        config: settings; those of the run if not given.
        tables: costs; all of the package that price spikes if not given.
        images: how many of the test images are counted; as many as the report shows if not given.
        progress: is told the images done.

    Raises:
        ConfigError: there are not so many test images, or a table prices no spikes.
        RunFolderError: a stage is missing, or is of another network or graph.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    for name in ("program.npz", "chip_graph.npz"):
        folder.require(name)
    config = config or folder.read_config()
    program = load_program(folder.file("program.npz"))
    graph = load_graph(folder.file("chip_graph.npz"))
    check_chip(folder)
    trained, data = load_network(folder.require("network.safetensors")), datasets.load(config.data)
    check_classes(data, trained, folder.path)
    samples = _chosen(data.test, config.evaluation.examples if images is None else images)
    settings = config.chip or ChipConfig()
    ledger, rates = _count(program, graph, samples, settings, progress)
    hosts = [part.name for part in program.inputs]
    dense = count_dense(graph, on_host=hosts)
    shares = _nonzero(trained, graph, samples, settings)
    report = account_for(work_of(ledger, program, dense), dense, tables or spiking_tables(), shares)
    head = _head(folder, graph, samples, ledger) | {"map": traffic_map(program, rates)}
    write_ledger_csv(ledger, folder.file("ledger.csv"))
    counts = {"ledger": ledger.to_dict()}
    write_json(folder.file("energy.json"), head | counts | report.to_dict())
    return report


def _chosen(samples: Sequence[Sample], count: int) -> Sequence[Sample]:
    if not 1 <= count <= len(samples):
        raise ConfigError(
            f"{count} images are to be counted; the test set has {len(samples)}. Give 1 to "
            f"{len(samples)}."
        )
    return samples[:count]


def _count(
    program: ChipProgram,
    graph: SpikingGraph,
    samples: Sequence[Sample],
    config: ChipConfig,
    progress: Progress,
) -> tuple[Ledger, Rates]:
    """Return the ledger of all tiles of the images, and the rates of the neurons."""
    counter, sums, ledger = Counter(program), SpikeSums(), None
    names = [f"{part.name}.spikes" for part in program.populations]
    for done, sample in enumerate(samples):
        for run in run_tiles(program, graph, sample.image, config, record=names):
            found = counter.count(run.spikes, run.recording)
            ledger = found if ledger is None else ledger + found
            sums.add(run)
        progress("count", done + 1, len(samples))
    assert ledger is not None  # there is an image
    return ledger, sums.rates


def _nonzero(
    trained: TrainedNetwork, graph: SpikingGraph, samples: Sequence[Sample], config: ChipConfig
) -> dict[str, float]:
    """Return for each population the share of the dense network's activations that are not 0."""
    traced = trace(trained.network, torch.zeros(1, *graph.input.shape))
    found: dict[str, int] = {}
    total: dict[str, int] = {}
    for sample in samples:
        image = torch.from_numpy(sample.image)
        for tile in program_tiles(graph, image.shape[1:], config.overlap):
            piece, _ = pad_to_size(tile.of(image)[None], *graph.input.shape[1:])
            for name, values in record_activations(traced, piece).items():
                found[name] = found.get(name, 0) + int(values.count_nonzero())
                total[name] = total.get(name, 0) + values.numel()
    return {name: count / total[name] for name, count in found.items()}


def _head(
    folder: RunFolder, graph: SpikingGraph, samples: Sequence[Sample], ledger: Ledger
) -> dict[str, Any]:
    """Return what was counted on what."""
    return {
        "format": FORMAT,
        "version": __version__,
        "made_from": sha256(folder.file("program.npz")),
        "images": [sample.name for sample in samples],
        "image_size": list(samples[0].image.shape[1:]),
        "size": list(graph.input.shape[1:]),
        "tiles_per_image": ledger.num_images / len(samples),
        "host_multiplications": sum(
            num_multiplications(c.transforms, graph.input.shape)
            for c in graph.out_of(graph.input.name)
        ),
    }
