"""Whether a network can be put on a chip, and whether a program is still that of its network."""

from collections.abc import Sequence

from torch import Tensor, nn

from spikeseg.chips import load_chip, program_made_from
from spikeseg.compiling import build_network, cut
from spikeseg.config import ChipConfig
from spikeseg.data import Sample
from spikeseg.errors import CompileError, ConfigError, RunFolderError, ShapeError
from spikeseg.files import sha256
from spikeseg.graph import SpikingGraph, made_from
from spikeseg.onchip import prepare
from spikeseg.placing import PARTITIONERS
from spikeseg.runs.chip.running import program_tiles
from spikeseg.runs.folder import RunFolder


def rehearse_chip(
    network: nn.Module,
    images: Tensor,
    config: ChipConfig,
    dt_ms: float,
    samples: Sequence[Sample],
) -> SpikingGraph:
    """Check that a chip can hold a network; return the network, converted for the chip.

    Args:
        network: trained or not; it is not changed.
        images: (B, C, H, W) to balance thresholds on.
        config: which chip, and for tiles of which size.
        dt_ms: length of a step in milliseconds.
        samples: test images; the graph is of the size of the largest, or of a tile.

    Raises:
        CompileError: a chip that cannot be compiled for, neurons or transforms that it does not
            have, a layer that fits no core, or more cores than ``num_chips`` have.
        ConfigError: a tile that is no multiple of the strides, or not larger than its overlap.
        UnknownNameError: no such partitioner.
        SpikeSegError: a network that cannot be converted; see `convert`.
    """
    chip = load_chip(config.name)
    if config.partitioner != "auto":
        PARTITIONERS.get(config.partitioner)
    graph = prepare(network, images, config, dt_ms)
    graph = graph.resized(*program_size(samples, graph.stride, config.tile))
    for shape in {sample.image.shape[1:] for sample in samples}:
        program_tiles(graph, shape, config.overlap)
    boxes = cut(build_network(graph, config.output_tau), chip)
    cores = sum(map(len, boxes.values()))
    if config.num_chips is not None and cores > config.num_chips * chip.cores:
        raise CompileError(
            f"the network takes {cores:,} cores of {chip.name}, {-(-cores // chip.cores):,} chips; "
            f"chip.num_chips is {config.num_chips} ({config.num_chips * chip.cores:,} cores). "
            "Allow more chips, or lower chip.tile or the network's widths."
        )
    return graph


def program_size(
    samples: Sequence[Sample], multiple: int, tile: int | None = None
) -> tuple[int, int]:
    """Return the height and width of the largest images, rounded up to a multiple.

    Args:
        samples: images.
        multiple: what the network's strides need.
        tile: the largest height and width to return.

    Raises:
        ConfigError: the tile is no multiple.

    >>> import numpy as np
    >>> images = [np.zeros((1, *size), np.float32) for size in ((30, 41), (33, 20))]
    >>> samples = [Sample("", i, np.zeros(i.shape[1:], np.uint8)) for i in images]
    >>> program_size(samples, 4), program_size(samples, 4, 40)
    ((36, 44), (36, 40))
    """
    if tile is not None and tile % multiple:
        below, above = tile // multiple * multiple, -(-tile // multiple) * multiple
        raise ConfigError(
            f"chip.tile is {tile}; this network needs a multiple of {multiple}, such as "
            f"{below or above} or {above if below else 2 * above}."
        )
    shapes = [sample.image.shape[1:] for sample in samples]
    height, width = (size + -size % multiple for size in map(max, zip(*shapes, strict=True)))
    return (height, width) if tile is None else (min(height, tile), min(width, tile))


def check_chip(folder: RunFolder) -> None:
    """Check that a run's program was compiled from its graph, and that from its network, as is.

    Raises:
        RunFolderError: one is missing, or was made again since.
    """
    program, graph = folder.require("program.npz"), folder.require("chip_graph.npz")
    again = f"run `spikeseg compile {folder.path}` again."
    if program_made_from(program) != sha256(graph):
        raise RunFolderError(f"{program} was compiled from another chip_graph.npz; {again}")
    if made_from(graph) != sha256(folder.require("network.safetensors")):
        raise RunFolderError(f"{graph} was converted from another network.safetensors; {again}")


def check_sizes(
    folder: RunFolder, samples: Sequence[Sample], graph: SpikingGraph, config: ChipConfig
) -> None:
    """Check that images fit the program, if it is not for tiles of them.

    Raises:
        ShapeError: names the image and both sizes.
    """
    height, width = graph.input.shape[1:]
    for sample in samples:
        rows, columns = sample.image.shape[1:]
        if config.tile is None and (rows > height or columns > width):
            raise ShapeError(
                f"{sample.name} of the test set has {rows} x {columns} pixels; the program is made "
                f"for {height} x {width}. Run `spikeseg compile {folder.path}` for these images, "
                "or for tiles of them with --chip.tile."
            )
