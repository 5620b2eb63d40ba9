"""Adapts gains and biases to the chip's integers, layer by layer, without labels."""

from dataclasses import replace

import torch
from torch import Tensor

from spikeseg.chips import ChipSpec, load_chip
from spikeseg.compiling import FloatNetwork, build_network, cut
from spikeseg.config import ChipConfig
from spikeseg.engine.simulation import run_analog
from spikeseg.graph import SpikingGraph
from spikeseg.onchip.host import host_spikes
from spikeseg.onchip.layer import Channels, ChipLayer
from spikeseg.onchip.network import ChipNetwork
from spikeseg.onchip.preparing import to_graph
from spikeseg.progress import Progress, silent

_GAINS = (0.6, 1.8)  # the largest correction of one round
_SHARE = 0.7  # of an error of the mean rate that one round takes away


def adapt(
    graph: SpikingGraph, images: Tensor, config: ChipConfig, progress: Progress = silent
) -> SpikingGraph:
    """Return the graph with each channel's weights and bias corrected for the chip.

    A neuron that is reset to zero loses what it had above the threshold, so it fires too rarely,
    and the next layer too, and so on. Layer by layer, on the spikes that the chip itself would
    send, every channel's weights and bias are multiplied by what makes its rates fit the analog
    activations best in the least squares, and its bias is shifted by the rest of the mean error;
    ``config.rounds`` times. (In the manner of layer-wise calibration, Li et al. 2021,
    arXiv:2106.06984, for a reset to zero and with integers.)

    Args:
        graph: as `prepare` makes it, of the size that it is compiled for.
        images: (B, C, H, W), unlabeled; of any size that the strides divide.
        config: steps, rounds, chip.
        progress: is told the layers done.

    Raises:
        CompileError: what the chip does not have or cannot hold.
    """
    chip = load_chip(config.name)
    sized = graph.resized(images.shape[2], images.shape[3])
    network = chip_network(graph, sized, config, chip)
    wanted = run_analog(sized, images)
    fired: dict[str, Tensor] = {
        name: spikes.float()
        for name, spikes in host_spikes(sized, images, config.num_steps).items()
    }
    depth = dict.fromkeys(fired, 0)
    with torch.no_grad():
        for done, layer in enumerate(network.layers):
            name = layer.layer.name
            depth[name] = 1 + max(depth[kernel.source] for kernel in layer.layer.kernels)
            if name != network.network.output:
                worth = torch.from_numpy(sized[name].spike_values).float()
                first = min(depth[name] + 2, config.num_steps // 2)
                target = (wanted[name] / worth).clamp(0, 1)
                fired[name] = _corrected(layer, fired, target, first, config.rounds)
            progress("adapt", done + 1, len(network.layers))
    return to_graph(graph, resized_network(network.trained(), graph))


def chip_network(
    graph: SpikingGraph, sized: SpikingGraph, config: ChipConfig, chip: ChipSpec
) -> ChipNetwork:
    """Return the layers of a graph, to be run on images of one size as on cores of another.

    Args:
        graph: of the size that it is compiled for, which says what channels share cores.
        sized: the same of the size of the images to run.
        config: the output's leak.
        chip: the chip.
    """
    boxes = cut(build_network(graph, config.output_tau), chip)
    channels: dict[str, tuple[Channels, ...]] = {
        name: tuple(sorted({(box.start[0], box.stop[0]) for box in parts}))
        for name, parts in boxes.items()
    }
    output = graph.output
    channels[output.name] = ((0, output.shape[0]),)  # they are compared, and share a scale
    return ChipNetwork(build_network(sized, config.output_tau), channels, chip)


def resized_network(network: FloatNetwork, graph: SpikingGraph) -> FloatNetwork:
    """Return trained layers with the shapes of a graph."""
    layers = tuple(replace(layer, shape=graph[layer.name].shape) for layer in network.layers)
    return replace(network, layers=layers)


def _corrected(
    layer: ChipLayer, fired: dict[str, Tensor], target: Tensor, first: int, rounds: int
) -> Tensor:
    """Correct a layer in place; return its spikes afterwards."""
    over = (0, 2, 3)
    for _ in range(rounds):
        rates = layer(fired)[0][first:].mean(dim=0)
        wanted, found = (target * target).sum(over), (rates * target).sum(over)
        gain = ((wanted + 1e-3) / (found + 1e-3)).clamp(*_GAINS)
        for weight in layer.weights:
            weight.mul_(gain)
        layer.bias.mul_(gain)
        rates = layer(fired)[0][first:].mean(dim=0)
        layer.bias.add_(_SHARE * (target.mean(over) - rates.mean(over)))
    spikes: Tensor = layer(fired)[0]
    return spikes
