"""A run folder, or the folder of a converted network, as a function from image to mask."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from spikeseg.config import EvaluationConfig
from spikeseg.engine import Precision, run_analog
from spikeseg.errors import ConfigError, RunFolderError
from spikeseg.graph import SpikingGraph, load_graph
from spikeseg.inference import (
    Segmenter,
    analog_segmenter,
    spiking_segmenter,
    trained_spiking_segmenter,
)
from spikeseg.own import Normalization, OwnFolder
from spikeseg.runs.checks import check_graph, early_exit, pick_device
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.network_file import TrainedNetwork, load_network
from spikeseg.spiking import SpikingNetwork

TellSteps = Callable[[int], None]
Stage = Literal["ann", "snn", "direct"]


def stages_of(model: Path) -> tuple[Stage, ...]:
    """Return which networks of a run `load_segmenter` gives, the analog one first.

    A run whose network was trained through its spikes has that network alone, as ``snn``.

    Raises:
        RunFolderError: a stage is missing; names the command that makes it.
    """
    folder = RunFolder(model)
    trained = load_network(folder.require("network.safetensors"))
    if isinstance(trained.network, SpikingNetwork):
        return ("snn",)
    folder.require("graph.npz")
    has_twin = folder.direct.file("network.safetensors").exists()
    return ("ann", "snn", "direct") if has_twin else ("ann", "snn")


def load_segmenter(
    model: Path,
    *,
    stage: Stage = "snn",
    num_steps: int | None = None,
    readout: float | None = None,
    exit_tolerance: float | None = None,
    precision: Precision | None = None,
    device: str = "auto",
    tell_steps: TellSteps = lambda steps: None,
) -> tuple[Segmenter, tuple[str, ...]]:
    """Return a network, ready to segment, and the names of its classes.

    Args:
        model: a run folder, or what ``spikeseg convert FILE.py:NAME`` wrote.
        stage: the spiking network, the analog one, or the twin that was trained through its spikes.
            Of a run of such a network alone, ``snn`` is that network.
        num_steps: time steps of the spiking network; those of the folder if not given.
        readout: share of the steps, from the end, whose output makes the mask; that of the folder
            if not given.
        exit_tolerance: of early exit; that of the folder if not given.
        precision: how exact the spiking network must be calculated at least; that of the folder if
            not given.
        device: ``cpu``, ``cuda`` or ``auto``.
        tell_steps: is called with the time steps that each piece of an image took.

    Raises:
        RunFolderError: a stage is missing.
        CorruptFileError: a file is damaged.
        ConfigError: ``num_steps``, ``readout`` or ``exit_tolerance`` is out of range, or one of
            them or ``precision`` is given for the analog network.
    """
    given = {
        "num_steps": num_steps,
        "readout": readout,
        "exit_tolerance": exit_tolerance,
        "precision": precision,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    if stage == "ann" and settings:
        raise ConfigError(
            f"{next(iter(settings))} is given, but stage 'ann' has no time steps, and is always in "
            "float32; leave it out."
        )
    load = _load_own if OwnFolder(model).exists else _load_run
    return load(model, stage, settings, device, tell_steps)


def _load_run(
    model: Path, stage: str, settings: dict[str, Any], device: str, tell_steps: TellSteps
) -> tuple[Segmenter, tuple[str, ...]]:
    folder = RunFolder(model) if stage != "direct" else RunFolder(model).direct
    trained = load_network(folder.require("network.safetensors"))
    if isinstance(trained.network, SpikingNetwork):
        return _load_spiking(trained, trained.network, stage, settings, pick_device(device))
    graph = load_graph(folder.require("graph.npz"))
    check_graph(folder)
    device = pick_device(device)
    if stage == "ann":
        segmenter = analog_segmenter(trained.network, trained.in_channels, graph.stride, device)
        return segmenter, trained.class_names
    evaluation = replace(folder.read_config().evaluation, **settings)
    return _spiking(graph, evaluation, device, tell_steps), trained.class_names


def _load_spiking(
    trained: TrainedNetwork,
    network: SpikingNetwork,
    stage: str,
    settings: dict[str, Any],
    device: str,
) -> tuple[Segmenter, tuple[str, ...]]:
    """Return a directly trained network, which has no analog stage and reads out all steps."""
    if stage == "ann":
        raise RunFolderError(
            "this run has no analog network: its network was trained through its spikes. Use "
            "stage 'snn'."
        )
    for name in settings.keys() - {"num_steps"}:
        raise ConfigError(
            f"{name} is given, but a network that was trained through its spikes reads out all "
            "steps, in float32; leave it out."
        )
    steps = settings.get("num_steps")
    made = trained_spiking_segmenter(network, trained.in_channels, device, steps)
    return made, trained.class_names


def _load_own(
    model: Path, stage: str, settings: dict[str, Any], device: str, tell_steps: TellSteps
) -> tuple[Segmenter, tuple[str, ...]]:
    own = OwnFolder(model).read()
    recorded = EvaluationConfig(num_steps=own.num_steps, readout=own.readout)
    spiking = _spiking(own.graph, replace(recorded, **settings), pick_device(device), tell_steps)
    segmenter = spiking if stage == "snn" else replace(spiking, predict=_analog(own.graph))
    return _normalizing(segmenter, own.normalization), own.class_names


def _spiking(
    graph: SpikingGraph, evaluation: EvaluationConfig, device: str, tell_steps: TellSteps
) -> Segmenter:
    return spiking_segmenter(
        graph,
        evaluation.num_steps,
        readout=evaluation.readout,
        early_exit=early_exit(evaluation),
        precision=evaluation.precision,
        device=device,
        tell_steps=tell_steps,
    )


def _analog(graph: SpikingGraph) -> Callable[[Tensor], Tensor]:
    """Return what a graph with analog values predicts: the network that it came from."""

    def predict(image: Tensor) -> Tensor:
        return run_analog(graph, image)[graph.output.name].argmax(dim=1).to(torch.uint8)

    return predict


def _normalizing(segmenter: Segmenter, normalize: Normalization) -> Segmenter:
    inner = segmenter.predict
    return replace(segmenter, predict=lambda image: inner(normalize(image)))
