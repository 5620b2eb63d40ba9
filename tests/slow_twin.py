"""A slow, obvious simulator to test the engine against: plain loops, NumPy, float64, no torch.

One image, one time step and one population at a time. Every transform is written out as a matrix
from its definition, one entry after another. Nothing is shared with the package but its data.
"""

from dataclasses import replace

import numpy as np

from slow_gates import gated
from slow_resampling import line_weights, new_length
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    ChannelSelection,
    Convolution,
    Padding,
    Resizing,
    TransposedConvolution,
    Upsampling,
)


class Entries:
    """Collects the entries of an affine map and gives them as a matrix and a vector."""

    def __init__(self, shape, out_shape):
        self.shape, self.out_shape = shape, out_shape
        self.matrix = np.zeros((np.prod(out_shape, dtype=int), np.prod(shape, dtype=int)))
        self.bias = np.zeros(len(self.matrix))

    def add(self, out, source, value):
        """Add ``value`` to the weight from neuron ``source`` to neuron ``out``, each (c, y, x)."""
        if self.inside(out, self.out_shape) and self.inside(source, self.shape):
            self.matrix[self.place(out, self.out_shape), self.place(source, self.shape)] += value

    @staticmethod
    def inside(neuron, shape):
        """Tell whether there is such a neuron; there is none in the padding."""
        return all(0 <= i < n for i, n in zip(neuron, shape, strict=True))

    @staticmethod
    def place(neuron, shape):
        """Return the row or column of neuron (c, y, x)."""
        return (neuron[0] * shape[1] + neuron[1]) * shape[2] + neuron[2]

    def with_bias(self, bias):
        """Give every pixel of output channel c ``bias[c]``."""
        if bias is not None:
            pixels = self.out_shape[1] * self.out_shape[2]
            self.bias = np.repeat(np.asarray(bias, np.float64), pixels)
        return self.matrix, self.bias, self.out_shape


def convolution(t, shape):
    """Out pixel (y, x) sees tap (ky, kx) at ``y * stride + ky * dilation - padding``."""
    channels_out, per_group, taps_y, taps_x = t.weight.shape
    top, bottom, left, right = t.padding
    height = (shape[1] + top + bottom - t.dilation[0] * (taps_y - 1) - 1) // t.stride[0] + 1
    width = (shape[2] + left + right - t.dilation[1] * (taps_x - 1) - 1) // t.stride[1] + 1
    entries = Entries(shape, (channels_out, height, width))
    for o, i, ky, kx in np.ndindex(*t.weight.shape):
        source_channel = o // (channels_out // t.groups) * per_group + i
        for y, x in np.ndindex(height, width):
            source_y = y * t.stride[0] + ky * t.dilation[0] - top
            source_x = x * t.stride[1] + kx * t.dilation[1] - left
            entries.add((o, y, x), (source_channel, source_y, source_x), t.weight[o, i, ky, kx])
    return entries.with_bias(t.bias)


def transposed_convolution(t, shape):
    """In pixel (y, x) writes tap (ky, kx) at ``y * stride + ky * dilation - padding``."""
    channels_in, per_group, taps_y, taps_x = t.weight.shape
    sizes = [
        (shape[1 + a] - 1) * t.stride[a] + t.dilation[a] * (taps - 1) + 1
        - 2 * t.padding[a] + t.output_padding[a]
        for a, taps in enumerate((taps_y, taps_x))
    ]  # fmt: skip
    entries = Entries(shape, (per_group * t.groups, *sizes))
    for i, o, ky, kx in np.ndindex(*t.weight.shape):
        out_channel = i // (channels_in // t.groups) * per_group + o
        for y, x in np.ndindex(*shape[1:]):
            out_y = y * t.stride[0] + ky * t.dilation[0] - t.padding[0]
            out_x = x * t.stride[1] + kx * t.dilation[1] - t.padding[1]
            entries.add((out_channel, out_y, out_x), (i, y, x), t.weight[i, o, ky, kx])
    return entries.with_bias(t.bias)


