"""What a run needs, checked before hours of training rather than after."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.batches import Augmenter, refuse_brightness
from spikeseg.config import EvaluationConfig, RunConfig
from spikeseg.conversion import convert, spiking_graph
from spikeseg.data import SegmentationData
from spikeseg.engine import EarlyExit
from spikeseg.errors import ConfigError, RunFolderError
from spikeseg.files import sha256
from spikeseg.graph import made_from
from spikeseg.metrics import score
from spikeseg.networks import size_multiple
from spikeseg.runs.chip.checks import rehearse_chip
from spikeseg.runs.folder import RunFolder, differences
from spikeseg.runs.network_file import TrainedNetwork
from spikeseg.spiking import SpikingNetwork


def pick_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``.

    Raises:
        ConfigError: ``cuda`` is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError("device is 'cuda', but torch finds no GPU; use 'cpu' or 'auto'.")
    return "cuda" if available and name != "cpu" else "cpu"


def rehearse(config: RunConfig, data: SegmentationData, network: nn.Module, crops: Tensor) -> None:
    """Go through the later stages with the untrained network; nothing is kept.

    Args:
        config: all settings.
        data: its test images are looked at for their sizes.
        network: is not changed.
        crops: (B, C, crop, crop) training crops.

    Raises:
        ConfigError: an augmentation out of range or not for events, a crop that the strides do not
            divide, a crop of the evaluation that does not fit into the test images, a membrane
            class that is none, or a recipe that cannot work on the network.
        UnknownNameError: no such neuron or recipe.
        UnsupportedLayerError: an operation that a spiking graph cannot express.
        CompileError: the settings name a chip, and it cannot hold the network.
    """
    multiple = size_multiple(network)
    crop = config.training.crop
    if crop % multiple:
        raise ConfigError(
            f"training.crop is {crop}; this network needs a multiple of {multiple}. Use "
            f"{-(-crop // multiple) * multiple}, for example."
        )
    Augmenter(config.training.augmentation, config.seed)
    refuse_brightness(config.training.augmentation, data.events)
    if isinstance(network, SpikingNetwork):
        spiking_graph(network, crops[:1])
    else:
        convert(network, crops[:1], config.conversion, dt_ms=config.dt_ms)
    evaluation_crop(config, data, multiple)
    if config.chip is not None:
        rehearse_chip(network, crops[:1], config.chip, config.dt_ms, data.test)
    blank = [np.zeros((1, 1), np.uint8)]
    score(blank, blank, len(data.class_names), config.evaluation.membrane_class)


def evaluation_crop(config: RunConfig, data: SegmentationData, multiple: int) -> int:
    """Return ``evaluation.crop``.

    Raises:
        ConfigError: ``multiple`` does not divide it, or it does not fit into a test image.
    """
    crop = config.evaluation.crop
    smallest = min(min(sample.mask.shape) for sample in data.test)
    if crop > smallest or crop % multiple:
        fitting = min(smallest, max(crop, multiple)) // multiple * multiple
        raise ConfigError(
            f"evaluation.crop is {crop}; it must be a multiple of {multiple} and fit into the "
            f"smallest test image ({smallest} pixels). Use {fitting}, for example."
        )
    return crop


def early_exit(config: EvaluationConfig) -> EarlyExit | None:
    """Return when an image is done before its last step; ``None`` where it never is."""
    if config.exit_tolerance is None:
        return None
    return EarlyExit(
        check_every=config.exit_every,
        patience=config.exit_patience,
        tolerance=config.exit_tolerance,
        min_steps=1,
    )


def check_resume(config: RunConfig, folder: RunFolder) -> None:
    """Check that the settings are those of the run to resume.

    Raises:
        RunFolderError: there is no run.
        ConfigError: settings differ; names them.
    """
    changed = differences(config, folder.read_config())
    if changed:
        raise ConfigError(
            f"--resume: {', '.join(changed)} differ from {folder.file('config.json')}. Resume with "
            "the same settings, or train anew with another --out."
        )


def check_analog(folder: RunFolder, config: RunConfig, verb: str) -> None:
    """Check that a run has an analog network, which some verbs are about.

    Raises:
        RunFolderError: its network was trained through its spikes.
    """
    if config.network.spiking is not None:
        raise RunFolderError(
            f"the network of {folder.path} was trained through its spikes, and `spikeseg {verb}` "
            "is about an analog network and its conversion. Use a run without network.spiking; of "
            "this one, evaluate, segment, convert, compile and robustness work."
        )


def check_graph(folder: RunFolder) -> None:
    """Check that a run's graph was converted from its trained network as it is now.

    Raises:
        RunFolderError: the network was trained again since.
    """
    source = made_from(folder.file("graph.npz"))
    if source and source != sha256(folder.file("network.safetensors")):
        raise RunFolderError(
            f"{folder.file('graph.npz')} was converted from another network.safetensors; run "
            f"`spikeseg convert {folder.path}` again."
        )


def check_classes(data: SegmentationData, trained: TrainedNetwork, where: Path) -> None:
    """Check that the data have the channels and classes that the network was trained for.

    Raises:
        RunFolderError: they do not.
    """
    found = (data.in_channels, len(data.class_names))
    expected = (trained.in_channels, len(trained.class_names))
    if found != expected:
        raise RunFolderError(
            f"the data have {found[0]} channels and {found[1]} classes, but the network in {where} "
            f"was trained for {expected[0]} and {expected[1]}; train again on these data."
        )
