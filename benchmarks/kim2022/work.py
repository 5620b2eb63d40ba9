"""What a network computes for a batch of images: spikes, additions, multiplications."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from spikeseg.config import SpikingConfig
from spikeseg.graph import SpikingGraph, num_multiplications

MAC_JOULES, AC_JOULES = 4.6e-12, 0.9e-12
"""Of 32 bits in 45 nm (Horowitz 2014), as Kim et al. 2022 count: arithmetic alone, no memory."""


@dataclass(frozen=True)
class Work:
    """Sums over images.

    Attributes:
        spikes: of all neurons.
        neurons: of all images.
        additions: a weight added for a spike; exact, borders and strides included.
        multiplications: those of dense layers, or of those that hear values that are no spikes.
    """

    spikes: float = 0.0
    neurons: float = 0.0
    additions: float = 0.0
    multiplications: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(
            self.spikes + other.spikes,
            self.neurons + other.neurons,
            self.additions + other.additions,
            self.multiplications + other.multiplications,
        )

    @property
    def joules(self) -> float:
        """The energy of the arithmetic."""
        return self.additions * AC_JOULES + self.multiplications * MAC_JOULES


def work_of_analog(graph: SpikingGraph, images: Tensor) -> Work:
    """Return the multiplications of a dense pass."""
    return Work(multiplications=len(images) * _dense(_sized(graph, images), hidden=True))


def work_of_graph(graph: SpikingGraph, images: Tensor, counts: dict[str, Tensor]) -> Work:
    """Return those of a spiking graph; the constant image is multiplied once."""
    graph = _sized(graph, images)
    spikes, additions = _spiking(graph, counts)
    neurons = len(images) * graph.num_neurons
    return Work(spikes, neurons, additions, len(images) * _dense(graph, hidden=False))


def work_of_spiking(
    config: SpikingConfig, graph: SpikingGraph, images: Tensor, counts: dict[str, Tensor]
) -> Work:
    """Return those of a directly trained network.

    An image that is constant is multiplied once, events in every step, as if all pixels had some;
    input spikes are added: as many as the image makes on average.
    """
    graph = _sized(graph, images)
    spikes, additions = _spiking(graph, counts)
    heard = len(images) * _dense(graph, hidden=False)
    neurons = len(images) * graph.num_neurons
    if config.coding == "poisson":
        return Work(spikes, neurons, additions + heard * config.num_steps, 0.0)
    times = config.num_steps if config.coding == "steps" else 1
    return Work(spikes, neurons, additions, heard * times)


def _sized(graph: SpikingGraph, images: Tensor) -> SpikingGraph:
    return graph.resized(images.shape[2], images.shape[3])


def _spiking(graph: SpikingGraph, counts: dict[str, Tensor]) -> tuple[float, float]:
    spikes = additions = 0.0
    for population in graph.hidden:
        fired = counts[population.name].sum(dim=0).double().cpu().numpy()
        spikes += float(fired.sum())
        additions += float((fired * graph.fan_out(population.name).astype(np.float64)).sum())
    return spikes, additions


def _dense(graph: SpikingGraph, hidden: bool) -> int:
    """Return the multiplications of a pass: of all layers, or of those that hear the image."""
    return sum(
        num_multiplications(c.transforms, graph[c.source].shape)
        for c in graph.connections
        if hidden or c.source == graph.input.name
    )
