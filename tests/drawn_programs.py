"""Random small programs and spikes, for whoever runs programs."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from spikeseg.chips import (
    Box,
    ChipPopulation,
    ChipProgram,
    Core,
    KernelSynapses,
    ListedSynapses,
    SpikeInput,
    Window,
)

Random = np.random.Generator


def draw_program(rng: Random, extreme: bool = False) -> ChipProgram:
    """Return one or two inputs, one to three populations that hear any of them, cut into cores."""
    inputs = tuple(SpikeInput(f"in{n}", draw_shape(rng)) for n in range(rng.integers(1, 3)))
    layers = tuple(ChipPopulation(f"layer{n}", draw_shape(rng)) for n in range(rng.integers(1, 4)))
    shapes = {part.name: part.shape for part in (*inputs, *layers)}
    recurrent = bool(rng.integers(3) == 0)
    cores: list[Core] = []
    for n, layer in enumerate(layers):
        known = [part.name for part in (*inputs, *(layers if recurrent else layers[:n]))]
        sources = [known[k] for k in rng.integers(len(known), size=rng.integers(0, 4))]
        cores += draw_cores(rng, layer, sources, shapes, extreme)
    order = rng.permutation(len(cores))
    shuffled = tuple(cores[k] for k in order)
    placement = tuple(n // 4 for n in range(len(cores)))
    return ChipProgram("toy", inputs, layers, shuffled, layers[-1].name, placement)


def draw_shape(rng: Random) -> tuple[int, int, int]:
    channels = (1, 2, 3, 5, 8, 16)[rng.integers(6)]
    rows, columns = rng.integers(1, 6, size=2)
    return channels, int(rows), int(columns)


def draw_cores(
    rng: Random, layer: ChipPopulation, sources: list[str], shapes: Any, extreme: bool
) -> list[Core]:
    cuts = [
        sorted({0, size, *rng.integers(0, size, size=rng.integers(0, 2))}) for size in layer.shape
    ]
    shared = [draw_kernel(rng, source, shapes, layer.shape[0], extreme) for source in sources]
    likes = rng.integers(3)  # all kernels shared, some, none
    listed = rng.integers(3) == 0
    cores = []
    for c0, c1 in pairwise(cuts[0]):
        for y0, y1 in pairwise(cuts[1]):
            for x0, x1 in pairwise(cuts[2]):
                box = Box((int(c0), int(y0), int(x0)), (int(c1), int(y1), int(x1)))
                groups: list[KernelSynapses | ListedSynapses] = []
                for source, kernel in zip(sources, shared, strict=True):
                    if listed and rng.integers(2):
                        groups.append(draw_list(rng, source, shapes, box, extreme))
                    elif likes == 0 or (likes == 1 and rng.integers(2)):
                        part = kernel.weight[..., c0:c1]
                        groups.append(replace(kernel, weight=part))
                    else:
                        groups.append(draw_kernel(rng, source, shapes, int(c1 - c0), extreme))
                cores.append(draw_core(rng, layer.name, box, groups, extreme))
    return cores


def draw_weight(rng: Random, size: Any, extreme: bool) -> np.ndarray:
    step, most = (16256 * 128, 1) if extreme else ((64, 254), (128, 127), (1, 3))[rng.integers(3)]
    drawn = rng.integers(-most, most + 1, size=size) * step
    return (drawn * (rng.random(size) < 0.8)).astype(np.int32)


def draw_kernel(
    rng: Random, source: str, shapes: Any, channels: int, extreme: bool
) -> KernelSynapses:
    taps = rng.integers(1, 4, size=2)
    window = Window(
        stride=pair(rng, 1, 4),
        padding=pair(rng, 0, 3),
        dilation=pair(rng, 1, 4),
        transposed=bool(rng.integers(2)),
    )
    weight = draw_weight(rng, (*taps, shapes[source][0], channels), extreme)
    return KernelSynapses(source, weight, window, 7 if extreme else 0)


def pair(rng: Random, least: int, end: int) -> tuple[int, int]:
    a, b = rng.integers(least, end, size=2)
    return int(a), int(b)


def draw_list(rng: Random, source: str, shapes: Any, box: Box, extreme: bool) -> ListedSynapses:
    size = int(rng.integers(0, 30))
    pre = rng.integers(0, int(np.prod(shapes[source])), size=size).astype(np.int32)
    post = rng.integers(0, box.size, size=size).astype(np.int32)
    return ListedSynapses(source, pre, post, draw_weight(rng, size, extreme), 7 if extreme else 0)


def draw_core(rng: Random, name: str, box: Box, groups: Any, extreme: bool) -> Core:
    n, mixed = box.size, rng.integers(2)

    def among(*values: int) -> np.ndarray:
        drawn = rng.choice(values, size=n if mixed else 1)
        return np.broadcast_to(drawn, n).astype(np.int32)

    v_min = int(rng.choice([0, 0, 0, -4095, -(2**31) + 1]))
    v_max = int(rng.choice([2**23 - 1, 2**23 - 1, 2**17 - 1]))
    threshold = among(8388544, 64) if extreme else among(640, 6400, 64000)
    leaky = rng.integers(2)
    return Core(
        population=name,
        box=box,
        decay_u=among(*((741, 0, 4094) if extreme else (741, 389, 0, 4095, 4094))),
        decay_v=among(200, 0, 4096) if leaky else among(0),
        threshold=threshold,
        bias=among(524160, -524160) if extreme else among(0, 64, -64, 999, 3000),
        refractory=among(1, 2, 3) if leaky else among(1),
        v_min=v_min,
        v_max=v_max,
        v_initial=rng.integers(v_min, 0, size=n, endpoint=True).astype(np.int32)
        if rng.integers(2)
        else among(0, 100, 500),
        synapses=tuple(groups),
    )


def scattered(program: ChipProgram, rng: np.random.Generator) -> ChipProgram:
    """Return the program with its cores at random positions of as many chips as it has."""
    chips = max(program.placement) + 2
    drawn = rng.permutation(chips * 4)[: len(program.cores)].tolist()
    placement = tuple(n // 4 for n in drawn)
    return replace(program, placement=placement, positions=tuple(n % 4 for n in drawn))


def draw_spikes(rng: Random, program: ChipProgram, steps: int, images: int) -> Any:
    """Return spikes of each input, (steps, images, C, H, W), of a random rate."""
    rates = rng.random(images)[:, None, None, None]
    return {p.name: rng.random((steps, images, *p.shape)) < rates for p in program.inputs}


seeds = st.integers(0, 2**32 - 1)
