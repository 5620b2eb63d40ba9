"""The U-Net with biases such that a given share of its neurons fires in each step."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.emulator.networks import unet
from spikeseg.chips import ChipProgram, load_chip
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork, cut
from spikeseg.compiling.compiling import compile_network
from spikeseg.emulation import emulate

_HERTZ = 1000.0  # thresholds of nengo's spiking ReLU at steps of 1 ms
_WEAK = 0.1  # of the weights, so that biases decide who fires


def driven_unet(size: int, activity: float, seed: int = 1) -> tuple[FloatNetwork, ChipProgram]:
    """Return the U-Net in the units of nengo, and its program with the integers of nengo-loihi.

    Args:
        size: rows and columns of the input.
        activity: share of the neurons of every layer that fire in a step.
        seed: of weights and initial potentials.
    """
    network = driven(unet(size, seed), activity, seed)
    return network, compiled(network, seed)


def driven(
    network: FloatNetwork, activity: float, seed: int = 1, num_steps: int = 60, rounds: int = 6
) -> FloatNetwork:
    """Return a network with weak weights and the biases that make it as active as wanted.

    Args:
        network: its own biases do not matter.
        activity: share of the neurons of every layer that fire in a step.
        seed: of initial potentials.
        num_steps: of the emulation that shows how active it is.
        rounds: of emulating and correcting biases.
    """
    network = replace(network, layers=tuple(_in_hertz(part, activity) for part in network.layers))
    spikes = draw_spikes(network, activity, num_steps)
    for _ in range(rounds):
        counts = emulate(compiled(network, seed), spikes).spike_counts
        layers = [
            _corrected(part, counts[part.name] / num_steps, activity) for part in network.layers
        ]
        network = replace(network, layers=tuple(layers))
    return network


def draw_spikes(
    network: FloatNetwork, activity: float, num_steps: int, images: int = 1
) -> dict[str, NDArray[np.bool_]]:
    """Return random spikes of the inputs."""
    random = np.random.default_rng(7)
    return {
        part.name: random.random((num_steps, images, *part.shape)) < activity
        for part in network.inputs
    }


def compiled(network: FloatNetwork, seed: int) -> ChipProgram:
    """Return the program, its potentials anywhere between 0 and the threshold."""
    chip, random = load_chip("loihi1"), np.random.default_rng(seed)
    tiles = {name: boxes[0].shape for name, boxes in cut(network, chip).items()}
    program = compile_network(network, chip, mode="nengo", tiles=tiles)
    cores = [
        replace(core, v_initial=random.integers(0, core.threshold).astype(np.int32))
        for core in program.cores
    ]
    return replace(program, cores=tuple(cores))


def _in_hertz(layer: FloatLayer, activity: float) -> FloatLayer:
    scale = np.float32(_HERTZ * _WEAK)
    kernels = tuple(FloatKernel(k.source, k.weight * scale, k.window) for k in layer.kernels)
    bias = np.full_like(layer.bias, _HERTZ * activity)
    return replace(layer, kernels=kernels, bias=bias, threshold=_HERTZ)


def _corrected(layer: FloatLayer, rates: NDArray[np.float64], wanted: float) -> FloatLayer:
    """Move the biases of a layer's channels toward those with which the wanted share fires."""
    missing = wanted - rates.mean(axis=(0, 2, 3))
    return replace(layer, bias=(layer.bias + 0.7 * _HERTZ * missing).astype(np.float32))
