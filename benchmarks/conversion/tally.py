"""Figures of a converted network at one step count, summed over the test images."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.conversion.work import Reach, synaptic_operations
from spikeseg.data import Sample
from spikeseg.metrics import ConfusionMatrix

STEPS = (1, 2, 4, 8, 16, 32)
Counts = NDArray[np.int64]
Row = dict[str, float | int | None]


class Tally:
    """Sums over the test images for one step count."""

    def __init__(self, readouts: Sequence[str], classes: int) -> None:
        self.matrices = {readout: ConfusionMatrix.empty(classes) for readout in readouts}
        self.operations = 0
        self.spikes = 0
        self.neurons = 0
        self.images = 0

    def add(
        self, sample: Sample, scores: dict[str, Tensor], spikes: dict[str, Counts], reached: Reach
    ) -> None:
        """Add one image.

        Args:
            sample: the image and its mask.
            scores: by read-out, (K, H, W), perhaps padded.
            spikes: of each neuron of each population, (C, H, W).
            reached: the synapses of each neuron.
        """
        for readout, found in scores.items():
            mask = largest(found, sample)
            self.matrices[readout] = self.matrices[readout].add(sample.mask, mask)
        self.operations += synaptic_operations(reached, spikes)
        self.spikes += sum(int(counts.sum()) for counts in spikes.values())
        self.neurons += sum(counts.size for counts in spikes.values())
        self.images += 1

    def row(self, readout: str, steps: int, start: int) -> Row:
        """Return the figures of one read-out."""
        matrix = self.matrices[readout]
        return {
            "miou": matrix.miou,
            "pixel_accuracy": matrix.pixel_accuracy,
            "synops_per_image": self.operations / self.images,
            "spikes_per_neuron_step": self.spikes / self.neurons / steps,
            "readout_start": start,
        }


def largest(scores: Tensor, sample: Sample) -> Tensor:
    """Return the largest class at each pixel of the image, without its padding."""
    height, width = sample.mask.shape
    return scores.argmax(0)[:height, :width].to(torch.uint8)
