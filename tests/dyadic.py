"""Graphs and images whose sums are exact, so that engine and twin must agree to the last bit.

Weights and biases are multiples of 1/64, images of 1/16; interpolation and pooling by 2 multiply
by quarters. Every product is then a multiple of 2^-14 and every sum stays far below 2^9: 23 bits,
which float32 holds without rounding. So the order of summation, in which the engine's
convolutions and the twin's loops differ, cannot matter, and equality needs no tolerance.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import nn

from spikeseg.config import ConversionConfig, NetworkConfig
from spikeseg.conversion import convert
from spikeseg.networks import make_network


def images(batch, channels, height, width, seed=0):
    """Return (B, C, H, W) float32 images of multiples of 1/16 in 0..1."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 17, (batch, channels, height, width), generator=generator) / 16


def randomized(network, seed=0):
    """Return the network with batch norms as after a training and biases that are not zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.3, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)
                if module.affine:
                    module.weight.uniform_(0.5, 1.5, generator=generator)
            bias = getattr(module, "bias", None)
            if isinstance(bias, torch.Tensor):
                bias.uniform_(-0.2, 0.4, generator=generator)
    return network


def rounded(graph, neuron=None):
    """Return the graph with weights and biases of multiples of 1/64, and another neuron."""

    def on_grid(array):
        return None if array is None else np.float32(np.round(np.clip(array, -2, 2) * 64) / 64)

    def round_one(transform):
        if not hasattr(transform, "weight"):
            return transform
        return replace(transform, weight=on_grid(transform.weight), bias=on_grid(transform.bias))

    connections = tuple(
        replace(c, transforms=tuple(round_one(t) for t in c.transforms)) for c in graph.connections
    )
    populations = tuple(
        replace(p, neuron=neuron) if p.neuron and neuron else p for p in graph.populations
    )
    return replace(graph, connections=connections, populations=populations)


@cache
def unet_graph(neuron, downsampling="stride", upsampling="nearest", size=8, depth=1):
    """Return the graph of a small U-Net on a grid of exact numbers, with this neuron."""
    torch.manual_seed(1)
    config = NetworkConfig(depth=depth, width=2, downsampling=downsampling, upsampling=upsampling)
    network = randomized(make_network(config, in_channels=2, num_classes=3))
    graph = convert(network, images(2, 2, size, size), ConversionConfig(percentile=95))
    return rounded(graph, neuron)
