"""Scores one conversion at every number of steps and every read-out, from one simulation."""

import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikeseg.config import ConversionConfig
from spikeseg.engine import simulate, window_start
from spikeseg.errors import DataError
from spikeseg.graph import SpikingGraph
from spikeseg.metrics import ConfusionMatrix
from spikeseg.tuning.settings import STEPS
from spikeseg.tuning.trials import Trial

READOUTS = (1.0, 0.75, 0.5, 0.25)
_BATCH = 4  # crops simulated at once


@dataclass(frozen=True)
class Crops:
    """Labeled crops that conversions are compared on.

    Attributes:
        images: (B, C, H, W), values in 0..1.
        masks: (B, H, W) uint8 class indices; 255 is ignored.
        num_classes: K.
    """

    images: Tensor
    masks: NDArray[np.uint8]
    num_classes: int

    def miou(self, masks: NDArray[np.uint8]) -> float:
        """Return the mIoU of (B, H, W) proposals, from the counts of all crops together.

        Raises:
            DataError: no pixel of the crops counts.
        """
        rows = self.masks.reshape(-1, self.masks.shape[-1])  # one image above the other
        proposals = masks.reshape(rows.shape)
        matrix = ConfusionMatrix.empty(self.num_classes).add(rows, proposals)
        if matrix.miou is None:
            raise DataError("all pixels of the validation crops are to be ignored; label some.")
        return matrix.miou


def analog_scores(network: nn.Module, crops: Crops) -> float:
    """Return the mIoU of the analog network on the crops."""
    with torch.inference_mode():
        masks = network(crops.images).argmax(dim=1)
    return crops.miou(masks.to(torch.uint8).cpu().numpy())


def trials_of(
    graph: SpikingGraph,
    conversion: ConversionConfig,
    crops: Crops,
    steps: Sequence[int] = STEPS,
    readouts: Sequence[float] = READOUTS,
) -> list[Trial]:
    """Simulate a graph once, and return a trial for each number of steps and read-out.

    A simulation of few steps is the beginning of one of many. Read-outs that look at the same
    steps are one trial.

    Args:
        graph: the converted network.
        conversion: how it was converted.
        crops: what it is scored on.
        steps: numbers of time steps.
        readouts: shares of the steps, from the end, whose output makes a mask.
    """
    windows = list(_windows(steps, readouts))
    masks: list[list[Tensor]] = [[] for _ in windows]
    operations = torch.zeros(max(steps), dtype=torch.float64)
    for images in torch.split(crops.images, _BATCH):
        found = simulate(graph, images, max(steps), keep_output=True, count_operations=True)
        assert found.output is not None
        assert found.operations is not None
        operations += found.operations.sum(dim=1)
        sums = [
            torch.zeros_like(found.output[0]),
            *itertools.accumulate(found.output, operator.add),
        ]
        for (step, first, _), made in zip(windows, masks, strict=True):
            read = sums[step] - sums[first] if first else sums[step]
            made.append(read.argmax(dim=1).to(torch.uint8))
    until = operations.cumsum(0) / len(crops.images)
    return [
        Trial(
            conversion,
            step,
            readout,
            crops.miou(torch.cat(made).cpu().numpy()),
            float(until[step - 1]),
        )
        for (step, _, readout), made in zip(windows, masks, strict=True)
    ]


def _windows(steps: Sequence[int], readouts: Sequence[float]) -> Iterator[tuple[int, int, float]]:
    """Yield (last step, first step that is left out, read-out), each window once."""
    for step in steps:
        starts: dict[int, float] = {}
        for readout in readouts:
            starts.setdefault(window_start(step, readout), readout)
        yield from ((step, first, readout) for first, readout in starts.items())
