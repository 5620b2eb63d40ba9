"""The verb compile: from the trained network to the program of a chip."""

from dataclasses import replace
from typing import Any

from torch import Tensor

from spikeseg import data as datasets
from spikeseg.chips import ChipProgram, load_chip, save_program
from spikeseg.chips.boxes import Shape
from spikeseg.compiling import build_network, compile_network
from spikeseg.config import ChipConfig, RunConfig
from spikeseg.data import SegmentationData
from spikeseg.files import sha256, write_json
from spikeseg.graph import SpikingGraph, save_graph
from spikeseg.onchip import adapt, tune
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import check_classes
from spikeseg.runs.chip.checks import rehearse_chip
from spikeseg.runs.chip.core_table import core_table
from spikeseg.runs.chip.placing import place_program
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.network_file import TrainedNetwork, load_network
from spikeseg.runs.stages import calibration_images


def compile_stage(
    folder: RunFolder, config: RunConfig | None = None, *, progress: Progress = silent
) -> ChipProgram:
    """Compile the trained network of a run; write ``chip_graph.npz``, ``program.npz``, cores.

    The network is converted for the chip (``graph.npz`` is another conversion, and stays), adapted
    to the chip's integers, trained through them if ``chip.batches`` says so, compiled for images as
    large as the largest test image or for tiles of ``chip.tile``, and placed by the spikes of
    calibration images; smaller images are padded. ``config.json`` then holds
    the settings of the chip. Nothing is written before everything has succeeded, but for the
    history of the training.

    Args:
        folder: a run with a trained network.
        config: settings; those of the run if not given. Without a chip, `ChipConfig` 's defaults.
        progress: is told the layers adapted and the batches done.

    Raises:
        RunFolderError: there is no trained network, or the data are not those of the network.
        CompileError: a chip that cannot be compiled for, or a network that it cannot hold; names
            layer, limit and what would fit; or more cores than ``chip.num_chips`` have.
        UnknownNameError: no such partitioner.
        SpikeSegError: a network that cannot be converted; see `convert`.
    """
    source = folder.require("network.safetensors")
    config = config or folder.read_config()
    settings = config.chip or ChipConfig()
    config, chip = replace(config, chip=settings), load_chip(settings.name)
    trained, data = load_network(source), datasets.load(config.data)
    check_classes(data, trained, folder.path)
    images = calibration_images(config, data.train, settings.calibration_images)
    graph = _chip_graph(folder, config, settings, trained, data, images, progress)
    network = build_network(graph, settings.output_tau)
    program = compile_network(network, chip, mode=settings.rounding)
    program, traffic = place_program(program, graph, images.numpy(), settings)
    table = core_table(network, chip, program) | {"placement": traffic}
    _write(folder, config, graph, program, table)
    return program


def _chip_graph(
    folder: RunFolder,
    config: RunConfig,
    settings: ChipConfig,
    trained: TrainedNetwork,
    data: SegmentationData,
    images: Tensor,
    progress: Progress,
) -> SpikingGraph:
    """Return the graph that is compiled, of the size of the test images."""
    graph = rehearse_chip(trained.network, images, settings, trained.dt_ms, data.test)
    if trained.config.spiking is None:  # else the rates are those that were trained
        graph = adapt(graph, images, settings, progress)
    if settings.batches == 0:
        return graph
    return tune(
        graph,
        data,
        settings,
        config.training,
        folder=folder.path,
        seed=config.seed + 2,  # other crops than those of the training and the calibration
        progress=progress,
    )


def _write(
    folder: RunFolder,
    config: RunConfig,
    graph: SpikingGraph,
    program: ChipProgram,
    table: dict[str, Any],
) -> None:
    """Write the files of the stage, and the settings that made them."""
    graph_file, program_file = folder.file("chip_graph.npz"), folder.file("program.npz")
    save_graph(graph, graph_file, made_from=sha256(folder.file("network.safetensors")))
    save_program(program, program_file, made_from=sha256(graph_file))
    size: Shape = graph.input.shape
    settings = config.chip or ChipConfig()
    head = {"made_from": sha256(program_file), "size": list(size[1:])}
    head |= {"rounding": settings.rounding}
    write_json(folder.file("cores.json"), head | table)
    for name in ("ledger.csv", "energy.json"):  # of another program
        folder.file(name).unlink(missing_ok=True)
    if settings.batches == 0:  # the history of an earlier training is of another graph
        folder.file("chip_tuning.csv").unlink(missing_ok=True)
    folder.write_config(config, folder.read_command())
