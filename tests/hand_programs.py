"""Programs of one core or two with integers written by hand."""

from typing import Any

import numpy as np

from spikeseg.chips import (
    Box,
    ChipPopulation,
    ChipProgram,
    Core,
    KernelSynapses,
    SpikeInput,
    Synapses,
)
from spikeseg.chips.boxes import Shape
from spikeseg.emulation import Recording, emulate

POINT = (1, 1, 1)


def kernel(source: str, weights: Any, **how: Any) -> KernelSynapses:
    """Return one pixel's weights, from each channel of the source to one neuron; or a kernel."""
    array = np.asarray(weights, np.int32)
    return KernelSynapses(source, array.reshape(1, 1, -1, 1) if array.ndim < 4 else array, **how)


def core(name: str, box: Box, *synapses: Synapses, **fields: Any) -> Core:
    """Return a core whose neurons neither leak nor rest, and whose current is gone in a step."""
    given = {"decay_u": 4095, "decay_v": 0, "threshold": 8388544, "bias": 0, "refractory": 1}
    given |= {"v_initial": 0, "v_min": 0, "v_max": 2**23 - 1} | fields
    limits = {key: given.pop(key) for key in ("v_min", "v_max")}
    arrays = {
        key: np.broadcast_to(np.asarray(value, np.int32).ravel(), box.size).copy()
        for key, value in given.items()
    }
    return Core(name, box, synapses=synapses, **arrays, **limits)


def program(shapes: dict[str, Shape], *cores: Core) -> ChipProgram:
    """Return a program: populations are what cores name, the other shapes are inputs."""
    made = list(dict.fromkeys(core.population for core in cores))
    inputs = tuple(SpikeInput(name, shape) for name, shape in shapes.items() if name not in made)
    populations = tuple(ChipPopulation(name, shapes[name]) for name in made)
    return ChipProgram("loihi1", inputs, populations, cores, made[-1], (0,) * len(cores))


def neuron(*synapses: Synapses, inputs: int = 1, **fields: Any) -> ChipProgram:
    """Return one neuron, "n", that hears an input "in" of some channels."""
    shapes = {"in": (inputs, 1, 1), "n": POINT} if synapses else {"n": POINT}
    return program(shapes, core("n", Box.whole(POINT), *synapses, **fields))


def spikes_at(shape: Shape, num_steps: int, *steps: int) -> np.ndarray:
    """Return one image (T, 1, C, H, W) in which all neurons fire in some steps, counted from 1."""
    fired = np.zeros((num_steps, 1, *shape), bool)
    fired[[step - 1 for step in steps]] = True
    return fired


def recorded(
    made: ChipProgram, num_steps: int, given: Any = None, engine: Any = "event", **how: Any
) -> Recording:
    """Run and record everything, on one thread."""
    names = [f"{p.name}.{kind}" for p in made.populations for kind in ("u", "v", "spikes")]
    how = {"num_steps": num_steps, "record": names, "engine": engine, "threads": 1} | how
    return emulate(made, given or {}, **how)


def trace(found: Recording, name: str) -> list[int]:
    """Return what one neuron did, step by step."""
    values = found.traces[name]
    assert values[0].size == 1
    return [int(x) for x in values.ravel()]
