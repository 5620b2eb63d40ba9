"""The networks that are timed: a U-Net of 41 neurons a pixel, and one that strides earlier."""

import math

import numpy as np

from spikeseg.chips import SpikeInput, Window
from spikeseg.chips.boxes import Shape
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork


def unet(size: int, seed: int) -> FloatNetwork:
    """Return a U-Net with 41 ``size``² neurons and random weights, fed by one binary channel.

    Args:
        size: rows and columns of the input; a multiple of 4.
        seed: of the weights.
    """
    build = _Builder(size, seed)
    half, quarter = size // 2, size // 4
    build.input(1)
    build.layer("enc0", (8, size), ("input", 3, 1))
    build.layer("enc1", (16, half), ("enc0", 3, 2))
    build.layer("enc2", (32, quarter), ("enc1", 3, 2))
    build.layer("mid", (32, quarter), ("enc2", 3, 1))
    build.layer("up1", (16, half), ("mid", 2, -2))
    build.layer("dec1", (16, half), ("up1", 3, 1), ("enc1", 3, 1))
    build.layer("up0", (8, size), ("dec1", 2, -2))
    build.layer("dec0", (8, size), ("up0", 3, 1), ("enc0", 3, 1))
    build.layer("out", (1, size), ("dec0", 1, 1))
    return build.network("out")


def wide_unet(size: int, seed: int) -> FloatNetwork:
    """Return a U-Net of the channels 4, 16, 32, 64 whose first layer runs on the host.

    With ``size`` 96 it has 248,832 neurons on the chip.

    Args:
        size: rows and columns of the input; a multiple of 8.
        seed: of the weights.
    """
    build = _Builder(size, seed)
    build.input(4)
    build.layer("enc1", (16, size // 2), ("input", 3, 2))
    build.layer("enc2", (32, size // 4), ("enc1", 3, 2))
    build.layer("enc3", (64, size // 8), ("enc2", 3, 2))
    build.layer("up2", (32, size // 4), ("enc3", 2, -2))
    build.layer("dec2", (32, size // 4), ("up2", 3, 1), ("enc2", 3, 1))
    build.layer("up1", (16, size // 2), ("dec2", 2, -2))
    build.layer("dec1", (16, size // 2), ("up1", 3, 1), ("enc1", 3, 1))
    build.layer("up0", (4, size), ("dec1", 2, -2))
    build.layer("dec0", (4, size), ("up0", 3, 1), ("input", 3, 1))
    return build.network("dec0")


class _Builder:
    """Collects layers; a connection is (source, kernel size, stride), transposed if negative."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.random = np.random.default_rng(seed)
        self.shapes: dict[str, Shape] = {}
        self.layers: list[FloatLayer] = []

    def input(self, channels: int) -> None:
        self.shapes["input"] = (channels, self.size, self.size)

    def layer(self, name: str, shape: tuple[int, int], *sources: tuple[str, int, int]) -> None:
        channels, size = shape
        self.shapes[name] = (channels, size, size)
        kernels = tuple(self._kernel(self.shapes[name], *source) for source in sources)
        bias = self.random.uniform(0, 0.2, channels).astype(np.float32)
        decay = float(-np.expm1(-1 / 5))
        self.layers.append(FloatLayer(name, self.shapes[name], kernels, bias, 1.0, decay, 0.0))

    def _kernel(self, shape: Shape, source: str, size: int, stride: int) -> FloatKernel:
        c_in, height, _ = self.shapes[source]
        weight = self.random.standard_normal((size, size, c_in, shape[0])) / math.sqrt(
            size**2 * c_in
        )
        step = abs(stride)
        lost = max((shape[1] - 1) * step + size - height, 0) // 2 if stride > 0 else 0
        window = Window((step, step), (lost, lost), transposed=stride < 0)
        return FloatKernel(source, weight.astype(np.float32), window)

    def network(self, output: str) -> FloatNetwork:
        inputs = (SpikeInput("input", self.shapes["input"]),)
        return FloatNetwork(inputs, tuple(self.layers), output)
