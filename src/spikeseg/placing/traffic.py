"""The packets that a program sends: which core sends how many, and which cores receive them.

A spike is sent once to each axon that it reaches (Davies et al. 2018: the mesh carries messages
from one core to one core; nengo-loihi 1.1.0 ``block.py``: one for each core that hears the neuron
and each of its synapse groups). Neurons of a core that the same cores hear make up a net.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram
from spikeseg.errors import ProgramError
from spikeseg.placing.hearing import Hearing, Ints, Reaches, hear

Floats = NDArray[np.float64]
Rates = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Nets:
    """Hyperedges: each from one sender to the cores that hear the same spikes of it.

    Attributes:
        source: (N,), the core that sends; of the host's nets, the number of the input.
        weight: (N,), spikes a step.
        first: (N + 1,), where the targets of a net begin in ``target``.
        target: (P,), the cores that receive; for each net ascending, never the sender itself.
        copies: (P,), packets that one spike sends to this core.
    """

    source: Ints
    weight: Floats
    first: Ints
    target: Ints
    copies: Ints

    @cached_property
    def net(self) -> Ints:
        """The net of each target, (P,)."""
        return np.repeat(np.arange(len(self.source)), np.diff(self.first))

    @cached_property
    def sender(self) -> Ints:
        """The core that sends to each target, (P,)."""
        return self.source[self.net]

    @cached_property
    def packets(self) -> Floats:
        """Packets a step to each target, (P,)."""
        return self.weight[self.net] * self.copies


@dataclass(frozen=True, eq=False)
class Traffic:
    """All packets of a program.

    Attributes:
        program: what sends them.
        rates: for each population (C, H, W), spikes a step; none if every neuron counts as one.
        nets: from core to core. Spikes that a core sends to itself leave it nowhere: not counted.
        host: from the inputs to cores; these come from outside of all chips.
    """

    program: ChipProgram
    rates: Rates | None
    nets: Nets
    host: Nets

    @property
    def num_cores(self) -> int:
        """Cores of the program."""
        return len(self.program.cores)

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """All pairs of cores a < b between which packets go, and how many, either way, a step."""
        nets = self.nets
        low, high = np.minimum(nets.sender, nets.target), np.maximum(nets.sender, nets.target)
        keys, place = np.unique(low * self.num_cores + high, return_inverse=True)
        packets = np.bincount(place, nets.packets, len(keys)).astype(np.float64)
        return keys // self.num_cores, keys % self.num_cores, packets


def measure_traffic(program: ChipProgram, rates: Rates | None = None) -> Traffic:
    """Return the packets of a program.

    Args:
        program: its placement does not matter.
        rates: mean spikes a step of every neuron, (C, H, W) for each population and input; or
            counts of spikes, and what comes back counts packets. Without, each neuron fires once.

    Raises:
        ProgramError: rates are missing, have another shape, are negative or not finite.
    """
    reaches = Reaches(program)
    checked = {name: _rates(program, name, rates) for name in program.shapes}
    spots = {name: np.zeros(program.shapes[name], np.int64) for name in checked}
    for number, core in enumerate(program.cores):
        spots[core.population][core.box.slices] = number
    for number, part in enumerate(program.inputs):
        spots[part.name][...] = number
    parts = {
        name: _nets(hear(program, name, reaches), spots[name], given)
        for name, given in checked.items()
    }
    inputs = [parts.pop(part.name) for part in program.inputs]
    inner = [_without_itself(nets) for nets in parts.values()]
    return Traffic(program, rates, _joined(inner), _joined(inputs))


def _rates(program: ChipProgram, name: str, rates: Rates | None) -> Floats:
    shape = program.shapes[name]
    if rates is None:
        return np.ones(shape)
    if name not in rates:
        raise ProgramError(
            f"the rates of {name} are missing; found {sorted(rates)}. Give spikes a step, "
            f"(C, H, W), for each of {sorted(program.shapes)}."
        )
    given = np.asarray(rates[name], np.float64)
    if given.shape != shape:
        raise ProgramError(f"the rates of {name} have the shape {given.shape}; it must be {shape}.")
    if not np.isfinite(given).all() or given.min(initial=0) < 0:
        raise ProgramError(
            f"the rates of {name} lie in {given.min()}..{given.max()}; spikes a step are finite, "
            "0 or more."
        )
    return given


def _nets(hearing: Hearing, spots: Ints, rates: Floats) -> Nets:
    kinds = len(hearing.targets)
    keys, place = np.unique(spots * kinds + hearing.kind, return_inverse=True)
    weight = np.bincount(place.ravel(), rates.ravel(), len(keys)).astype(np.float64)
    kind = keys % kinds
    sizes = np.array([len(targets) for targets in hearing.targets])[kind]
    first = np.append(0, np.cumsum(sizes))
    target = np.concatenate([hearing.targets[k] for k in kind])
    copies = np.concatenate([hearing.copies[k] for k in kind])
    return _nonempty(Nets(keys // kinds, weight, first, target, copies))


def _nonempty(nets: Nets) -> Nets:
    kept = np.diff(nets.first) > 0
    first = np.append(nets.first[:-1][kept], nets.first[-1])
    return Nets(nets.source[kept], nets.weight[kept], first, nets.target, nets.copies)


def _without_itself(nets: Nets) -> Nets:
    kept = nets.target != nets.sender
    first = np.append(0, np.cumsum(kept))[nets.first]
    return _nonempty(Nets(nets.source, nets.weight, first, nets.target[kept], nets.copies[kept]))


def _joined(parts: list[Nets]) -> Nets:
    starts = np.cumsum([0] + [len(nets.target) for nets in parts])
    first = [nets.first[:-1] + start for nets, start in zip(parts, starts, strict=False)]
    none = np.zeros(0, np.int64)
    return Nets(
        np.concatenate([none, *(nets.source for nets in parts)]),
        np.concatenate([np.zeros(0), *(nets.weight for nets in parts)]),
        np.concatenate([*first, starts[-1:]]).astype(np.int64),
        np.concatenate([none, *(nets.target for nets in parts)]),
        np.concatenate([none, *(nets.copies for nets in parts)]),
    )
