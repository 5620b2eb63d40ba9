"""A program: networks cut into cores, with integer parameters, ready to run on a chip.

All numbers are those that the chip holds. ``u`` is the synaptic current, ``v`` the membrane
potential, ``q`` the sum of the weights of the spikes that arrive in a step. The step is written in
`spikeseg.emulation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips.boxes import Box, Shape
from spikeseg.chips.synapses import Synapses

Integers = NDArray[np.int32]


@dataclass(frozen=True)
class SpikeInput:
    """Spikes that the host sends: binary, at most one a neuron and step.

    Attributes:
        name: as in the synapses' ``source``.
        shape: (C, H, W).
    """

    name: str
    shape: Shape


@dataclass(frozen=True)
class ChipPopulation:
    """Neurons of one layer, which may lie on several cores.

    Attributes:
        name: of the layer.
        shape: (C, H, W); neurons without an image are (N, 1, 1).
    """

    name: str
    shape: Shape


@dataclass(frozen=True, eq=False)
class Core:
    """A part of a population, its parameters and the synapses that lead to it.

    Arrays of parameters have one number a compartment, in the order of `Box.compartments`.

    Attributes:
        population: the name.
        box: which of its neurons.
        decay_u: (N,), 0..4095; the current keeps ``4095 - decay_u`` of 4096 parts each step.
        decay_v: (N,), 0..4096; the membrane keeps ``4096 - decay_v`` of 4096 parts.
        threshold: (N,); a spike is fired when ``v`` is strictly greater. A multiple of 64.
        bias: (N,); is added to the current in every step, and not kept in it.
        refractory: (N,), 1..63; 1 is none.
        v_min: the lowest ``v``, the same for all compartments.
        v_max: the highest.
        v_initial: (N,), ``v`` before the first step.
        synapses: groups; all add to the same ``q``.
    """

    population: str
    box: Box
    decay_u: Integers
    decay_v: Integers
    threshold: Integers
    bias: Integers
    refractory: Integers
    v_min: int
    v_max: int
    v_initial: Integers
    synapses: tuple[Synapses, ...]


def in_order(placement: Sequence[int]) -> tuple[int, ...]:
    """Return positions with which the cores of each chip lie in the program's order.

    >>> in_order((0, 1, 1, 0))
    (0, 0, 1, 1)
    """
    held = [0] * (max(placement, default=-1) + 1)
    positions = []
    for chip in placement:
        positions.append(held[chip])
        held[chip] += 1
    return tuple(positions)


@dataclass(frozen=True, eq=False)
class ChipProgram:
    """What runs on the chip.

    Attributes:
        chip: name of the `ChipSpec` it was made for.
        inputs: spikes from the host.
        populations: in any order; feed-forward or recurrent.
        cores: every neuron lies on exactly one.
        output: the population that is read.
        placement: for each core, its chip, from 0.
        dt_ms: length of a step in milliseconds.
        positions: for each core, its place on its chip, from 0; `ChipSpec.tile` gives its tile.
            If none are given, the cores of a chip lie in the program's order.

    Raises:
        ProgramError: parts that do not fit together; names the layer, the core and the value.
    """

    chip: str
    inputs: tuple[SpikeInput, ...]
    populations: tuple[ChipPopulation, ...]
    cores: tuple[Core, ...]
    output: str
    placement: tuple[int, ...]
    dt_ms: float = 1.0
    positions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        from spikeseg.chips.checking import check_program  # which needs the types above

        if not self.positions:
            object.__setattr__(self, "positions", in_order(self.placement))
        check_program(self)

    @property
    def shapes(self) -> dict[str, Shape]:
        """(C, H, W) of every input and population by its name."""
        parts: tuple[SpikeInput | ChipPopulation, ...] = (*self.inputs, *self.populations)
        return {part.name: part.shape for part in parts}

    def cores_of(self, population: str) -> tuple[Core, ...]:
        """Return the cores of a population, in the program's order."""
        return tuple(core for core in self.cores if core.population == population)

    @property
    def num_neurons(self) -> int:
        """Neurons on the chip."""
        return sum(core.box.size for core in self.cores)