def average_pooling(t, shape):
    """Every window is divided by the whole kernel, also where it hangs over the border."""
    height, width = (
        (shape[1 + a] + 2 * t.padding[a] - t.kernel[a]) // t.stride[a] + 1 for a in (0, 1)
    )
    entries = Entries(shape, (shape[0], height, width))
    for c, y, x, ky, kx in np.ndindex(shape[0], height, width, *t.kernel):
        source_y = y * t.stride[0] + ky - t.padding[0]
        source_x = x * t.stride[1] + kx - t.padding[1]
        entries.add((c, y, x), (c, source_y, source_x), 1 / (t.kernel[0] * t.kernel[1]))
    return entries.with_bias(None)


def resampling(t, shape):
    """Interpolate rows, then columns."""
    height, width = (new_length(t, shape[1 + a], a) for a in (0, 1))
    entries = Entries(shape, (shape[0], height, width))
    for c, y, x in np.ndindex(shape[0], height, width):
        for source_y, weight_y in line_weights(t, y, shape[1], 0).items():
            for source_x, weight_x in line_weights(t, x, shape[2], 1).items():
                entries.add((c, y, x), (c, source_y, source_x), float(weight_y * weight_x))
    return entries.with_bias(None)


def channel_affine(t, shape):
    """Scale every channel on its own."""
    entries = Entries(shape, shape)
    for neuron in np.ndindex(*shape):
        entries.add(neuron, neuron, t.weight[neuron[0]])
    return entries.with_bias(t.bias)


def channel_padding(t, shape):
    """Channel c becomes channel ``before + c``."""
    entries = Entries(shape, (t.before + shape[0] + t.after, *shape[1:]))
    for c, y, x in np.ndindex(*shape):
        entries.add((t.before + c, y, x), (c, y, x), 1.0)
    return entries.with_bias(None)


def channel_selection(t, shape):
    """Output channel k is input channel ``channels[k]``, or zero."""
    entries = Entries(shape, (len(t.channels), *shape[1:]))
    for k, y, x in np.ndindex(*entries.out_shape):
        if t.channels[k] >= 0:
            entries.add((k, y, x), (t.channels[k], y, x), 1.0)
    return entries.with_bias(None)


def padding(t, shape):
    """Pixel (y, x) moves to (top + y, left + x), and away if it is not inside then."""
    top, bottom, left, right = t.padding
    entries = Entries(shape, (shape[0], top + shape[1] + bottom, left + shape[2] + right))
    for c, y, x in np.ndindex(*shape):
        entries.add((c, top + y, left + x), (c, y, x), 1.0)
    return entries.with_bias(None)


MAPS = {
    Convolution: convolution,
    TransposedConvolution: transposed_convolution,
    AveragePooling: average_pooling,
    Upsampling: resampling,
    Resizing: resampling,
    ChannelAffine: channel_affine,
    ChannelPadding: channel_padding,
    ChannelSelection: channel_selection,
    Padding: padding,
}


def chain_map(transforms, shape):
    """Return (matrix, bias, out shape) of a chain on inputs of ``shape`` (C, H, W)."""
    size = int(np.prod(shape))
    matrix, bias = np.eye(size), np.zeros(size)
    for transform in transforms:
        next_matrix, next_bias, shape = MAPS[type(transform)](transform, shape)
        matrix, bias = next_matrix @ matrix, next_matrix @ bias + next_bias
    return matrix, bias, shape


def fire(neuron, current, u, v, n):
    """Return (spikes, u, v) of one population after one step; the four rules side by side."""
    decay = np.exp(-1 / neuron.tau_syn) if neuron.tau_syn else 0.0
    u = decay * u + (1 - decay) * current
    v = v + u
    if neuron.name == "loihi":
        v = np.maximum(v, 0)
        fired = v > neuron.v_threshold
        return fired, u, np.where(fired, 0, v)
    if neuron.name == "if_signed":
        up, down = v >= neuron.v_threshold, (v < 0) & (n > 0)
        signs = np.where(up, 1, np.where(down, -1, 0))
        return signs, u, v - signs * neuron.v_threshold
    fired = v >= neuron.v_threshold
    rest = v - neuron.v_threshold if neuron.name.endswith("_soft") else np.zeros_like(v)
    return fired, u, np.where(fired, rest, v)


