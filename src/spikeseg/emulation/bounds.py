"""What sums can reach at most: which integers hold them, and whether they can wrap at all."""

from dataclasses import dataclass

import numpy as np

from spikeseg.chips import ChipProgram, Synapses, load_chip
from spikeseg.emulation.blocks import Block
from spikeseg.errors import ProgramError

_DEEPEST = -(2**30)  # v and current add up in 32 bits above it


@dataclass(frozen=True)
class Range:
    """How the sums of a block are held.

    Attributes:
        shift: all weights are multiples of ``2 ** shift``; sums count these.
        most: no sum is greater, in units of ``2 ** shift``, whoever fires.
        checked: whether a sum, a current or a potential could leave its register.
        leaky: whether the potential decays or rests.
    """

    shift: int
    most: int
    checked: bool
    leaky: bool

    @property
    def narrow(self) -> bool:
        """Whether 16 bits hold the sums."""
        return self.most < 2**15 and not self.checked


def range_of(block: Block, program: ChipProgram) -> Range:
    """Return the range of a block's sums.

    Raises:
        ProgramError: sums that 32 bits do not hold.
    """
    groups: tuple[Synapses, ...] = (*block.kernels, *block.lists)
    merged = int(
        np.bitwise_or.reduce([0, *(np.bitwise_or.reduce(g.weight.ravel()) for g in groups)])
    )
    shift = (merged & -merged).bit_length() - 1 if merged else 0
    most = max(_most(block, 1), _most(block, -1))
    if most >= 2**31:
        raise ProgramError(
            f"a neuron of {block.population} (core {block.cores[0]}) can hear {most} in one step; "
            "32 bits hold less than 2147483648. Use fewer or weaker synapses."
        )
    return Range(shift, most >> shift, _can_wrap(block, program, most), _is_leaky(block))


def _most(block: Block, sign: int) -> int:
    """Return the largest sum of the positive, or negative, weights that lead to one neuron."""
    channels = np.zeros(block.box.shape[0], np.int64)
    for group in block.kernels:
        weight = np.maximum(group.weight.astype(np.int64) * sign, 0)
        channels += weight.sum(axis=(0, 1, 2))
    listed = np.zeros(block.box.size)
    for synapses in block.lists:
        strength = np.maximum(synapses.weight.astype(np.float64) * sign, 0)
        listed += np.bincount(synapses.post, strength, block.box.size)
    total = listed.reshape(-1, block.box.shape[0]) + channels
    return int(total.max(initial=0))


def _can_wrap(block: Block, program: ChipProgram, most: int) -> bool:
    chip = load_chip(program.chip)
    lost = int(block.parameters["decay_u"].min()) + 1  # of 4096 parts
    current = most * 4096 // lost + 1
    both = current + int(np.abs(block.parameters["bias"]).max())
    return (
        most >= 2**chip.accumulator_bits or both >= 2**chip.current_bits or block.v_min < _DEEPEST
    )


def _is_leaky(block: Block) -> bool:
    decays, rests = block.parameters["decay_v"], block.parameters["refractory"]
    return bool(decays.any() or (rests > 1).any())
