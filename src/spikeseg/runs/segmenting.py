"""A run folder as a function from image to mask."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from spikeseg.errors import ConfigError
from spikeseg.graph import load_graph
from spikeseg.inference import Segmenter, analog_segmenter, spiking_segmenter
from spikeseg.runs.checks import check_graph, early_exit, pick_device
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.network_file import load_network


def load_segmenter(
    run: Path,
    *,
    stage: Literal["snn", "ann"] = "snn",
    num_steps: int | None = None,
    exit_tolerance: float | None = None,
    device: str = "auto",
    tell_steps: Callable[[int], None] = lambda steps: None,
) -> tuple[Segmenter, tuple[str, ...]]:
    """Return a run's network, ready to segment, and the names of its classes.

    Args:
        run: the run folder.
        stage: the spiking network or the analog one.
        num_steps: time steps of the spiking network; those of the run if not given.
        exit_tolerance: of early exit; that of the run if not given.
        device: ``cpu``, ``cuda`` or ``auto``.
        tell_steps: is called with the time steps that each piece of an image took.

    Raises:
        RunFolderError: a stage is missing.
        CorruptFileError: a file is damaged.
        ConfigError: ``num_steps`` or ``exit_tolerance`` is out of range, or is given for the
            analog network.
    """
    folder = RunFolder(run)
    trained = load_network(folder.require("network.safetensors"))
    graph = load_graph(folder.require("graph.npz"))
    check_graph(folder)
    device = pick_device(device)
    if stage == "ann":
        given = {"num_steps": num_steps, "exit_tolerance": exit_tolerance}
        for name in [name for name, value in given.items() if value is not None]:
            raise ConfigError(f"{name} is given, but stage 'ann' has no time steps; leave it out.")
        segmenter = analog_segmenter(trained.network, trained.in_channels, graph.stride, device)
        return segmenter, trained.class_names
    evaluation = folder.read_config().evaluation
    steps = evaluation.num_steps if num_steps is None else num_steps
    if steps < 1:
        raise ConfigError(f"num_steps is {steps}; it must be at least 1.")
    if exit_tolerance is not None:
        evaluation = replace(evaluation, exit_tolerance=exit_tolerance)
    segmenter = spiking_segmenter(
        graph,
        steps,
        readout=evaluation.readout,
        early_exit=early_exit(evaluation),
        device=device,
        tell_steps=tell_steps,
    )
    return segmenter, trained.class_names
