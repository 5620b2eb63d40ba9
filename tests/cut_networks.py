"""Networks to cut, and a slow count of what their cores need: every source, tap and target."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from spikeseg.chips import Box, SpikeInput, Window
from spikeseg.chips.boxes import Shape
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork


def layer(name: str, shape: Shape, *kernels: FloatKernel, threshold: Any = 1.0) -> FloatLayer:
    bias = np.zeros(shape[0], np.float32)
    return FloatLayer(name, shape, kernels, bias, threshold, decay_u=0.2, decay_v=0.0)


def kernel(source: str, shape: Sequence[int], window: Window | None = None) -> FloatKernel:
    """Return a connection; shape is (K_h, K_w, C_in, C_out)."""
    return FloatKernel(source, np.ones(tuple(shape), np.float32), window or Window())


def network(inputs: Mapping[str, Shape], *layers: FloatLayer) -> FloatNetwork:
    fed = tuple(SpikeInput(name, shape) for name, shape in inputs.items())
    return FloatNetwork(fed, layers, layers[-1].name)


def grid(shape: Shape, tile: Shape) -> tuple[Box, ...]:
    """Return tiles in the order of nengo-loihi: by row, column, channel of their origin."""
    (c, h, w), (tc, th, tw) = shape, tile
    return tuple(
        Box((a, y, x), (min(a + tc, c), min(y + th, h), min(x + tw, w)))
        for y in range(0, h, th)
        for x in range(0, w, tw)
        for a in range(0, c, tc)
    )


def recorded_network(case: Mapping[str, Any]) -> FloatNetwork:
    """Return the network of a case of loihi1_resources.json."""
    shapes = {"input": tuple(case["input"])}
    layers = []
    for entry in case["layers"]:
        shape = tuple(entry["shape"])
        kernels = []
        for c in entry["connections"]:
            source = shapes[c["source"]]
            window = _window(c, source[1:], shape[1:])
            kernels.append(kernel(c["source"], (*c["kernel"], source[0], shape[0]), window))
        shapes[entry["name"]] = shape
        layers.append(layer(entry["name"], shape, *kernels))
    return network({"input": shapes["input"]}, *layers)


def drawn_rates(shape: Shape, layer: int, divisor: float) -> np.ndarray:
    """Return a number for each neuron, (C, H, W), without a generator that versions could change.

    With the divisor 1 they are whole, so sums are exact in any order.
    """
    c, h, w = shape
    numbers = (np.arange(1, c * h * w + 1) * (layer + 3) * 7919) % 101
    return (numbers / divisor).reshape(h, w, c).transpose(2, 0, 1)


def _window(c: Mapping[str, Any], source: Sequence[int], target: Sequence[int]) -> Window:
    """Return the window with the padding of nengo: section 3 of its convolution mapping."""
    lost = []
    for n, o, k, s in zip(source, target, c["kernel"], c["stride"], strict=True):
        if c["padding"] == "valid":
            lost.append(0)
        elif c["kind"] == "transposed":
            lost.append(min(max(o + k - 1 - ((n - 1) * s + 1), 0), 2 * (k - 1)) // 2)
        else:
            lost.append(max((o - 1) * s + k - n, 0) // 2)
    stride = (c["stride"][0], c["stride"][1])
    return Window(stride, (lost[0], lost[1]), transposed=c["kind"] == "transposed")


def reached(
    net: FloatNetwork, target: FloatLayer, weights: FloatKernel, box: Box
) -> dict[tuple[int, int], list[tuple[int, int, int, int]]]:
    """Return for each source pixel the (tap row, tap column, row, column) that it has in a box."""
    _, rows, columns = net.shapes[weights.source]
    window, (k_h, k_w) = weights.window, weights.weight.shape[:2]
    found: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
    (_, top, left), (_, bottom, right) = box.start, box.stop
    for i, j in product(range(rows), range(columns)):
        for y, x, a, b in product(range(top, bottom), range(left, right), range(k_h), range(k_w)):
            if _meets(window, 0, i, y, a) and _meets(window, 1, j, x, b):
                found.setdefault((i, j), []).append((a, b, y - top, x - left))
    return found


def _meets(window: Window, axis: int, source: int, target: int, tap: int) -> bool:
    moving, met = (source, target) if window.transposed else (target, source)
    at = moving * window.stride[axis] + tap * window.dilation[axis] - window.padding[axis]
    return at == met


def slow_group(
    net: FloatNetwork, target: FloatLayer, weights: FloatKernel, box: Box
) -> tuple[int, int, bool]:
    """Return (input axons, bits, whether all bases are multiples of 4) of one synapse group."""
    source = net.shapes[weights.source]
    channels, _, width = box.shape
    if source[1:] == target.shape[1:] == (1, 1):
        return source[0], source[0] * _entry([8] * channels), True
    found = reached(net, target, weights, box)
    entries: set[tuple[Any, ...]] = set()
    aligned = True
    for taps in found.values():
        compartments = sorted(
            ((y * width + x) * channels + c, (a, b, c))
            for a, b, y, x in taps
            for c in range(channels)
        )
        base = compartments[0][0] % 256
        aligned = aligned and base % 4 == 0
        entries.add(tuple((number - base, name) for number, name in compartments))
    largest = max((e[-1][0] for e in entries), default=0)
    index = next(b for b in (0, 6, 7, 8, 9, 10, 11, 12) if largest < 2**b)
    bits = sum(_entry([8 + index] * (len(e) * source[0])) for e in entries)
    whole = box == Box.whole(target.shape)
    return source[1] * source[2] if whole else len(found), bits, aligned


def _entry(weights: list[int]) -> int:
    """Return the bits of one entry: words of 64 bits for each 64 weights and their header."""
    groups = [weights[i : i + 64] for i in range(0, len(weights), 64)]
    return sum((sum(group) + 10 + 63) // 64 * 64 for group in groups)


def slow_use(
    net: FloatNetwork, cuts: Mapping[str, Sequence[Box]], atoms: int, short_axons: int
) -> dict[tuple[str, Box], tuple[int, int, int, int]]:
    """Return (compartments, input axons, output slots, bits) of each core."""
    groups = {
        (one.name, number, box): slow_group(net, one, weights, box)
        for one in net.layers
        for number, weights in enumerate(one.kernels)
        for box in cuts[one.name]
    }
    use = {}
    for one in net.layers:
        for box in cuts[one.name]:
            mine = [groups[one.name, n, box] for n in range(len(one.kernels))]
            out = sum(
                _sent(net, one, box, other, number, cuts, groups, atoms, short_axons)
                for other in net.layers
                for number in range(len(other.kernels))
            )
            axons, bits = sum(g[0] for g in mine), sum(g[1] for g in mine)
            use[one.name, box] = (box.size, axons, out, bits)
    return use


def _sent(
    net: FloatNetwork,
    one: FloatLayer,
    box: Box,
    other: FloatLayer,
    number: int,
    cuts: Mapping[str, Sequence[Box]],
    groups: Mapping[tuple[str, int, Box], tuple[int, int, bool]],
    atoms: int,
    short_axons: int,
) -> int:
    weights = other.kernels[number]
    if weights.source != one.name:
        return 0
    if one.shape[1:] == other.shape[1:] == (1, 1):
        return len(cuts[other.name]) * box.shape[0]
    ids = [[groups[other.name, n, b][0] for n in range(number + 1)] for b in cuts[other.name]]
    short = all(groups[other.name, number, b][2] for b in cuts[other.name])
    short = short and one.shape[0] <= atoms and all(sum(n) <= short_axons for n in ids)
    (_, top, left), (_, bottom, right) = box.start, box.stop
    pixels = set(product(range(top, bottom), range(left, right)))
    axons = 0
    for b in cuts[other.name]:
        whole = b == Box.whole(other.shape)
        axons += len(pixels if whole else pixels & set(reached(net, other, weights, b)))
    return axons * (1 if short else 2)
