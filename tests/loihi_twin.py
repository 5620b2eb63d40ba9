"""A slow, obvious, independent twin of the emulator: plain Python integers, one synapse at a time.

Written from the description of nengo-loihi's emulator, not from our code; it shares only the
program's fields.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikeseg.chips import ChipProgram, Core, KernelSynapses, ListedSynapses

Neuron = tuple[int, int, int]
Trace = dict[str, dict[str, np.ndarray]]


def wrap(x: int, bits: int) -> int:
    """Return two's complement with ``bits`` bits and a sign."""
    return (x + 2**bits) % 2 ** (bits + 1) - 2**bits


def decayed(x: int, keep: int) -> int:
    """Return keep / 4096 of x, truncated toward zero."""
    part = abs(x) * keep // 4096
    return -part if x < 0 else part


def neurons_of(core: Core) -> list[Neuron]:
    (c0, y0, x0), (c1, y1, x1) = core.box.start, core.box.stop
    return [(c, y, x) for y in range(y0, y1) for x in range(x0, x1) for c in range(c0, c1)]


def kernel_synapses(
    group: KernelSynapses, core: Core, shape: tuple[int, int, int]
) -> Iterator[tuple[Neuron, int, int]]:
    """Yield (source neuron, compartment, weight) of a kernel."""
    taps_y, taps_x, channels, _ = group.weight.shape
    (sy, sx), (py, px) = group.window.stride, group.window.padding
    dy, dx = group.window.dilation
    for compartment, (c, y, x) in enumerate(neurons_of(core)):
        for i in range(shape[1]):
            for j in range(shape[2]):
                for k in range(taps_y):
                    for m in range(taps_x):
                        if group.window.transposed:
                            met = i * sy + k * dy - py == y and j * sx + m * dx - px == x
                        else:
                            met = y * sy + k * dy - py == i and x * sx + m * dx - px == j
                        if met:
                            for b in range(channels):
                                w = int(group.weight[k, m, b, c - core.box.start[0]])
                                yield (b, i, j), compartment, w


def listed_synapses(
    group: ListedSynapses, shape: tuple[int, int, int]
) -> Iterator[tuple[Neuron, int, int]]:
    _, height, width = shape
    for pre, post, weight in zip(group.pre, group.post, group.weight, strict=True):
        c, rest = divmod(int(pre), height * width)
        yield (c, *divmod(rest, width)), int(post), int(weight)


class Compartments:
    """One core's state and where its synapses come from."""

    def __init__(self, core: Core, shapes: Mapping[str, tuple[int, int, int]]) -> None:
        self.core = core
        self.neurons = neurons_of(core)
        self.u = [0] * len(self.neurons)
        self.v = [int(v) for v in core.v_initial]
        self.rc = [0] * len(self.neurons)
        self.fan_out: dict[tuple[str, Neuron], list[tuple[int, int]]] = {}
        for group in core.synapses:
            shape = shapes[group.source]
            found = (
                kernel_synapses(group, core, shape)
                if isinstance(group, KernelSynapses)
                else listed_synapses(group, shape)
            )
            for source, compartment, weight in found:
                self.fan_out.setdefault((group.source, source), []).append((compartment, weight))

    def step(self, arriving: list[tuple[str, Neuron]]) -> list[int]:
        """Take the spikes of the step before; return the compartments that fire."""
        q = [0] * len(self.neurons)
        for spike in arriving:
            for compartment, weight in self.fan_out.get(spike, []):
                q[compartment] += weight
        return [i for i in range(len(q)) if self._update(i, q[i])]

    def _update(self, i: int, q: int) -> bool:
        core = self.core
        self.u[i] = wrap(decayed(self.u[i], 4095 - int(core.decay_u[i])) + wrap(q, 21), 23)
        current = wrap(self.u[i] + int(core.bias[i]), 23)
        v = decayed(self.v[i], 4096 - int(core.decay_v[i])) + current
        v = min(max(v, core.v_min), core.v_max)
        if self.rc[i] > 0:
            v = 0
        fires = v > int(core.threshold[i])
        self.v[i] = 0 if fires else v
        if fires:
            self.rc[i] = int(core.refractory[i])
        self.rc[i] = max(self.rc[i] - 1, 0)
        return fires


def run(program: ChipProgram, spikes: Mapping[str, Any], num_steps: int) -> Trace:
    """Run one image.

    Args:
        program: what to run.
        spikes: for each input, booleans (T, C, H, W); they act one step later.
        num_steps: steps.

    Returns:
        For each population ``u``, ``v`` (T, C, H, W), int64, and ``spikes``, bool.
    """
    cores = [Compartments(core, program.shapes) for core in program.cores]
    traces = {
        p.name: {
            kind: np.zeros((num_steps, *p.shape), bool if kind == "spikes" else np.int64)
            for kind in ("u", "v", "spikes")
        }
        for p in program.populations
    }
    arriving: list[tuple[str, Neuron]] = []
    for t in range(num_steps):
        fired = [core.step(arriving) for core in cores]
        arriving = [
            (name, (int(c), int(y), int(x)))
            for name, given in spikes.items()
            if t < len(given)
            for c, y, x in np.argwhere(np.asarray(given[t]))
        ]
        for core, firing in zip(cores, fired, strict=True):
            trace, name = traces[core.core.population], core.core.population
            for i, neuron in enumerate(core.neurons):
                trace["u"][t][neuron], trace["v"][t][neuron] = core.u[i], core.v[i]
            for i in firing:
                trace["spikes"][t][core.neurons[i]] = True
                arriving.append((name, core.neurons[i]))
    return traces
