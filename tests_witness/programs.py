"""Small U-Nets as programs of Loihi, with neurons that SANA-FE has too."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.emulator.networks import unet
from spikeseg.chips import ChipProgram, KernelSynapses, load_chip
from spikeseg.compiling import compile_network
from spikeseg.emulation import Recording, emulate
from spikeseg.placing import place

NUM_STEPS = 16


@dataclass(frozen=True, eq=False)
class Case:
    """A program, and what our emulator makes of it.

    Attributes:
        program: placed on one chip.
        inputs: for each input (T, C, H, W).
        recording: with the spikes of all steps.
        spikes: for each input and population (T, C, H, W), bool.
    """

    program: ChipProgram
    inputs: dict[str, np.ndarray]
    recording: Recording
    spikes: dict[str, np.ndarray]


def make_case(size: int, seed: int, start: float, partitioner: str = "greedy") -> Case:
    """Return a U-Net of 41 ``size``² neurons.

    Args:
        size: of the image.
        seed: of weights, bias and input.
        start: the first potential, in thresholds.
        partitioner: how it is placed.
    """
    network = unet(size, seed)
    layers = tuple(replace(layer, decay_u=1.0, v_initial=start) for layer in network.layers)
    tiles = {layer.name: (layer.shape[0], -(-layer.shape[1] // 2), layer.shape[2] // 2)
             for layer in layers}  # fmt: skip
    compiled = compile_network(replace(network, layers=layers), load_chip("loihi1"), tiles=tiles)
    program = place(_forgetting(compiled), partitioner=partitioner)
    random = np.random.default_rng(seed)
    inputs = {p.name: random.random((NUM_STEPS, *p.shape)) < 0.3 for p in program.inputs}
    names = [f"{p.name}.spikes" for p in program.populations]
    given = {name: train[:, None] for name, train in inputs.items()}
    recording = emulate(program, given, record=names, strict=True)
    fired = {p.name: recording.traces[f"{p.name}.spikes"][:, 0] for p in program.populations}
    return Case(program, inputs, recording, inputs | fired)


def _forgetting(program: ChipProgram) -> ChipProgram:
    """Return the same program with neurons that keep nothing of a step's current.

    Compiled without a synaptic filter, as nengo-loihi does it, they keep 1 of 4096 parts.
    """
    cores = tuple(replace(c, decay_u=np.full_like(c.decay_u, 4095)) for c in program.cores)
    return replace(program, cores=cores)


def fan_outs(program: ChipProgram) -> dict[str, np.ndarray]:
    """Return the synapses of each neuron, (C, H, W), one tap after the other."""
    found = {name: np.zeros(shape, np.int64) for name, shape in program.shapes.items()}
    for core in program.cores:
        _, top, left = core.box.start
        channels, bottom, right = core.box.stop[0] - core.box.start[0], *core.box.stop[1:]
        for group in core.synapses:
            assert isinstance(group, KernelSynapses)
            counts = found[group.source]
            (sy, sx), (py, px) = group.window.stride, group.window.padding
            for ky, kx in np.ndindex(*group.weight.shape[:2]):
                for y, x in np.ndindex(*counts.shape[1:]):
                    if group.window.transposed:
                        hit = top <= y * sy + ky - py < bottom and left <= x * sx + kx - px < right
                        counts[:, y, x] += channels * hit
                        continue
                    (row, over), (column, beside) = divmod(y + py - ky, sy), divmod(x + px - kx, sx)
                    inside = top <= row < bottom and left <= column < right
                    counts[:, y, x] += channels * (inside and over == 0 and beside == 0)
    return found
