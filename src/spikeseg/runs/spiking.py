"""Looks at a network that was trained through its spikes, on the test images."""

from collections.abc import Sequence

import torch
from torch import Tensor

from spikeseg.conversion import spiking_graph
from spikeseg.data import Sample
from spikeseg.graph import SpikingGraph
from spikeseg.inference import pad_to_multiple
from spikeseg.networks import size_multiple
from spikeseg.progress import Progress
from spikeseg.runs.measuring import LayerTally, Measurement, as_array, tally_spikes
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
        found.forming.append(as_array(crop_back(forming(logits)))[:, 0])
        steps = num_steps * network.config.parts
        fired = {name: count.round() for name, count in counts.items()}
        tally_spikes(found, graph.resized(*padded.shape[2:]), fired, steps, crop)
        progress("evaluate", i + 1, len(samples))
    return found, graph


def forming(logits: Tensor) -> Tensor:
    """Return the classes after each step, (T, B, H, W), of (T, B, K, H, W) logits."""
    return logits.cumsum(dim=0).argmax(dim=2).to(torch.uint8)
