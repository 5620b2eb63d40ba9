"""The verb energy: what a run's program did, counted, and what that would cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from spikeseg import data as datasets
from spikeseg._version import __version__
from spikeseg.chips import ChipProgram, load_program
from spikeseg.config import ChipConfig, RunConfig
from spikeseg.conversion import record_activations, trace
from spikeseg.data import Sample, SegmentationData
from spikeseg.energy import (
    CostTable,
    Counter,
    DenseNetwork,
    EnergyReport,
    account_for,
    count_dense,
    estimate,
    spiking_tables,
    work_of,
    write_ledger_csv,
)
from spikeseg.errors import ConfigError
from spikeseg.files import sha256, write_json
from spikeseg.graph import SpikingGraph, load_graph, num_multiplications
from spikeseg.metrics import score
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import check_classes
from spikeseg.runs.chip.checks import check_chip, check_sizes
from spikeseg.runs.chip.counting import Counted, count_images
from spikeseg.runs.chip.map import traffic_map
from spikeseg.runs.chip.running import padded_piece, program_tiles
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.network_file import TrainedNetwork, load_network
from spikeseg.runs.scoring import membrane_class


@dataclass(frozen=True, eq=False)
class _Subject:
    """What is accounted for, and with which costs."""

    config: RunConfig
    chip: ChipConfig
    program: ChipProgram
    graph: SpikingGraph
    trained: TrainedNetwork
    data: SegmentationData
    dense: DenseNetwork
    tables: Sequence[CostTable]


def energy_stage(
    folder: RunFolder,
    config: RunConfig | None = None,
    *,
    tables: Sequence[CostTable] | None = None,
    images: int | None = None,
    steps: Sequence[int] = (),
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
        steps: numbers of time steps at which the program is scored and counted as well, on all
            test images, for energy against accuracy.
        progress: is told the images done.

    Raises:
        ConfigError: there are not so many test images, a number of steps is below 1, or a table
            prices no spikes.
        ShapeError: an image that is larger than a program that is not for tiles.
        RunFolderError: a stage is missing, or is of another network or graph.
        CorruptFileError: a file is cut short or damaged.
        FormatVersionError: a file of another version.
    """
    _check_prices(tables or ())
    subject = _load(folder, config or folder.read_config(), tables or spiking_tables())
    chips = [replace(subject.chip, num_steps=number) for number in sorted(set(steps))]
    shown = min(subject.config.evaluation.examples, len(subject.data.test))
    samples = _chosen(subject.data.test, shown if images is None else images)
    counter = Counter(subject.program)
    counted = count_images(counter, subject.graph, samples, subject.chip, progress)
    work = work_of(counted.ledger, subject.program, subject.dense)
    shares = _nonzero(subject, samples)
    report = account_for(work, subject.dense, subject.tables, shares)
    curve = [_point(subject, counter, chip, progress) for chip in chips]
    head = _head(folder, subject, samples, counted) | {"curve": curve}
    write_ledger_csv(counted.ledger, folder.file("ledger.csv"))
    write_json(folder.file("energy.json"), head | report.to_dict())
    return report


def _load(folder: RunFolder, config: RunConfig, tables: Sequence[CostTable]) -> _Subject:
    for name in ("program.npz", "chip_graph.npz"):
        folder.require(name)
    program = load_program(folder.file("program.npz"))
    graph = load_graph(folder.file("chip_graph.npz"))
    check_chip(folder)
    trained, data = load_network(folder.require("network.safetensors")), datasets.load(config.data)
    check_classes(data, trained, folder.path)
    dense = count_dense(graph, on_host=[part.name for part in program.inputs])
    chip = config.chip or ChipConfig()
    check_sizes(folder, data.test, graph, chip)
    return _Subject(config, chip, program, graph, trained, data, dense, tables)


def _check_prices(tables: Sequence[CostTable]) -> None:
    """Refuse tables of devices that run no spiking network, and a table given twice.

    This is done before anything is counted.

    Raises:
        ConfigError: names the table.
    """
    names = [table.name for table in tables]
    for table in tables:
        if names.count(table.name) > 1:
            raise ConfigError(f"cost table {table.name} is given {names.count(table.name)} times.")
        table.check_spikes()


def _chosen(samples: Sequence[Sample], count: int) -> Sequence[Sample]:
    if not 1 <= count <= len(samples):
        raise ConfigError(
            f"{count} images are to be counted; the test set has {len(samples)}. Give 1 to "
            f"{len(samples)}."
        )
    return samples[:count]


def _nonzero(subject: _Subject, samples: Sequence[Sample]) -> dict[str, float]:
    """Return for each population the share of the dense network's activations that are not 0."""
    graph = subject.graph
    traced = trace(subject.trained.network, torch.zeros(1, *graph.input.shape))
    found: dict[str, int] = {}
    total: dict[str, int] = {}
    for sample in samples:
        image = torch.from_numpy(sample.image)
        for tile in program_tiles(graph, image.shape[1:], subject.chip.overlap):
            piece = padded_piece(graph, tile, image)
            for name, values in record_activations(traced, piece).items():
                found[name] = found.get(name, 0) + int(values.count_nonzero())
                total[name] = total.get(name, 0) + values.numel()
    return {name: count / total[name] for name, count in found.items()}


def _point(
    subject: _Subject, counter: Counter, chip: ChipConfig, progress: Progress
) -> dict[str, Any]:
    """Return scores and energies at one number of steps, on all test images."""
    samples = subject.data.test
    counted = count_images(counter, subject.graph, samples, chip, progress)
    work = work_of(counted.ledger, subject.program, subject.dense)
    membrane = membrane_class(subject.config, subject.data)
    truths = [sample.mask for sample in samples]
    scores = score(truths, counted.masks, len(subject.data.class_names), membrane).to_dict()
    totals = {table.name: estimate(work, table).total.to_dict() for table in subject.tables}
    return {
        "num_steps": chip.num_steps,
        "pixel_accuracy": scores["pixel_accuracy"],
        "miou": scores["miou"],
        "spikes_per_neuron": work.total.spikes / work.total.neurons,
        "synaptic_operations": work.total.synaptic_operations,
        "totals": totals,
    }


def _head(
    folder: RunFolder, subject: _Subject, samples: Sequence[Sample], counted: Counted
) -> dict[str, Any]:
    """Return what was counted on what."""
    graph, ledger = subject.graph, counted.ledger
    regularizer = asdict(subject.config.training.regularizer)
    return {
        "format": FORMAT,
        "version": __version__,
        "made_from": sha256(folder.file("program.npz")),
        "band": {name: regularizer[name] for name in ("weight", "min_hz", "max_hz")},
        "images": [sample.name for sample in samples],
        "image_size": list(samples[0].image.shape[1:]),
        "pixels_per_image": sum(sample.mask.size for sample in samples) / len(samples),
        "size": list(graph.input.shape[1:]),
        "tiles_per_image": ledger.num_images / len(samples),
        "host_multiplications": sum(
            num_multiplications(c.transforms, graph.input.shape)
            for c in graph.out_of(graph.input.name)
        ),
        "map": traffic_map(subject.program, counted.rates),
        "ledger": ledger.to_dict(),
    }
