"""The verbs of a run: train, convert, evaluate; each reads stage files and writes its own."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from spikeseg import data as datasets
from spikeseg.batches import CropDataset
from spikeseg.config import RunConfig
from spikeseg.conversion import convert, trace
from spikeseg.data import Sample, SegmentationData
from spikeseg.errors import ConfigError, RunFolderError
from spikeseg.files import sha256
from spikeseg.graph import SpikingGraph, load_graph, save_graph
from spikeseg.networks import make_network
from spikeseg.progress import Progress, silent
from spikeseg.runs.folder import RunFolder, differences
from spikeseg.runs.measuring import measure
from spikeseg.runs.network_file import TrainedNetwork, load_network, save_network
from spikeseg.runs.scoring import write_scores
from spikeseg.training import TrainingResult, fit


def pick_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``.

    Raises:
        ConfigError: ``cuda`` is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("device is 'cuda', but torch finds no GPU; use 'cpu' or 'auto'.")
    return "cuda" if available and name != "cpu" else "cpu"


def train_stage(
    config: RunConfig,
    folder: RunFolder,
    *,
    command: str = "",
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
    task: str = "train",
) -> TrainingResult:
    """Train the network of ``config``; write ``config.json``, history and ``network.safetensors``.

    Args:
        config: all settings.
        folder: where the files go.
        command: how to repeat the run, for the record.
        resume: go on from the checkpoint in the folder, bit for bit as if never interrupted.
        overwrite: replace an earlier run.
        progress: is told the steps done.
        task: the name under which it is told.

    Raises:
        RunFolderError: there is a run already, or nothing to resume.
        ConfigError: the settings differ from those of the run to resume.
        SpikeSegError: the data, the checkpoint or a setting cannot be used; see `fit` and `load`.
    """
    device = pick_device(config.device)
    data = datasets.load(config.data)
    if resume:
        _check_resume(config, folder)
    else:
        folder.start(overwrite)
        folder.write_config(config, command)
    torch.manual_seed(config.seed)
    classes = len(data.class_names)
    network = make_network(config.network, data.in_channels, classes, config.dt_ms)
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
    save_network(trained, folder.file("network.safetensors"))
    return result


def _check_resume(config: RunConfig, folder: RunFolder) -> None:
    changed = differences(config, folder.read_config())
    if changed:
        raise ConfigError(
            f"--resume: {', '.join(changed)} differ from {folder.file('config.json')}. Resume with "
            "the same settings, or train anew with another --out."
        )


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


def calibration_images(config: RunConfig, samples: Sequence[Sample]) -> Tensor:
    """Return crops of training images, (B, C, crop, crop)."""
    crops = CropDataset(samples, config.training.crop, config.seed)
    return torch.stack([crops[i][0] for i in range(config.conversion.calibration_images)])


def evaluate_stage(
    folder: RunFolder, config: RunConfig | None = None, *, progress: Progress = silent
) -> None:
    """Score both networks on the held-out images; write metrics, layers and examples.

    Args:
        folder: a run with a trained and a converted network.
        config: settings; those of the run if not given.
        progress: is told the steps done.

    Raises:
        RunFolderError: a stage is missing.
        DataError: the data do not fit the trained network.
    """
    network_file, graph_file = folder.require("network.safetensors"), folder.require("graph.npz")
    config = config or folder.read_config()
    trained, graph = load_network(network_file), load_graph(graph_file)
    data = datasets.load(config.data)
    _check_classes(data, trained, folder.path)
    device = pick_device(config.device)
    example = torch.zeros(1, *graph.input.shape)
    traced = trace(trained.network, example)
    traced.module.to(device)
    found = measure(
        traced,
        graph,
        data.test,
        num_steps=config.evaluation.num_steps,
        crop=_crop(config, data, graph),
        device=device,
        progress=progress,
    )
    write_scores(folder, config, data, graph, found, trained)


def _crop(config: RunConfig, data: SegmentationData, graph: SpikingGraph) -> int:
    crop = config.evaluation.crop
    smallest = min(min(sample.mask.shape) for sample in data.test)
    if crop > smallest or crop % graph.stride:
        fitting = smallest // graph.stride * graph.stride
        raise ConfigError(
            f"evaluation.crop is {crop}; it must be a multiple of {graph.stride} and fit into the "
            f"smallest test image ({smallest} pixels). Use {min(fitting, 128)}, for example."
        )
    return crop


def _check_classes(data: SegmentationData, trained: TrainedNetwork, where: Path) -> None:
    found = (data.in_channels, len(data.class_names))
    expected = (trained.in_channels, len(trained.class_names))
    if found != expected:
        raise RunFolderError(
            f"the data have {found[0]} channels and {found[1]} classes, but the network in {where} "
            f"was trained for {expected[0]} and {expected[1]}; train again on these data."
        )
