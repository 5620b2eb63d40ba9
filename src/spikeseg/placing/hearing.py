"""Which cores hear each neuron of a population."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram, Core, KernelSynapses, ListedSynapses
from spikeseg.chips.boxes import Shape

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hearing:
    """Neurons of one source by the cores that hear them.

    Attributes:
        kind: (C, H, W), a number for each neuron; equal numbers are heard by the same cores.
        targets: for each kind, (K,) cores in ascending order.
        copies: for each kind, (K,): through how many axons each of these cores hears it, one for
            each synapse group that the neuron reaches.
    """

    kind: Ints
    targets: list[Ints]
    copies: list[Ints]


class Reaches:
    """The rows or columns of a source that reach a core through a kernel; known ones are kept."""

    def __init__(self, program: ChipProgram) -> None:
        self._shapes = program.shapes
        self._known: dict[tuple[object, ...], Bools] = {}

    def axis(self, core: Core, group: KernelSynapses, axis: int) -> Bools:
        """Return for each row (axis 0) or column (axis 1) of the source whether it reaches."""
        sources = self._shapes[group.source][axis + 1]
        targets = self._shapes[core.population][axis + 1]
        taps = group.weight.shape[axis]
        span = core.box.start[axis + 1], core.box.stop[axis + 1]
        key = (group.window, axis, taps, sources, targets, span)
        if key not in self._known:
            source, target, _ = group.window.meetings(axis, taps, sources, targets).T
            met = np.zeros(sources, np.bool_)
            met[source[(target >= span[0]) & (target < span[1])]] = True
            self._known[key] = met
        return self._known[key]


def hear(program: ChipProgram, source: str, reaches: Reaches) -> Hearing:
    """Return which cores hear each neuron of ``source``.

    A pixel reaches a core through a kernel if some tap leads from it to the core's box, whatever
    the weights are: the axons of all its channels are there. A neuron reaches a core through a
    list that names it.

    Args:
        program: cores and their synapses.
        source: a population or an input.
        reaches: of the same program.
    """
    heard = [
        (number, core, group)
        for number, core in enumerate(program.cores)
        for group in core.synapses
        if group.source == source
    ]
    kernels = [(n, core, group) for n, core, group in heard if isinstance(group, KernelSynapses)]
    lists = [(number, group) for number, _, group in heard if isinstance(group, ListedSynapses)]
    hearing = _by_kernels(program.shapes[source], kernels, reaches)
    return _with_lists(hearing, lists) if lists else hearing


def _by_kernels(
    shape: Shape, kernels: list[tuple[int, Core, KernelSynapses]], reaches: Reaches
) -> Hearing:
    cores = np.array([number for number, _, _ in kernels], np.int64)
    kinds, met = [], []
    for axis in (0, 1):
        reached = [reaches.axis(core, group, axis) for _, core, group in kernels]
        table = np.array(reached, np.bool_).reshape(len(kernels), shape[axis + 1])
        different, kind = np.unique(table, axis=1, return_inverse=True)
        kinds.append(kind.reshape(-1))
        met.append(different.T)
    rows, columns = met
    sets = _Sets()
    numbers = np.array(
        [[sets.number(cores[row & column]) for column in columns] for row in rows], np.int64
    )
    kind = numbers.reshape(len(rows), len(columns))[np.ix_(*kinds)]
    return Hearing(np.broadcast_to(kind, shape), *sets.tables())


def _with_lists(hearing: Hearing, lists: list[tuple[int, ListedSynapses]]) -> Hearing:
    named = [(np.unique(group.pre), number) for number, group in lists]
    pre = np.concatenate([sources for sources, _ in named]).astype(np.int64)
    core = np.concatenate([np.full(len(sources), number) for sources, number in named])
    order = np.lexsort((core, pre))
    neurons, first = np.unique(pre[order], return_index=True)
    kind = hearing.kind.copy().ravel()
    sets = _Sets()
    again = [
        sets.number(np.repeat(t, c)) for t, c in zip(hearing.targets, hearing.copies, strict=True)
    ]
    parts = np.split(core[order], first[1:]) if len(neurons) else []
    known = {n: np.repeat(hearing.targets[n], hearing.copies[n]) for n in set(kind[neurons])}
    special = [
        sets.number(np.sort(np.append(known[kind[neuron]], part)))
        for neuron, part in zip(neurons, parts, strict=True)
    ]
    kind = np.array(again, np.int64)[kind]
    kind[neurons] = special
    return Hearing(kind.reshape(hearing.kind.shape), *sets.tables())


class _Sets:
    """Numbers distinct sets of cores, in which a core may stand several times."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def number(self, cores: Ints) -> int:
        return self._numbers.setdefault(np.ascontiguousarray(cores).tobytes(), len(self._numbers))

    def tables(self) -> tuple[list[Ints], list[Ints]]:
        found = [
            np.unique(np.frombuffer(key, np.int64), return_counts=True) for key in self._numbers
        ]
        return [targets for targets, _ in found], [copies for _, copies in found]
