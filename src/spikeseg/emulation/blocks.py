"""Cores to blocks: rectangles of a population whose neurons hear through the same integers."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import Box, ChipProgram, Core, KernelSynapses, ListedSynapses

Integers = NDArray[np.int32]
PARAMETERS = ("decay_u", "bias", "threshold", "decay_v", "refractory", "v_initial")


@dataclass(frozen=True, eq=False)
class Block:
    """A rectangle of a population, as large as its cores allow.

    Attributes:
        population: the name.
        box: which of its neurons.
        cores: numbers in the program.
        kernels: synapses, their C_out being the channels of the box.
        lists: synapses one by one; ``post`` counts the neurons of the box, channels last.
        parameters: for each of `PARAMETERS` (rows, columns, channels).
        v_min: the lowest potential.
        v_max: the highest.
    """

    population: str
    box: Box
    cores: tuple[int, ...]
    kernels: tuple[KernelSynapses, ...]
    lists: tuple[ListedSynapses, ...]
    parameters: dict[str, Integers]
    v_min: int
    v_max: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.box.shape[1]

    @property
    def row_size(self) -> int:
        """Neurons of a row."""
        return self.box.shape[0] * self.box.shape[2]


def make_blocks(program: ChipProgram, population: str) -> list[Block]:
    """Return the blocks of a population: cores side by side with the same integers become one."""
    blocks = single_blocks(program, population)
    for axis in (2, 1, 0):
        blocks = _joined(blocks, axis)
    return blocks


def single_blocks(program: ChipProgram, population: str) -> list[Block]:
    """Return each core of a population as a block of its own."""
    numbered = enumerate(program.cores)
    return [_from_core(core, n) for n, core in numbered if core.population == population]


def _from_core(core: Core, number: int) -> Block:
    channels, rows, columns = core.box.shape
    parameters = {name: getattr(core, name).reshape(rows, columns, channels) for name in PARAMETERS}
    return Block(
        core.population,
        core.box,
        (number,),
        tuple(g for g in core.synapses if isinstance(g, KernelSynapses) and g.weight.size),
        tuple(g for g in core.synapses if isinstance(g, ListedSynapses) and g.weight.size),
        parameters,
        core.v_min,
        core.v_max,
    )


def _joined(blocks: list[Block], axis: int) -> list[Block]:
    """Join blocks that continue each other along an axis of (C, H, W)."""
    made: list[Block] = []
    waiting: dict[tuple[object, ...], int] = {}
    for block in sorted(blocks, key=lambda b: b.box.start[axis]):
        key = _likeness(block, axis)
        n = waiting.get((block.box.start[axis], *key))
        if n is None:
            n = len(made)
            made.append(block)
        else:
            made[n] = _join(made[n], block, axis)
        waiting[(block.box.stop[axis], *key)] = n
    return made


def _likeness(block: Block, axis: int) -> tuple[object, ...]:
    """Return what two blocks must share to be joined; channels may have weights of their own."""
    box = block.box
    across = tuple((box.start[k], box.stop[k]) for k in range(3) if k != axis)
    kernels = tuple(
        (g.source, g.window, g.weight.shape[:3] if axis == 0 else _bytes(g.weight))
        for g in block.kernels
    )
    return across, kernels, bool(block.lists), block.v_min, block.v_max


def _bytes(weight: Integers) -> tuple[object, ...]:
    return weight.shape, weight.tobytes()


def _join(a: Block, b: Block, axis: int) -> Block:
    box = Box(a.box.start, b.box.stop)
    last = (axis + 2) % 3  # the place of an axis of (C, H, W) in (H, W, C)
    parameters = {
        name: np.concatenate([a.parameters[name], b.parameters[name]], axis=last)
        for name in PARAMETERS
    }
    kernels = a.kernels
    if axis == 0:
        kernels = tuple(
            replace(g, weight=np.concatenate([g.weight, h.weight], axis=3))
            for g, h in zip(a.kernels, b.kernels, strict=True)
        )
    lists = tuple(_moved(g, part.box, box) for part in (a, b) for g in part.lists)
    return replace(
        a, box=box, cores=a.cores + b.cores, kernels=kernels, lists=lists, parameters=parameters
    )


def _moved(group: ListedSynapses, part: Box, whole: Box) -> ListedSynapses:
    """Return synapses of a part as those of the whole box."""
    _, _, columns = part.shape
    channels = part.shape[0]
    place, c = np.divmod(group.post, channels)
    y, x = np.divmod(place, columns)
    c, y, x = (k + part.start[n] - whole.start[n] for n, k in enumerate((c, y, x)))
    post = (y * whole.shape[2] + x) * whole.shape[0] + c
    return replace(group, post=post.astype(np.int32))
