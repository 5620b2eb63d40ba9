"""A run folder as a function from image to mask."""

from pathlib import Path
from typing import Literal

from spikeseg.errors import ConfigError
from spikeseg.graph import load_graph
from spikeseg.inference import Segmenter, analog_segmenter, spiking_segmenter
from spikeseg.runs.checks import check_graph, pick_device
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.network_file import load_network


def load_segmenter(
    run: Path,
    *,
    stage: Literal["snn", "ann"] = "snn",
    num_steps: int | None = None,
    device: str = "auto",
) -> tuple[Segmenter, tuple[str, ...]]:
    """Return a run's network, ready to segment, and the names of its classes.

    Args:
        run: the run folder.
        stage: the spiking network or the analog one.
        num_steps: time steps of the spiking network; those of the run if not given.
        device: ``cpu``, ``cuda`` or ``auto``.

    Raises:
        RunFolderError: a stage is missing.
        CorruptFileError: a file is damaged.
        ConfigError: ``num_steps`` is not positive, or is given for the analog network.
    """
    folder = RunFolder(run)
    trained = load_network(folder.require("network.safetensors"))
    graph = load_graph(folder.require("graph.npz"))
    check_graph(folder)
    device = pick_device(device)
    if stage == "ann":
        if num_steps is not None:
            raise ConfigError(
                "num_steps is given, but stage 'ann' has no time steps; leave it out."
            )
        segmenter = analog_segmenter(trained.network, trained.in_channels, graph.stride, device)
        return segmenter, trained.class_names
    evaluation = folder.read_config().evaluation
    steps = evaluation.num_steps if num_steps is None else num_steps
    if steps < 1:
        raise ConfigError(f"num_steps is {steps}; it must be at least 1.")
    segmenter = spiking_segmenter(graph, steps, readout=evaluation.readout, device=device)
    return segmenter, trained.class_names
