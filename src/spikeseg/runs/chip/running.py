"""Runs a program on images of any size: in tiles, several at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikeseg.chips import ChipProgram
from spikeseg.config import ChipConfig
from spikeseg.emulation import Recording, emulate
from spikeseg.errors import ConfigError
from spikeseg.graph import SpikingGraph
from spikeseg.inference import Tile, pad_to_size, tiles_of
from spikeseg.onchip import host_spikes
from spikeseg.runs.measuring import Masks

Counts = dict[str, NDArray[np.int64]]
_BATCH = 8  # tiles that are emulated at once


@dataclass(frozen=True, eq=False)
class TilesRun:
    """What host and chips did with some tiles of an image.

    Attributes:
        tiles: B of them.
        spikes: of the host, (T, B, C, H, W) for each of its populations.
        recording: of the chips.
        masks: (B, H, W) of the program's size; tiles at the image's edge may be smaller.
    """

    tiles: list[Tile]
    spikes: dict[str, NDArray[np.bool_]]
    recording: Recording
    masks: Masks

    @property
    def spike_counts(self) -> Counts:
        """Spikes of every neuron of host and chips, over all steps and tiles, (C, H, W)."""
        counts = {name: fired.sum(axis=(0, 1)) for name, fired in self.spikes.items()}
        chips = self.recording.spike_counts
        return counts | {name: c.sum(axis=0, dtype=np.int64) for name, c in chips.items()}

    def paste(self, mask: Tensor) -> None:
        """Write what the tiles decide into the mask of the image, (H, W) uint8."""
        for tile, part in zip(self.tiles, torch.from_numpy(self.masks), strict=True):
            tile.paste(part, mask)


def add_counts(sums: Counts, counts: Counts) -> None:
    """Add spike counts to those of the same populations, if there are any."""
    for name, count in counts.items():
        sums[name] = sums.get(name, 0) + count


def run_tiles(
    program: ChipProgram,
    graph: SpikingGraph,
    image: NDArray[np.float32],
    config: ChipConfig,
    *,
    record: Iterable[str] = (),
    strict: bool = False,
) -> Iterator[TilesRun]:
    """Run a program on the tiles of an image.

    Args:
        program: what was compiled.
        graph: from which; its first layers fire on the host, its size is that of the program.
        image: (C, H, W); if it is larger than the program, it is cut into tiles, and if smaller,
            it is padded at the bottom and right.
        config: the number of steps, and by how much tiles overlap.
        record: of `emulate`.
        strict: whether an overflow is an error.

    Raises:
        ConfigError: ``chip.overlap`` leaves nothing of a tile.
        ProgramError: an overflow if ``strict``.
    """
    names, whole = list(record), torch.from_numpy(image)
    tiles = program_tiles(graph, image.shape[1:], config.overlap)
    for first in range(0, len(tiles), _BATCH):
        some = tiles[first : first + _BATCH]
        pieces = torch.cat([padded_piece(graph, tile, whole) for tile in some])
        spikes = {k: v.numpy() for k, v in host_spikes(graph, pieces, config.num_steps).items()}
        threads = torch.get_num_threads()
        recording = emulate(program, spikes, record=names, strict=strict, threads=threads)
        yield TilesRun(some, spikes, recording, read_out(program, recording))


def program_tiles(graph: SpikingGraph, shape: Iterable[int], overlap: int) -> list[Tile]:
    """Return the tiles, of the size of a graph, of an image of (H, W) pixels.

    Raises:
        ConfigError: the overlap leaves nothing of a tile.
    """
    height, width = shape
    rows, columns = graph.input.shape[1:]
    shared = -(-overlap // graph.stride) * graph.stride
    if shared >= rows < height or shared >= columns < width:
        raise ConfigError(
            f"chip.overlap is {overlap}, {shared} with the network's stride of {graph.stride}, and "
            f"the program is for {rows} x {columns} pixels; tiles must be larger than what they "
            "share. Lower chip.overlap, or compile for a larger chip.tile."
        )
    return tiles_of(height, width, (rows, columns), shared, graph.stride)


def padded_piece(graph: SpikingGraph, tile: Tile, image: Tensor) -> Tensor:
    """Return the tile's piece of an image (C, H, W), padded to the graph's size, as a batch."""
    return pad_to_size(tile.of(image)[None], *graph.input.shape[1:])[0]


def read_out(program: ChipProgram, recording: Recording) -> Masks:
    """Return the classes of the highest potentials, (B, H, W).

    Cores may count in different units, of which each one's threshold is the same multiple; so
    potentials are compared in thresholds.
    """
    thresholds = np.empty(program.shapes[program.output])
    for core in program.cores_of(program.output):
        channels, rows, columns = core.box.shape
        thresholds[core.box.slices] = core.threshold.reshape(rows, columns, channels).transpose(
            2, 0, 1
        )
    classes: NDArray[np.intp] = (recording.potentials / thresholds).argmax(axis=1)
    return classes.astype(np.uint8)
