"""What the synapses of one connection cost a core, from their geometry alone.

The rules are those of nengo-loihi 1.1.0 (``block.py``, ``conv.py``, ``builder/split_blocks.py``).
A source pixel has one input axon however the source itself is cut: the axon belongs to the target,
and the channel that fired travels with the spike. An axon points to an entry of the synaptic
memory, a list of (compartment, weight) for each channel, and to a base below 256 that is added to
the compartments. Pixels share an entry if its weights and its compartments, without the base, are
the same.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips.boxes import Box
from spikeseg.compiling.reach import Connection, Ints, Reach

BASES = 256
GROUP, WORD, HEADER = 64, 64, 10
WEIGHT_BITS = 8
INDEX_BITS = (0, 6, 7, 8, 9, 10, 11, 12)


@dataclass(frozen=True)
class GroupCost:
    """One synapse group of one core.

    Attributes:
        axons: input axons.
        bits: of synaptic memory.
        aligned: whether all bases are multiples of 4, as axons of 16 bits need it.
    """

    axons: int
    bits: int
    aligned: bool


def entry_bits(weights: Ints, index_bits: int) -> Ints:
    """Return the bits of memory entries with so many weights: 64 a group, in words of 64 bits.

    >>> entry_bits(np.array([1, 64, 65]), 10).tolist()
    [64, 1216, 1280]
    """
    each = WEIGHT_BITS + index_bits
    full, rest = weights // GROUP, weights % GROUP
    group = int(_words(np.array(GROUP * each)))
    return full * group + (rest > 0) * _words(rest * each)


def index_bits(largest: int) -> int:
    """Return the bits that an index up to ``largest`` is stored with.

    >>> [index_bits(n) for n in (0, 1, 64, 1023)]
    [0, 6, 7, 10]
    """
    needed = int(largest).bit_length()
    return next((bits for bits in INDEX_BITS if bits >= needed), needed)


def group_cost(connection: Connection, box: Box) -> GroupCost:
    """Return what the synapses of ``connection`` cost the core that holds ``box``."""
    channels, _, width = box.shape
    c_in = connection.source_shape[0]
    if connection.is_discrete:
        bits = c_in * int(entry_bits(np.array([channels]), 0)[0])
        return GroupCost(c_in, bits, True)
    rows = connection.rows.reach(box.start[1], box.stop[1])
    columns = connection.columns.reach(box.start[2], box.stop[2])
    axons = rows.size * columns.size
    if box == Box.whole(connection.shape):  # nengo-loihi drops unused axons only when it cuts
        axons = connection.source_shape[1] * connection.source_shape[2]
    bits, aligned = _stored(rows, columns, width, channels, c_in)
    return GroupCost(axons, bits, aligned)


def _stored(rows: Reach, columns: Reach, width: int, channels: int, c_in: int) -> tuple[int, bool]:
    if not rows.size or not columns.size:
        return 0, True
    low = (rows.low[:, None] * width + columns.low) * channels
    high = (rows.high[:, None] * width + columns.high + 1) * channels - 1
    base = low % BASES
    folded = low // BASES
    weights = _distinct(rows, columns, folded) * (c_in * channels)
    stored = entry_bits(weights, index_bits(int((high - base).max())))
    return int(stored.sum()), not (base % 4).any()


def _distinct(rows: Reach, columns: Reach, folded: Ints) -> Ints:
    """Return for each distinct (row taps, column taps, folded part of the base) how many taps."""
    shape = (len(rows.pattern_taps), len(columns.pattern_taps), int(folded.max()) + 1)
    seen: NDArray[np.bool_] = np.zeros(shape, np.bool_)
    seen[rows.pattern[:, None], columns.pattern, folded] = True
    row, column, _ = np.nonzero(seen)
    taps: Ints = rows.pattern_taps[row] * columns.pattern_taps[column]
    return taps


def _words(bits: Ints) -> Ints:
    words: Ints = -(-(bits + HEADER) // WORD) * WORD
    return words
