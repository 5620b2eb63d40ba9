"""Masks, spikes and work of a converted network on the test images, by step count."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.conversion.rivals import Converted, present
from benchmarks.conversion.work import Reach, reach, synaptic_operations
from spikeseg.conversion import trace
from spikeseg.data import Sample
from spikeseg.inference import pad_to_multiple
from spikeseg.metrics import ConfusionMatrix

STEPS = (1, 2, 4, 8, 16, 32)
Starts = dict[str, dict[int, int]]
Row = dict[str, float | int | None]


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


class Tally:
    """Sums over the test images for one step count."""

    def __init__(self, readouts: Sequence[str], classes: int) -> None:
        self.matrices = {readout: ConfusionMatrix.empty(classes) for readout in readouts}
        self.operations = 0
        self.spikes = 0
        self.neurons = 0
        self.images = 0

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


def score_analog(images: Images) -> ConfusionMatrix:
    """Return the confusion matrix of the trained network itself."""
    matrix = ConfusionMatrix.empty(images.classes)
    with torch.inference_mode():
        for sample in images.samples:
            scores = images.network(images.padded(sample))[0]
            matrix = matrix.add(sample.mask, _mask(scores, sample))
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
        for readout, start in starts.items():
            mask = _mask(total - sums[start[step]], sample)
            tally.matrices[readout] = tally.matrices[readout].add(sample.mask, mask)
        tally.operations += synaptic_operations(reached, spikes)
        tally.spikes += sum(int(counts.sum()) for counts in spikes.values())
        tally.neurons += sum(counts.size for counts in spikes.values())
        tally.images += 1


def _mask(scores: Tensor, sample: Sample) -> Tensor:
    """Return the largest class at each pixel of the image, without its padding."""
    height, width = sample.mask.shape
    return scores.argmax(0)[:height, :width].to(torch.uint8)
