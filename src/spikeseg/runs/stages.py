"""The verbs of a run: train, convert, finetune, evaluate; each writes its own stage files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from spikeseg import data as datasets
from spikeseg.batches import CropDataset
from spikeseg.config import ActivationConfig, RunConfig, SpikingConfig
from spikeseg.conversion import convert, trace
from spikeseg.data import Sample, SegmentationData
from spikeseg.files import sha256
from spikeseg.graph import SpikingGraph, load_graph, save_graph
from spikeseg.networks import make_network, size_multiple
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import (
    check_analog,
    check_classes,
    check_graph,
    check_resume,
    early_exit,
    evaluation_crop,
    pick_device,
    rehearse,
)
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.measuring import measure
from spikeseg.runs.network_file import TrainedNetwork, load_network, save_network
from spikeseg.runs.scoring import write_scores
from spikeseg.runs.spiking import measure_spiking
from spikeseg.spiking import SpikingNetwork, start_from
from spikeseg.training import TrainingResult, finetune, fit, is_first


def train_stage(
    config: RunConfig,
    folder: RunFolder,
    *,
    command: str = "",
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
    task: str = "train",
    start: Path | None = None,
) -> TrainingResult:
    """Train the network of ``config``; write ``config.json``, history and ``network.safetensors``.

    Of several processes that train together (``torchrun``), the first one writes.

    Args:
        config: all settings.
        folder: where the files go.
        command: how to repeat the run, for the record.
        resume: go on from the checkpoint in the folder, bit for bit as if never interrupted.
        overwrite: replace an earlier run.
        progress: is told the steps done.
        task: the name under which it is told.
        start: the file of an analog network whose weights a spiking one starts from.

    Raises:
        RunFolderError: there is a run already, or nothing to resume.
        ConfigError: the settings differ from those of the run to resume, or a later stage could
            not work with them.
        SpikeSegError: the data, the checkpoint or a setting cannot be used; see `fit` and `load`.
    """
    device = pick_device(config.device)
    data = datasets.load(config.data)
    classes = len(data.class_names)
    if config.direct is not None and is_first() and not resume:
        _rehearse_twin(config, config.direct, data)
    torch.manual_seed(config.seed)
    network = make_network(config.network, data.in_channels, classes, config.dt_ms)
    if start is not None and isinstance(network, SpikingNetwork):
        start_from(network, load_network(start).network)
    if resume:
        check_resume(config, folder)
    elif is_first():
        folder.check_free(overwrite)
        rehearse(config, data, network, calibration_images(config, data.train))
        folder.start(overwrite)
        folder.write_config(config, command)
    result = fit(
        network,
        data,
        config.training,
        folder=folder.path,
        seed=config.seed,
        dt_ms=config.dt_ms,
        device=device,
        resume=resume and folder.file("checkpoint.ckpt").exists(),
        progress=progress,
        task=task,
    )
    trained = TrainedNetwork(
        network, config.network, data.in_channels, data.class_names, config.dt_ms
    )
    if is_first():
        save_network(trained, folder.file("network.safetensors"))
    return result


def twin_of(config: RunConfig, spiking: SpikingConfig) -> RunConfig:
    """Return the settings of the same network, trained through its spikes."""
    network = replace(config.network, spiking=spiking, norm=None, activation=ActivationConfig())
    return replace(
        config,
        network=network,
        direct=None,
        compare_without_regularizer=False,
        chip=None,
        evaluation=replace(config.evaluation, precision="float32"),
    )


def _rehearse_twin(config: RunConfig, spiking: SpikingConfig, data: SegmentationData) -> None:
    """Build the twin of the network that will be trained through its spikes, and forget it."""
    other = twin_of(config, spiking)
    network = make_network(other.network, data.in_channels, len(data.class_names), config.dt_ms)
    rehearse(other, data, network, calibration_images(other, data.train))


def convert_stage(folder: RunFolder, config: RunConfig | None = None) -> SpikingGraph:
    """Convert the trained network of a run; write ``graph.npz``.

    Args:
        folder: a run with a trained network.
        config: settings; those of the run if not given.

    Raises:
        RunFolderError: there is no trained network.
        UnsupportedLayerError: an operation that a spiking graph cannot express.
        ConfigError: a recipe or neuron that cannot work on this network.
    """
    source = folder.require("network.safetensors")
    config = config or folder.read_config()
    trained = load_network(source)
    images = calibration_images(config, datasets.load(config.data).train)
    graph = convert(trained.network, images, config.conversion, dt_ms=trained.dt_ms)
    save_graph(graph, folder.file("graph.npz"), made_from=sha256(source))
    return graph


def finetune_stage(
    folder: RunFolder, config: RunConfig | None = None, *, progress: Progress = silent
) -> SpikingGraph:
    """Train the converted network of a run on; write ``graph.npz`` and ``finetuning.csv``.

    ``config.json`` then evaluates as many steps as were trained, and reads out all of them.

    Args:
        folder: a run with a trained and a converted network.
        config: settings; those of the run if not given.
        progress: is told the batches done.

    Raises:
        RunFolderError: a stage is missing.
        ConfigError: other neurons than ``if_soft``, or a loss that is not finite.
    """
    config = config or folder.read_config()
    check_analog(folder, config, "finetune")
    source, graph_file = folder.require("network.safetensors"), folder.require("graph.npz")
    check_graph(folder)
    graph = finetune(
        load_graph(graph_file),
        datasets.load(config.data),
        config.finetuning,
        config.training,
        folder=folder.path,
        seed=config.seed + 1,  # other crops than those of the training
        device=pick_device(config.device),
        progress=progress,
    )
    save_graph(graph, graph_file, made_from=sha256(source))
    evaluation = replace(config.evaluation, num_steps=config.finetuning.num_steps, readout=1.0)
    folder.write_config(replace(config, evaluation=evaluation), folder.read_command())
    return graph


def calibration_images(
    config: RunConfig, samples: Sequence[Sample], count: int | None = None
) -> Tensor:
    """Return ``count`` crops of training images, as many as the conversion takes if not given.

    They are (B, C, crop, crop).
    """
    crops = CropDataset(samples, config.training.crop, config.seed)
    number = config.conversion.calibration_images if count is None else count
    return torch.stack([crops[i][0] for i in range(number)])


def evaluate_stage(
    folder: RunFolder, config: RunConfig | None = None, *, progress: Progress = silent
) -> None:
    """Score both networks on the held-out images; write metrics, layers and examples.

    Of a run whose network was trained through its spikes, that network alone.

    Args:
        folder: a run with a trained and, if that is analog, a converted network.
        config: settings; those of the run if not given.
        progress: is told the steps done.

    Raises:
        RunFolderError: a stage is missing.
        DataError: the data do not fit the trained network.
    """
    config = config or folder.read_config()
    trained = load_network(folder.require("network.safetensors"))
    if isinstance(trained.network, SpikingNetwork):
        return _evaluate_spiking(folder, config, trained, trained.network, progress)
    graph = load_graph(folder.require("graph.npz"))
    check_graph(folder)
    data = datasets.load(config.data)
    check_classes(data, trained, folder.path)
    device = pick_device(config.device)
    example = torch.zeros(1, *graph.input.shape)
    traced = trace(trained.network, example)
    traced.module.to(device)
    found = measure(
        traced,
        graph,
        data.test,
        num_steps=config.evaluation.num_steps,
        readout=config.evaluation.readout,
        early_exit=early_exit(config.evaluation),
        precision=config.evaluation.precision,
        crop=evaluation_crop(config, data, graph.stride),
        device=device,
        progress=progress,
    )
    return write_scores(folder, config, data, graph, found, trained)


def _evaluate_spiking(
    folder: RunFolder,
    config: RunConfig,
    trained: TrainedNetwork,
    network: SpikingNetwork,
    progress: Progress,
) -> None:
    """Score a directly trained network, run as it was trained."""
    data = datasets.load(config.data)
    check_classes(data, trained, folder.path)
    found, graph = measure_spiking(
        network,
        data.test,
        num_steps=network.config.num_steps,
        crop=evaluation_crop(config, data, size_multiple(network)),
        device=pick_device(config.device),
        progress=progress,
    )
    write_scores(folder, config, data, graph, found, trained)
