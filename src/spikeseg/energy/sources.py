"""What a spike does, worked out once: neurons of a source in classes that do the same."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Box, ChipProgram, Core, KernelSynapses, ListedSynapses, Synapses, Window
from spikeseg.chips.boxes import Shape
from spikeseg.placing.hearing import Hearing, Ints

MOST_CHANNELS = 255  # whose spikes 8 bits can count
Floats = NDArray[np.float64]
Consumer = tuple[int, Core, Synapses]


@dataclass(frozen=True, eq=False)
class Part:
    """Some channels of a source, at most `MOST_CHANNELS`, that have the same classes.

    Attributes:
        first: channel.
        last: channel behind the last.
        group: (H,), rows with equal numbers have equal classes.
        label: (groups, W), the class of each pixel.
    """

    first: int
    last: int
    group: Ints
    label: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Source:
    """An input or a population whose spikes arrive somewhere.

    Attributes:
        name: its name.
        shape: (C, H, W).
        parts: together all channels.
        num_classes: of all parts.
        of: (E,), classes.
        to: (E,), cores at which a spike of the class arrives.
        operations: (E,), synapses of this core that one such spike reaches.
        packets: (E,), packets that one such spike sends to this core; none to the own core.
    """

    name: str
    shape: Shape
    parts: tuple[Part, ...]
    num_classes: int
    of: Ints
    to: Ints
    operations: Floats
    packets: Floats


def make_source(program: ChipProgram, name: str, hearing: Hearing, spots: Ints) -> Source | None:
    """Return the classes of a source, or None if no core hears it.

    Args:
        program: cores and synapses.
        name: an input or a population.
        hearing: of the same source; it says how many packets each spike sends.
        spots: (C, H, W), the core of each neuron; -1 for inputs.
    """
    heard = [
        (number, core, group)
        for number, core in enumerate(program.cores)
        for group in core.synapses
        if group.source == name
    ]
    return _Classes(program, name, heard, hearing, spots).source() if heard else None


class _Classes:
    """Neurons of a source are of one class if each core gets the same of their spikes."""

    def __init__(
        self, program: ChipProgram, name: str, heard: list[Consumer], hearing: Hearing, spots: Ints
    ) -> None:
        self.name, self.shape = name, program.shapes[name]
        self.hearing, self.spots = hearing, spots
        self.lists = [(n, g) for n, _, g in heard if isinstance(g, ListedSynapses)]
        self.kernels = [(n, c, g) for n, c, g in heard if isinstance(g, KernelSynapses)]
        self.cores = np.unique([number for number, _, _ in heard])
        targets = program.shapes
        self.taps = [
            np.array(
                [_taps(g, a, self.shape, targets[c.population], c.box) for _, c, g in self.kernels]
            ).reshape(-1, self.shape[a + 1])
            for a in (0, 1)
        ]
        self.is_heard_by_itself = any(core.population == name for _, core, _ in heard)

    def source(self) -> Source:
        cuts = self._cuts()
        keys = np.stack([self._key[first] for first in cuts[:-1]])
        _, place, label = np.unique(keys, return_index=True, return_inverse=True)
        label = label.reshape(keys.shape)
        part, pixel = np.divmod(place, self.shape[1] * self.shape[2])
        y, x = np.divmod(pixel, self.shape[2])
        neurons = np.array(cuts[:-1])[part], y, x
        operations, packets = self._operations(*neurons), self._packets(*neurons)
        of, to = np.nonzero((operations + packets).T)
        parts = [
            _part(first, last, one)
            for first, last, one in zip(cuts[:-1], cuts[1:], label, strict=True)
        ]
        each, sent = operations[to, of], packets[to, of]
        return Source(
            self.name, self.shape, tuple(parts), len(place), of, self.cores[to], each, sent
        )

    def _cuts(self) -> list[int]:
        channels = self.shape[0]
        if self.lists:
            return list(range(channels + 1))
        cuts = {*range(0, channels, MOST_CHANNELS), channels}
        if self.is_heard_by_itself:
            cuts |= set(
                (np.flatnonzero((self.spots[1:] != self.spots[:-1]).any((1, 2))) + 1).tolist()
            )
        return sorted(cuts)

    @cached_property
    def _key(self) -> Ints:
        """A number for each neuron, (C, H, W), equal for neurons of one class."""
        rows, columns = (np.unique(t, axis=1, return_inverse=True)[1].ravel() for t in self.taps)
        key = (rows[:, None] * self.shape[2] + columns) * len(self.hearing.targets)
        key = key + self.hearing.kind
        if self.is_heard_by_itself:
            key = key * (self.spots.max() + 1) + self.spots
        if self.lists:
            named = np.zeros(self.shape, np.int64)
            listed = np.unique(np.concatenate([group.pre for _, group in self.lists]))
            named.reshape(-1)[listed] = 1 + np.arange(len(listed))
            key = np.unique(key, return_inverse=True)[1].reshape(self.shape)
            key = key * (len(listed) + 1) + named
        return key

    def _operations(self, c: Ints, y: Ints, x: Ints) -> Floats:
        """Return the synapses that one spike of each neuron reaches at each core."""
        found = np.zeros((len(self.cores), len(c)))
        for n, (number, core, _) in enumerate(self.kernels):
            taps = self.taps[0][n, y] * self.taps[1][n, x]
            found[np.searchsorted(self.cores, number)] += taps * core.box.shape[0]
        flat = (c * self.shape[1] + y) * self.shape[2] + x
        for number, group in self.lists:
            fan_out = np.bincount(group.pre, minlength=int(np.prod(self.shape)))
            found[np.searchsorted(self.cores, number)] += fan_out[flat]
        return found

    def _packets(self, c: Ints, y: Ints, x: Ints) -> Floats:
        """Return the packets that one spike of each neuron sends to each core."""
        found = np.zeros((len(self.cores), len(c)))
        kinds = self.hearing.kind[c, y, x]
        for kind in np.unique(kinds):
            rows = np.searchsorted(self.cores, self.hearing.targets[kind])
            found[np.ix_(rows, kinds == kind)] = self.hearing.copies[kind][:, None]
        found[self.cores[:, None] == self.spots[c, y, x]] = 0
        return found


def _taps(group: KernelSynapses, axis: int, source: Shape, target: Shape, box: Box) -> Ints:
    """Return for each row or column of the source how many taps lead from it to a box."""
    sizes = group.weight.shape[axis], source[axis + 1], target[axis + 1]
    return _counted(group.window, axis, sizes, (box.start[axis + 1], box.stop[axis + 1]))


@lru_cache(1024)
def _counted(window: Window, axis: int, sizes: Shape, span: tuple[int, int]) -> Ints:
    source, target, _ = window.meetings(axis, *sizes).T
    inside = (target >= span[0]) & (target < span[1])
    return np.bincount(source[inside], minlength=sizes[1])


def _part(first: int, last: int, label: Ints) -> Part:
    lines, group = np.unique(label, axis=0, return_inverse=True)
    return Part(first, last, group.ravel(), lines.astype(np.int32))
