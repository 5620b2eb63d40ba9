"""Looks at a network that was trained through its spikes, on the test images."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from spikeseg.conversion import spiking_graph
from spikeseg.data import Sample
from spikeseg.graph import SpikingGraph
from spikeseg.inference import pad_to_multiple
from spikeseg.networks import size_multiple
from spikeseg.progress import Progress
from spikeseg.runs.measuring import LayerTally, Masks, Measurement, add_multiplications, pieces
from spikeseg.spiking import SpikingNetwork


def measure_spiking(
    network: SpikingNetwork,
    samples: Sequence[Sample],
    *,
    num_steps: int,
    crop: int,
    device: str,
    progress: Progress,
) -> tuple[Measurement, SpikingGraph]:
    """Run a directly trained network on whole images.

    The network itself is run, step by step as it was trained; integer-valued neurons send binary
    spikes. Its graph says how many synapses a spike passes.

    Args:
        network: trained.
        samples: labeled images.
        num_steps: T.
        crop: spike counts are kept for pieces of so many pixels, as in `measure`.
        device: where to compute.
        progress: is told the images done.

    Returns:
        What it did, and its neurons and synapses.

    Raises:
        ConfigError: a number of steps that the network cannot be run for.
    """
    multiple = size_multiple(network)
    first = torch.from_numpy(samples[0].image)[None]
    graph = spiking_graph(network, pad_to_multiple(first, multiple)[0])
    network = network.to(device).eval()
    found = Measurement(layers={p.name: LayerTally() for p in graph.hidden})
    for i, sample in enumerate(samples):
        image = torch.from_numpy(sample.image)[None].to(device)
        padded, crop_back = pad_to_multiple(image, multiple)
        with torch.inference_mode():
            logits, counts = network.counted(padded, num_steps, binary=True)
        found.forming.append(_numpy(crop_back(forming(logits)))[:, 0])
        steps = num_steps * network.config.parts
        _tally(found, graph.resized(*padded.shape[2:]), counts, steps, crop)
        progress("evaluate", i + 1, len(samples))
    return found, graph


def forming(logits: Tensor) -> Tensor:
    """Return the classes after each step, (T, B, H, W), of (T, B, K, H, W) logits."""
    return logits.cumsum(dim=0).argmax(dim=2).to(torch.uint8)


def _numpy(masks: Tensor) -> Masks:
    return np.ascontiguousarray(masks.cpu().numpy())


def _tally(
    found: Measurement,
    graph: SpikingGraph,
    counts: dict[str, Tensor],
    num_steps: int,
    crop: int,
) -> None:
    """Add one image to the sums."""
    found.steps_used.append(num_steps)
    for population in graph.hidden:
        name, tally = population.name, found.layers[population.name]
        spikes = counts[name][0].round().cpu().numpy()
        tally.synaptic_operations += float((spikes * graph.fan_out(name).astype(np.float64)).sum())
        size = crop * spikes.shape[1] // graph.input.shape[1]
        cut = pieces(spikes.astype(np.uint16), size)
        tally.counts += cut
        tally.steps += [num_steps] * len(cut)
        found.spikes += float(spikes.sum(dtype=np.float64))
    found.neurons += graph.num_neurons
    add_multiplications(found, graph)