def connection_maps(graph):
    """Return (connection, matrix, bias) of every connection."""
    return [(c, *chain_map(c.transforms, graph[c.source].shape)[:2]) for c in graph.connections]


def start_of(population):
    """Return the membrane potentials before the first step; channels may differ."""
    start = population.neuron.v_initial
    each = start if isinstance(start, tuple) else [start] * population.shape[0]
    return np.repeat(np.array(each, float), population.shape[1] * population.shape[2])


def simulate_one(graph, maps, image, num_steps):
    """Return what one (C, H, W) image causes: spikes by name, (T, C, H, W); (T, K, H, W) sums."""
    u = {p.name: np.zeros(p.size) for p in graph.hidden}
    v = {p.name: start_of(p) for p in graph.hidden if p.neuron}
    n = {p.name: np.zeros(p.size) for p in graph.hidden}
    spikes = {p.name: [] for p in graph.hidden}
    potential, potentials = np.zeros(graph.output.size), []
    for _ in range(num_steps):
        active = {graph.input.name: image.ravel().astype(np.float64)}
        for population in graph.populations[1:]:
            name = population.name
            current = np.zeros(population.size)
            for connection, matrix, bias in maps:
                if connection.target == name and not population.pooling:
                    current = current + matrix @ active[connection.source] + bias
            if name == graph.output.name:
                potential = potential + current
                potentials.append(potential.reshape(population.shape))
                continue
            if population.pooling:
                fired = gated(graph, population, spikes).ravel()
            else:
                state = (u[name], v[name], n[name])
                fired, u[name], v[name] = fire(population.neuron, current, *state)
            active[name], n[name] = fired, n[name] + fired
            spikes[name].append(active[name].reshape(population.shape))
    return {name: np.stack(s) for name, s in spikes.items()}, np.stack(potentials)


def slow_simulate(graph, images, num_steps):
    """Return spikes by name, (T, B, C, H, W), and accumulated potentials, (T, B, K, H, W)."""
    maps = connection_maps(graph)
    one_by_one = [simulate_one(graph, maps, image, num_steps) for image in images]
    names = one_by_one[0][0]
    spikes = {name: np.stack([one[0][name] for one in one_by_one], axis=1) for name in names}
    return spikes, np.stack([one[1] for one in one_by_one], axis=1)


def slow_operations(graph, images, num_steps):
    """Return the synapses that spikes pass in every step, (T, B), one entry of a map at a time.

    A synapse is an entry of the map whose weights are all made 1, so that none can be zero.
    """
    ones = [replace(c, transforms=tuple(map(with_ones, c.transforms))) for c in graph.connections]
    spikes, _ = slow_simulate(graph, images, num_steps)
    operations = np.zeros((num_steps, len(images)))
    for connection in ones:
        if connection.source in spikes:
            matrix, _, _ = chain_map(connection.transforms, graph[connection.source].shape)
            synapses = (matrix != 0).sum(axis=0)
            fired = np.abs(spikes[connection.source].astype(int))
            operations += fired.reshape(*fired.shape[:2], -1) @ synapses
    return operations


def with_ones(transform):
    """Return the transform with every weight 1 and no bias."""
    if not hasattr(transform, "weight"):
        return transform
    return replace(transform, weight=np.ones_like(transform.weight), bias=None)


def slow_steps_used(potentials, readout, check_every, patience, tolerance, min_steps):
    """Return after how many steps one image is done; ``potentials`` are (T, K, H, W) sums."""
    masks, changes = [], []
    for step in range(1, len(potentials) + 1):
        if step % check_every:
            continue
        first = min(step - 1, int(step * (1 - readout) + 0.5))
        read = potentials[step - 1] - (potentials[first - 1] if first else 0)
        masks.append(read.argmax(axis=0))
        if len(masks) > 1:
            changes.append((masks[-1] != masks[-2]).mean())
        recent = changes[-patience:]
        if step >= min_steps and len(recent) == patience and max(recent) <= tolerance:
            return step
    return len(potentials)
