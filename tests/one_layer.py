"""Networks of one layer that hears spikes of the host through given weights."""

from typing import Any

import numpy as np

from spikeseg.chips import Box, Core, SpikeInput, Window, load_chip
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork, Mode, quantize_core

LOIHI = load_chip("loihi1")


def one_layer(*paths: Any, **fields: Any) -> FloatNetwork:
    """Return a layer of one neuron, with one input and 1 x 1 kernel for each list of weights."""
    kernels = tuple(
        FloatKernel(f"in{i}", np.reshape(np.asarray(path, np.float32), (1, 1, -1, 1)))
        for i, path in enumerate(paths)
    )
    given: dict[str, Any] = {"bias": np.zeros(1, np.float32), "threshold": 1000.0}
    given |= {"decay_u": 1 - np.exp(-1 / 5), "decay_v": 0.0}
    layer = FloatLayer("layer", (1, 1, 1), kernels, **(given | fields))
    inputs = tuple(SpikeInput(k.source, (k.weight.shape[2], 1, 1)) for k in kernels)
    return FloatNetwork(inputs, (layer,), "layer")


def quantized(network: FloatNetwork, mode: Mode, box: Box | None = None) -> Core:
    """Return the core of the first layer, or of a box of it."""
    layer = network.layers[0]
    return quantize_core(layer, box or Box.whole(layer.shape), network, LOIHI, mode)


def weights(core: Core) -> list[list[int]]:
    """Return the integer weights of each path."""
    return [group.weight.ravel().tolist() for group in core.synapses]


def image_layer(kernel: Any, shape: tuple[int, int, int], **fields: Any) -> FloatNetwork:
    """Return a layer that hears a 'same' convolution of one channel of the host."""
    kernel = np.asarray(kernel, np.float32)
    window = Window(padding=(kernel.shape[0] // 2, kernel.shape[1] // 2))
    given: dict[str, Any] = {"bias": np.zeros(shape[0], np.float32), "threshold": 1000.0}
    given |= {"decay_u": 1.0, "decay_v": 0.0}
    layer = FloatLayer("layer", shape, (FloatKernel("in0", kernel, window),), **(given | fields))
    return FloatNetwork((SpikeInput("in0", (kernel.shape[2], *shape[1:])),), (layer,), "layer")
