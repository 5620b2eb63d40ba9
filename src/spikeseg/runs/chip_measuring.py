"""Runs a program on the test images: masks, spike counts, overflows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.data import Sample
from spikeseg.emulation import Recording, emulate
from spikeseg.errors import ConfigError
from spikeseg.graph import SpikingGraph
from spikeseg.inference import pad_to_size
from spikeseg.onchip import host_spikes
from spikeseg.progress import Progress
from spikeseg.runs.measuring import Masks

_MOST_STEPS = 2**16 - 1  # spikes of a neuron are kept in 16 bits


@dataclass
class Emulation:
    """What the host and the chip did with the test images.

    Attributes:
        num_steps: of each image.
        masks: one an image.
        totals: spikes of the populations of the host and of the chip, over all images, (C, H, W).
        counts: the same for each of the first images, as many as were to be kept.
        overflows: of the chip's registers, summed over images.
        output_spikes: of the output, which is read by its potential and should never fire.
    """

    num_steps: int
    masks: list[Masks] = field(default_factory=list)
    totals: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    counts: dict[str, list[NDArray[np.uint16]]] = field(default_factory=dict)
    overflows: dict[str, int] = field(default_factory=dict)
    output_spikes: int = 0


def run_program(
    program: ChipProgram,
    graph: SpikingGraph,
    samples: Sequence[Sample],
    num_steps: int,
    kept: int,
    strict: bool,
    progress: Progress,
) -> Emulation:
    """Run a program on images, one after the other.

    Args:
        program: what was compiled.
        graph: from which; its first layers fire on the host, its size is that of the program.
        samples: images of at most this size; they are padded at the bottom and right.
        num_steps: T.
        kept: of how many images the spike counts are kept.
        strict: whether an overflow is an error.
        progress: is told the images done.

    Raises:
        ConfigError: more than 65,535 steps.
        ProgramError: an overflow if ``strict``.
    """
    if num_steps > _MOST_STEPS:
        raise ConfigError(f"chip.num_steps is {num_steps}; it must be at most {_MOST_STEPS}.")
    found = Emulation(num_steps)
    for i, sample in enumerate(samples):
        image, crop_back = pad_to_size(torch.from_numpy(sample.image)[None], *graph.input.shape[1:])
        spikes = {k: v.numpy() for k, v in host_spikes(graph, image, num_steps).items()}
        recording = emulate(program, spikes, strict=strict, threads=torch.get_num_threads())
        mask = torch.from_numpy(read_out(program, recording)[0])
        found.masks.append(np.ascontiguousarray(crop_back(mask).numpy()))
        _count(found, program, spikes, recording, keep=i < kept)
        progress("emulate", i + 1, len(samples))
    return found


def read_out(program: ChipProgram, recording: Recording) -> NDArray[np.uint8]:
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


def _count(
    found: Emulation,
    program: ChipProgram,
    spikes: dict[str, NDArray[np.bool_]],
    recording: Recording,
    keep: bool,
) -> None:
    """Add the spikes of one image."""
    counts = {name: fired.sum(axis=0)[0] for name, fired in spikes.items()}
    counts |= {name: fired[0] for name, fired in recording.spike_counts.items()}
    found.output_spikes += int(counts.pop(program.output).sum())
    for name, fired in counts.items():
        found.totals[name] = found.totals.get(name, 0) + fired.astype(np.int64)
        if keep:
            found.counts.setdefault(name, []).append(fired.astype(np.uint16))
    for kind, number in recording.overflows.items():
        found.overflows[kind] = found.overflows.get(kind, 0) + number
