"""The verb diagnose: compares a run's networks layer by layer; writes ``diagnosis.json``."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from spikeseg import data as datasets
from spikeseg._version import __version__
from spikeseg.config import RunConfig
from spikeseg.conversion import trace
from spikeseg.data import Sample
from spikeseg.diagnosis import Diagnosis, Finding, claims, diagnose, find
from spikeseg.errors import ConfigError
from spikeseg.files import sha256, write_json
from spikeseg.graph import load_graph
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import (
    check_analog,
    check_classes,
    check_graph,
    evaluation_crop,
    pick_device,
)
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.network_file import load_network
from spikeseg.runs.stages import calibration_images


def diagnose_stage(
    folder: RunFolder,
    *,
    num_steps: int | None = None,
    num_images: int = 4,
    progress: Progress = silent,
) -> tuple[Diagnosis, tuple[Finding, ...]]:
    """Tell why a run's spiking network is worse than its analog one; write ``diagnosis.json``.

    Looked at are the middles of the first test images, ``evaluation.crop`` pixels high and wide,
    since every spike is kept; and the calibration images of the conversion.

    Args:
        folder: a run with a trained and a converted network.
        num_steps: of the spiking network; those of the run's evaluation if not given.
        num_images: how many test images, or all if there are fewer.
        progress: is told the images done.

    Returns:
        What was found in each layer, and what to change.

    Raises:
        ConfigError: no steps or no images, or ``evaluation.crop`` does not fit the test images.
        RunFolderError: a stage is missing, or the data are not those of the network.
    """
    config = folder.read_config()
    check_analog(folder, config, "diagnose")
    steps = config.evaluation.num_steps if num_steps is None else num_steps
    for name, value in (("num_steps", steps), ("images", num_images)):
        if value < 1:
            raise ConfigError(f"{name} is {value}; it must be at least 1.")
    network_file, graph_file = folder.require("network.safetensors"), folder.require("graph.npz")
    trained, graph = load_network(network_file), load_graph(graph_file)
    check_graph(folder)
    data = datasets.load(config.data)
    check_classes(data, trained, folder.path)
    device = pick_device(config.device)
    traced = trace(trained.network, torch.zeros(1, *graph.input.shape))
    traced.module.to(device)
    samples = [data.test[i] for i in range(min(num_images, len(data.test)))]
    images = _middles(samples, evaluation_crop(config, data, graph.stride)).to(device)
    calibration = calibration_images(config, data.train).to(device)
    found = diagnose(traced, graph, images, calibration, steps, progress=progress)
    findings = find(found, config.conversion, config.evaluation)
    names = [sample.name for sample in samples]
    record = _record(folder, config, names, len(data.test), found, findings)
    write_json(folder.file("diagnosis.json"), record)
    return found, findings


def _middles(samples: Sequence[Sample], crop: int) -> Tensor:
    """Return the middle of each image, (B, C, crop, crop)."""

    def middle(sample: Sample) -> Tensor:
        top, left = ((side - crop) // 2 for side in sample.mask.shape)
        cut = sample.image[:, top : top + crop, left : left + crop]
        return torch.tensor(cut, dtype=torch.float32)

    return torch.stack([middle(sample) for sample in samples])


def _record(
    folder: RunFolder,
    config: RunConfig,
    names: list[str],
    num_test: int,
    found: Diagnosis,
    findings: Sequence[Finding],
) -> dict[str, Any]:
    """Return what ``diagnosis.json`` holds; docs/diagnosis.md describes it."""
    return {
        "format": FORMAT,
        "version": __version__,
        "made_from": sha256(folder.file("graph.npz")),
        "data": config.data.name,
        "images": names,
        "num_test": num_test,
        "conversion": dataclasses.asdict(config.conversion),
        "readout": config.evaluation.readout,
        **dataclasses.asdict(found),
        "claims": list(claims(found)),
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
