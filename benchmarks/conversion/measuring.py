"""Masks, spikes and work of a converted network on the test images, by step count."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.conversion.rivals import Converted, present
from benchmarks.conversion.tally import STEPS, Row, Tally, largest
from benchmarks.conversion.work import Reach, reach
from spikeseg.conversion import trace
from spikeseg.data import Sample
from spikeseg.inference import pad_to_multiple
from spikeseg.metrics import ConfusionMatrix

Starts = dict[str, dict[int, int]]


@dataclass(frozen=True, eq=False)
class Images:
    """Test images with what is the same for all settings.

    Attributes:
        network: the trained network.
        samples: labeled images.
        classes: how many.
        multiple: of which height and width are made multiples.
    """

    network: nn.Module
    samples: Sequence[Sample]
    classes: int
    multiple: int

    def __post_init__(self) -> None:
        self._reached: dict[tuple[int, ...], Reach]
        object.__setattr__(self, "_reached", {})

    def padded(self, sample: Sample) -> Tensor:
        """Return a padded image, (1, C, H, W)."""
        return pad_to_multiple(torch.from_numpy(sample.image)[None], self.multiple)[0]

    def reached(self, image: Tensor) -> Reach:
        """Return the synapses of each neuron on an image of this size."""
        shape = tuple(image.shape)
        if shape not in self._reached:
            self._reached[shape] = reach(trace(self.network, image))
        return self._reached[shape]


def score_analog(images: Images) -> ConfusionMatrix:
    """Return the confusion matrix of the trained network itself."""
    matrix = ConfusionMatrix.empty(images.classes)
    with torch.inference_mode():
        for sample in images.samples:
            scores = images.network(images.padded(sample))[0]
            matrix = matrix.add(sample.mask, largest(scores, sample))
    return matrix


def measure(
    converted: Converted, images: Images, starts: Starts, steps: Sequence[int] = STEPS
) -> dict[str, dict[str, Row]]:
    """Run a converted network on all images; return the figures by read-out and step count.

    Args:
        converted: a converted network.
        images: what to show.
        starts: for each read-out, the step after which the output is summed, by step count.
        steps: step counts; all are read from one presentation.
    """
    tallies = {t: Tally(list(starts), images.classes) for t in steps}
    for sample in images.samples:
        _show(converted, images, sample, starts, tallies)
    return {
        readout: {str(t): tallies[t].row(readout, t, start[t]) for t in steps}
        for readout, start in starts.items()
    }


def _show(
    converted: Converted, images: Images, sample: Sample, starts: Starts, tallies: dict[int, Tally]
) -> None:
    """Add one image to the sums."""
    image = images.padded(sample)
    reached = images.reached(image)
    sums = [torch.zeros(1)]
    for step, total, count in present(converted, image, max(tallies)):
        sums.append(total)
        if step not in tallies:
            continue
        tally, spikes = tallies[step], count()
        scores = {readout: total - sums[start[step]] for readout, start in starts.items()}
        tally.add(sample, scores, spikes, reached)
