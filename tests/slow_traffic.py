"""Traffic counted one spike at a time: for every spike every core, every group, every tap."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from spikeseg.chips import Box, ChipProgram, KernelSynapses, Window, load_chip

NAMES = (
    "packets",
    "within_tile",
    "inter_chip_packets",
    "inter_chip_copies",
    "hops_east_west",
    "hops_north_south",
    "host_packets",
    "host_copies",
)


def slow_counts(program: ChipProgram, spikes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return what `count_traffic` counts, of spikes (T, C, H, W) of populations and inputs."""
    found = dict.fromkeys(NAMES, 0)
    for source, fired in spikes.items():
        for _, *neuron in np.argwhere(fired):
            _send(program, source, tuple(map(int, neuron)), found)
    return found


def _send(program: ChipProgram, source: str, neuron: Any, found: dict[str, int]) -> None:
    sender = _core_of(program, source, neuron)
    chips = set()
    for number, axons in _heard(program, source, neuron):
        if sender is None:
            found["host_packets"] += axons
            chips.add(program.placement[number])
        elif number != sender:
            _count(program, sender, number, axons, found)
            chips.add(program.placement[number])
    if sender is None:
        found["host_copies"] += len(chips)
    else:
        found["inter_chip_copies"] += len(chips - {program.placement[sender]})


def _count(program: ChipProgram, sender: int, to: int, axons: int, found: dict[str, int]) -> None:
    chip = load_chip(program.chip)
    (row, column), (to_row, to_column) = (chip.tile(program.positions[n]) for n in (sender, to))
    leaves = program.placement[sender] != program.placement[to]
    found["packets"] += axons
    found["inter_chip_packets"] += axons * leaves
    found["within_tile"] += axons * (not leaves and (row, column) == (to_row, to_column))
    sideways = column + to_column if leaves else abs(column - to_column)
    found["hops_east_west"] += axons * sideways
    found["hops_north_south"] += axons * abs(row - to_row)


def _core_of(program: ChipProgram, source: str, neuron: Any) -> int | None:
    for number, core in enumerate(program.cores):
        if core.population == source and _inside(core.box, neuron):
            return number
    return None


def _inside(box: Box, neuron: Any) -> bool:
    return all(a <= n < b for a, n, b in zip(box.start, neuron, box.stop, strict=True))


@cache
def _heard(program: ChipProgram, source: str, neuron: Any) -> list[tuple[int, int]]:
    """Return the cores that hear a neuron, and through how many groups."""
    shapes = program.shapes
    flat = np.ravel_multi_index(neuron, shapes[source])
    heard = []
    for number, core in enumerate(program.cores):
        axons = 0
        for group in core.synapses:
            if group.source != source:
                continue
            if isinstance(group, KernelSynapses):
                axons += _reaches(group.window, group.weight.shape, neuron, core.box)
            else:
                axons += flat in group.pre
        if axons:
            heard.append((number, axons))
    return heard


def _reaches(window: Window, taps: Any, neuron: Any, box: Box) -> bool:
    _, y, x = neuron
    (_, top, left), (_, bottom, right) = box.start, box.stop
    return any(
        _meets(window, 0, y, row, a) and _meets(window, 1, x, column, b)
        for row, column in product(range(top, bottom), range(left, right))
        for a, b in product(range(taps[0]), range(taps[1]))
    )


def _meets(window: Window, axis: int, source: int, target: int, tap: int) -> bool:
    moving, met = (source, target) if window.transposed else (target, source)
    return moving * window.stride[axis] + tap * window.dilation[axis] - window.padding[axis] == met
