"""Which neurons receive a spike: unions of windows that slide over the spikes of the sources."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram, Core, KernelSynapses, ListedSynapses
from spikeseg.chips.boxes import Shape
from spikeseg.energy.loops import add_boxes, mark_listed, spread
from spikeseg.placing.hearing import Ints

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Reach:
    """How spikes of a source reach a population through one kernel.

    Attributes:
        source: its name.
        down: (K_h, 5), for each tap first source row, step, first target row, step, number.
        across: (K_w, 5), likewise columns.
    """

    source: str
    down: Ints
    across: Ints


@dataclass(frozen=True, eq=False)
class Union:
    """Cores of a population that hear through the same windows, whatever their weights.

    Attributes:
        shape: (C, H, W) of the population.
        reaches: of all kernels.
        spans: rectangles of the cores without listed synapses, as `add_boxes` takes them.
        cores: the numbers of these cores.
        channels: and how many channels they hold.
        listed: the other cores and their numbers.
    """

    shape: Shape
    reaches: tuple[Reach, ...]
    spans: Ints
    cores: Ints
    channels: Ints
    listed: tuple[tuple[int, Core], ...]

    def add(
        self, words: Mapping[str, Words], fired: Mapping[str, Bytes], image: int, found: Floats
    ) -> None:
        """Add the receiving neurons of one image to (cores, T).

        Args:
            words: of each source that fills kernels, (words, H, W), bits as of `pack_steps`.
            fired: of each source, (T, B, C * H * W).
            image: which.
            found: to which.
        """
        rows = found.shape[1] - 1
        reached = np.zeros((num_words(rows), *self.shape[1:]), np.uint64)
        for reach in self.reaches:
            spread(words[reach.source], reach.down, reach.across, reached)
        add_boxes(reached, self.spans, self.cores, self.channels, found)
        for number, core in self.listed:
            here = reached[:, *core.box.slices[1:]]
            found[number, 1:] += _marked(core, _unpacked(here, rows), fired, image)


def num_words(rows: int) -> int:
    """Return how many words of 64 bits hold so many steps."""
    return -(-rows // 64)


def _unpacked(words: Words, rows: int) -> Bytes:
    """Return (words, H, W) as 0 and 1, (rows, H * W)."""
    t = np.arange(rows)
    bits = words[t // 64] >> (t % 64).astype(np.uint64)[:, None, None]
    pixels = words.shape[1] * words.shape[2]
    return (bits & np.uint64(1)).astype(np.uint8).reshape(rows, pixels)


def _marked(core: Core, reached: Bytes, fired: Mapping[str, Bytes], image: int) -> Ints:
    """Return how many neurons of a core with listed synapses receive, for each row."""
    marks = np.repeat(reached, core.box.shape[0], axis=1)
    for group in core.synapses:
        if isinstance(group, ListedSynapses):
            mark_listed(fired[group.source], image, group.pre, group.post, marks)
    counted: Ints = np.count_nonzero(marks, axis=1)
    return counted


def make_unions(program: ChipProgram) -> Iterator[Union]:
    """Yield the unions of all cores that hear something."""
    cores: dict[tuple[str, frozenset[object]], list[tuple[int, Core]]] = {}
    for number, core in enumerate(program.cores):
        if core.synapses:
            key = frozenset(_key(g) for g in core.synapses if isinstance(g, KernelSynapses))
            cores.setdefault((core.population, key), []).append((number, core))
    for (name, _), alike in cores.items():
        shape = program.shapes[name]
        kernels = {_key(g): g for g in alike[0][1].synapses if isinstance(g, KernelSynapses)}
        reaches = tuple(_reach(g, program.shapes[g.source], shape) for g in kernels.values())
        listed = tuple((n, core) for n, core in alike if _has_list(core))
        yield Union(shape, reaches, *_boxes([a for a in alike if not _has_list(a[1])]), listed)


def _has_list(core: Core) -> bool:
    return any(isinstance(group, ListedSynapses) for group in core.synapses)


def _key(group: KernelSynapses) -> tuple[object, ...]:
    return group.source, group.window, group.weight.shape[:2]


def _reach(group: KernelSynapses, source: Shape, target: Shape) -> Reach:
    down, across = (
        np.array(
            [
                _tap(group, axis, tap, source[axis + 1], target[axis + 1])
                for tap in range(group.weight.shape[axis])
            ],
            np.int64,
        )
        for axis in (0, 1)
    )
    return Reach(group.source, down, across)


def _tap(group: KernelSynapses, axis: int, tap: int, sources: int, targets: int) -> list[int]:
    """Return first source, step, first target, step and number of what meets through a tap."""
    met = group.window.meetings(axis, group.weight.shape[axis], sources, targets)
    met = met[met[:, 2] == tap]
    if not len(met):
        return [0, 1, 0, 1, 0]
    step, moving = group.window.stride[axis], group.window.transposed
    return [int(met[0, 0]), 1 if moving else step, int(met[0, 1]), step if moving else 1, len(met)]


def _boxes(cores: list[tuple[int, Core]]) -> tuple[Ints, Ints, Ints]:
    """Return the rectangles, cores and channels that `add_boxes` takes."""
    held: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for number, core in cores:
        (_, top, left), (_, bottom, right) = core.box.start, core.box.stop
        held.setdefault((top, bottom, left, right), []).append((number, core.box.shape[0]))
    ends = np.cumsum([0] + [len(some) for some in held.values()]).tolist()
    spans = [(*box, ends[n], ends[n + 1]) for n, box in enumerate(held)]
    both = np.array([one for some in held.values() for one in some], np.int64).reshape(-1, 2)
    return np.array(spans, np.int64).reshape(-1, 6), both[:, 0].copy(), both[:, 1].copy()
