"""Builds a drawn network for our compiler, in the order of float operations of nengo-loihi."""

import itertools

import numpy as np

from spikeseg.chips import Box, ChipProgram, Core, KernelSynapses, SpikeInput, Window
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork
from tests.trace_files import program_of
from tests_oracle.networks import Drawn, Link, Population

DEFAULT_TAU = 0.005  # of a population that nothing leads to


def float_network(drawn: Drawn) -> FloatNetwork:
    """Return the layers in the units of nengo-loihi's compartments."""
    hosts = [p for p in drawn.populations if p.kind == "host"]
    layers = [p for p in drawn.populations if p.kind != "host"]
    return FloatNetwork(
        inputs=tuple(SpikeInput(p.name, p.shape) for p in hosts),
        layers=tuple(_layer(drawn, p) for p in layers),
        output=layers[-1].name,
        dt_ms=drawn.dt * 1000,
    )


def _layer(drawn: Drawn, population: Population) -> FloatLayer:
    links = list(drawn.into(population.name))
    tau = max((link.tau for link in links), default=DEFAULT_TAU)
    lif = population.kind == "lif"
    return FloatLayer(
        name=population.name,
        shape=population.shape,
        kernels=tuple(_kernel(drawn, link) for link in links),
        bias=population.bias.astype(np.float32),
        threshold=1.0 if lif else 1.0 / drawn.dt,
        decay_u=float(-np.expm1(-drawn.dt / tau)) if tau else 1.0,
        decay_v=float(-np.expm1(-drawn.dt / population.tau_rc)) if lif else 0.0,
        refractory=int(np.round(population.tau_ref / drawn.dt)) + 1 if lif else 1,
        v_min=population.min_voltage if lif else 0.0,
        scale_v=lif,
    )


def _kernel(drawn: Drawn, link: Link) -> FloatKernel:
    pre, post = drawn[link.source], drawn[link.target]
    dense = link.kind == "dense"
    weight = link.kernel * (1.0 / drawn.dt) if dense else link.kernel / drawn.dt
    weight = weight * pre.amplitude * post.gain
    return FloatKernel(link.source, weight.astype(np.float32), _window(drawn, link))


def _window(drawn: Drawn, link: Link) -> Window:
    pre, post = drawn[link.source].shape[1:], drawn[link.target].shape[1:]
    if link.kind == "dense":
        return Window(transposed=post != (1, 1))
    padding = [0, 0]
    if link.padding == "same":
        for axis, (k, s) in enumerate(zip(link.extent, link.stride, strict=True)):
            if link.kind == "conv":
                total = max((post[axis] - 1) * s + k - pre[axis], 0)
            else:
                total = max(post[axis] + k - 1 - ((pre[axis] - 1) * s + 1), 0)
                total = min(total, 2 * (k - 1))
            padding[axis] = total // 2
    return Window(link.stride, (padding[0], padding[1]), link.dilation, link.kind == "transposed")


def boxes(population: Population) -> list[Box]:
    """Return the tiles of a population in nengo-loihi's order: by rows, columns, channels."""
    (channels, height, width), tile = population.shape, population.tile or population.shape
    starts = itertools.product(
        range(0, height, tile[1]), range(0, width, tile[2]), range(0, channels, tile[0])
    )
    return [
        Box(
            (c, y, x),
            (
                min(c + tile[0], channels),
                min(y + tile[1], height),
                min(x + tile[2], width),
            ),
        )
        for y, x, c in starts
    ]


def compile_drawn(drawn: Drawn) -> ChipProgram:
    """Return the program in mode "nengo", with the tiles that were drawn."""
    network = float_network(drawn)
    return program_of(network, {p.name: boxes(drawn[p.name]) for p in network.layers})


def dense_weights(core: Core, program: ChipProgram) -> dict[str, np.ndarray]:
    """Return for each source (C, H, W, N): the weight from each neuron to each compartment."""
    found: dict[str, np.ndarray] = {}
    for group in core.synapses:
        assert isinstance(group, KernelSynapses)
        found[group.source] = found.get(group.source, 0) + _dense(group, core, program)
    return found


def _dense(group: KernelSynapses, core: Core, program: ChipProgram) -> np.ndarray:
    channels, height, width = program.shapes[group.source]
    (_, y0, x0), (_, y1, x1) = core.box.start, core.box.stop
    matrix = np.zeros((channels, height, width, *core.box.shape[1:], core.box.shape[0]), np.int64)
    taps = group.weight.shape
    rows = group.window.meetings(0, taps[0], height, y1)
    columns = group.window.meetings(1, taps[1], width, x1)
    for (i, y, k), (j, x, m) in itertools.product(rows, columns):
        if y >= y0 and x >= x0:
            matrix[:, i, j, y - y0, x - x0] += group.weight[k, m]
    return matrix.reshape(channels, height, width, -1)
