"""What converting costs: how far the spiking masks agree with the network's own."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.engine import simulate
from spikeseg.metrics import ConfusionMatrix
from spikeseg.own.converting import Converted
from spikeseg.progress import Progress, silent


@dataclass(frozen=True)
class Agreement:
    """Masks of a spiking network after some steps, against those of the network it came from.

    Attributes:
        num_steps: after how many steps.
        pixels: share of the pixels with the same class.
        miou: mean IoU over the classes that either of them has.
        spikes_per_neuron: spikes of these steps, over all neurons that fire, per image.
    """

    num_steps: int
    pixels: float
    miou: float
    spikes_per_neuron: float


def measure_agreement(
    converted: Converted, steps: Sequence[int], readout: float, progress: Progress = silent
) -> tuple[Agreement, ...]:
    """Simulate the calibration images, one by one, and compare masks.

    Args:
        converted: graph, images and the network's own logits.
        steps: after how many steps masks are read.
        readout: share of the steps, from the end, whose output makes a mask.
        progress: is told the simulations done.

    Raises:
        ConfigError: a step below 1, or a read-out outside of (0, 1].
    """
    steps = sorted(set(steps))
    found = []
    for done, num_steps in enumerate(steps):
        found.append(_after(converted, num_steps, readout))
        progress("compare", done + 1, len(steps))
    return tuple(found)


def _after(converted: Converted, num_steps: int, readout: float) -> Agreement:
    matrix, spikes = ConfusionMatrix.empty(converted.logits.shape[1]), 0.0
    for image, logits in zip(converted.images, converted.logits, strict=True):
        simulation = simulate(converted.graph, image[None], num_steps, readout=readout)
        spikes += sum(float(counts.sum()) for counts in simulation.spike_counts.values())
        matrix = matrix.add(logits.argmax(0).numpy(), simulation.masks[-1, 0].numpy())
    assert matrix.pixel_accuracy is not None
    assert matrix.miou is not None
    fired = max(1, converted.graph.num_neurons) * len(converted.images)
    return Agreement(num_steps, matrix.pixel_accuracy, matrix.miou, spikes / fired)
