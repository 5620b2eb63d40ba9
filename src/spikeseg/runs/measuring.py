"""Looks at the analog and the spiking network on the test images: masks, rates, errors, work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikeseg.conversion import TracedNetwork, record_activations
from spikeseg.data import Sample
from spikeseg.engine import EarlyExit, Precision, Simulation, simulate
from spikeseg.graph import SpikingGraph, num_multiplications
from spikeseg.inference import pad_to_multiple
from spikeseg.progress import Progress

Masks = NDArray[np.uint8]


@dataclass
class LayerTally:
    """Sums over the test images for one population.

    Attributes:
        counts: for each test crop, spikes of each neuron, (C, h, w).
        steps: for each test crop, the steps that its image was simulated.
        squared_error: of the spiking against the analog activation.
        squared_analog: of the analog activation.
        synaptic_operations: weights added for its spikes, in all its connections.
    """

    counts: list[NDArray[np.uint16]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    squared_error: float = 0.0
    squared_analog: float = 0.0
    synaptic_operations: float = 0.0


@dataclass
class Measurement:
    """What both networks did with the test images.

    Attributes:
        analog: masks of the analog network, one an image.
        forming: masks of the spiking network after every step, (T, H, W), one an image.
        steps_used: of the spiking network, one an image.
        layers: sums for each hidden population.
        spikes: of all neurons, summed over images.
        neurons: that fire, summed over images.
        multiplications: of the analog network, summed over images.
        input_multiplications: of the spiking network's first layer, summed over images.
        engine: what the last image was simulated with; ``None`` where nothing was simulated.
    """

    analog: list[Masks] = field(default_factory=list)
    forming: list[Masks] = field(default_factory=list)
    steps_used: list[int] = field(default_factory=list)
    layers: dict[str, LayerTally] = field(default_factory=dict)
    spikes: float = 0.0
    neurons: int = 0
    multiplications: int = 0
    input_multiplications: int = 0
    engine: str | None = None


def measure(
    traced: TracedNetwork,
    graph: SpikingGraph,
    samples: Sequence[Sample],
    *,
    num_steps: int,
    readout: float,
    early_exit: EarlyExit | None,
    precision: Precision,
    crop: int,
    device: str,
    progress: Progress,
) -> Measurement:
    """Run both networks on whole images.

    Spike counts are kept for each ``crop`` x ``crop`` piece of the images: neuron (c, y, x) of the
    network on a crop is the one in that place of the piece, with the image's own surroundings.

    Args:
        traced: the analog network.
        graph: the spiking network.
        samples: labeled images.
        num_steps: T.
        readout: share of the steps, from the end, whose output makes a mask.
        early_exit: when an image is done before T.
        precision: how exact the spiking network must be calculated at least.
        crop: in pixels.
        device: where to compute.
        progress: is told the steps done.
    """
    found = Measurement(layers={p.name: LayerTally() for p in graph.hidden})
    total = len(samples) * num_steps
    for i, sample in enumerate(samples):
        image = torch.from_numpy(sample.image)[None].to(device)
        padded, crop_back = pad_to_multiple(image, graph.stride)

        def tell(steps: int, before: list[int] = [i * num_steps]) -> None:  # noqa: B006
            before[0] += steps
            progress("evaluate", before[0], total)

        steps = range(1, num_steps + 1)
        simulation = simulate(
            graph,
            padded,
            num_steps,
            mask_steps=steps,
            readout=readout,
            early_exit=early_exit,
            precision=precision,
            progress=tell,
        )
        found.engine = simulation.engine
        with torch.inference_mode():
            logits = traced.module(padded)
        found.analog.append(as_array(crop_back(logits.argmax(1).to(torch.uint8)))[0])
        found.forming.append(as_array(crop_back(simulation.masks))[:, 0])
        _tally(found, traced, graph.resized(*padded.shape[2:]), padded, simulation, crop)
    return found


def as_array(masks: Tensor) -> Masks:
    """Return masks as an array whose rows lie one after the other."""
    return np.ascontiguousarray(masks.cpu().numpy())


def _tally(
    found: Measurement,
    traced: TracedNetwork,
    graph: SpikingGraph,
    image: Tensor,
    simulation: Simulation,
    crop: int,
) -> None:
    """Add one image to the sums, and how far its activations are from the analog ones."""
    activations = record_activations(traced, image)
    steps = int(simulation.steps_used[0])
    for population in graph.hidden:
        name, tally = population.name, found.layers[population.name]
        analog = activations[name].double()
        worth = torch.from_numpy(population.spike_values / steps).to(analog.device)
        spiking = simulation.net_counts[name].double() * worth
        tally.squared_error += float((spiking - analog).square().sum())
        tally.squared_analog += float(analog.square().sum())
    tally_spikes(found, graph, simulation.spike_counts, steps, crop)


def tally_spikes(
    found: Measurement, graph: SpikingGraph, counts: Mapping[str, Tensor], steps: int, crop: int
) -> None:
    """Add the spikes of one image to the sums.

    Args:
        found: the sums.
        graph: of the size of the image.
        counts: spikes of each neuron, (1, C, H, W) by population.
        steps: in which they were fired.
        crop: in pixels of the image.
    """
    found.steps_used.append(steps)
    for name, tally in found.layers.items():
        spikes = counts[name][0].cpu().numpy()
        tally.synaptic_operations += float((spikes * graph.fan_out(name).astype(np.float64)).sum())
        cut = _pieces(spikes.astype(np.uint16), crop * spikes.shape[1] // graph.input.shape[1])
        tally.counts += cut
        tally.steps += [steps] * len(cut)
        found.spikes += float(spikes.sum(dtype=np.float64))
    found.neurons += graph.num_neurons
    _add_multiplications(found, graph)


def _add_multiplications(found: Measurement, graph: SpikingGraph) -> None:
    """Add those of one image, of the analog network and of the first layer."""
    for connection in graph.connections:
        count = num_multiplications(connection.transforms, graph[connection.source].shape)
        found.multiplications += count
        if connection.source == graph.input.name:
            found.input_multiplications += count


def _pieces(counts: NDArray[np.uint16], size: int) -> list[NDArray[np.uint16]]:
    """Cut (C, H, W) into (C, size, size) pieces; what is left over at the border is dropped."""
    rows, columns = counts.shape[1] // size, counts.shape[2] // size
    return [
        counts[:, i * size : (i + 1) * size, j * size : (j + 1) * size].copy()
        for i in range(rows)
        for j in range(columns)
    ]
