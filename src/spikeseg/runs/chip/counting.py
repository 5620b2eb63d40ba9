"""Counts what a program does with images: its ledger, rates, masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from spikeseg.config import ChipConfig
from spikeseg.data import Sample
from spikeseg.energy import Counter, Ledger
from spikeseg.graph import SpikingGraph
from spikeseg.placing import Rates
from spikeseg.progress import Progress
from spikeseg.runs.chip.placing import SpikeSums
from spikeseg.runs.chip.running import run_tiles
from spikeseg.runs.measuring import Masks


@dataclass(frozen=True, eq=False)
class Counted:
    """What a program did with images.

    Attributes:
        ledger: of all their tiles.
        rates: mean spikes of every neuron in a step.
        masks: one an image.
    """

    ledger: Ledger
    rates: Rates
    masks: list[Masks]


def count_images(
    counter: Counter,
    graph: SpikingGraph,
    samples: Sequence[Sample],
    config: ChipConfig,
    progress: Progress,
) -> Counted:
    """Emulate a program on images and count.

    Args:
        counter: of the program.
        graph: that it was compiled from.
        samples: at least one image.
        config: steps and overlap.
        progress: is told the images done.
    """
    program, sums = counter.program, SpikeSums()
    ledgers: list[Ledger] = []
    masks: list[Masks] = []
    names = [f"{part.name}.spikes" for part in program.populations]
    task = f"count {config.num_steps} steps"
    for sample in samples:
        mask = torch.empty(sample.image.shape[1:], dtype=torch.uint8)
        for run in run_tiles(program, graph, sample.image, config, record=names):
            run.paste(mask)
            sums.add(run)
            found = counter.count(run.spikes, run.recording)
            ledgers = [ledgers[0] + found] if ledgers else [found]
        masks.append(mask.numpy())
        progress(task, len(masks), len(samples))
    return Counted(ledgers[0], sums.rates, masks)
