"""Runs a program on the test images: masks, spike counts, overflows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.config import ChipConfig
from spikeseg.data import Sample
from spikeseg.graph import SpikingGraph
from spikeseg.progress import Progress
from spikeseg.runs.chip.running import Counts, TilesRun, add_counts, run_tiles
from spikeseg.runs.measuring import Masks


@dataclass
class Emulation:
    """What the host and the chip did with the test images.

    Attributes:
        num_steps: of each tile.
        num_tiles: that all images were cut into.
        masks: one an image.
        totals: spikes of the populations of the host and of the chip, over all tiles, (C, H, W).
        counts: the same over the tiles of each of the first images, as many as were to be kept.
        overflows: of the chip's registers, summed over images.
        output_spikes: of the output, which is read by its potential and should never fire.
    """

    num_steps: int
    num_tiles: int = 0
    masks: list[Masks] = field(default_factory=list)
    totals: Counts = field(default_factory=dict)
    counts: dict[str, list[NDArray[np.uint32]]] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)
    output_spikes: int = 0


def run_program(
    program: ChipProgram,
    graph: SpikingGraph,
    samples: Sequence[Sample],
    config: ChipConfig,
    kept: int,
    strict: bool,
    progress: Progress,
) -> Emulation:
    """Run a program on images, one after the other.

    Args:
        program: what was compiled.
        graph: from which.
        samples: images; see `run_tiles`.
        config: the number of steps, and by how much tiles overlap.
        kept: of how many images the spike counts are kept.
        strict: whether an overflow is an error.
        progress: is told the images done.

    Raises:
        ConfigError: the overlap is as large as a tile.
        ProgramError: an overflow if ``strict``.
    """
    found = Emulation(config.num_steps)
    for i, sample in enumerate(samples):
        mask = torch.empty(sample.image.shape[1:], dtype=torch.uint8)
        counts: Counts = {}
        for run in run_tiles(program, graph, sample.image, config, strict=strict):
            run.paste(mask)
            _count(found, counts, program.output, run)
        found.masks.append(mask.numpy())
        add_counts(found.totals, counts)
        if i < kept:
            for name, count in counts.items():
                found.counts.setdefault(name, []).append(count.astype(np.uint32))
        progress("emulate", i + 1, len(samples))
    return found


def _count(found: Emulation, counts: Counts, output: str, run: TilesRun) -> None:
    """Add what some tiles of an image did."""
    fired = run.spike_counts
    found.output_spikes += int(fired.pop(output).sum())
    found.num_tiles += len(run.tiles)
    add_counts(counts, fired)
    for kind, number in run.recording.overflows.items():
        found.overflows[kind] = found.overflows.get(kind, 0) + number
