"""Counting the output axons of whole grids of tiles at once, for the search."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spikeseg.compiling.candidates import Candidate, typical_boxes
from spikeseg.compiling.reach import Axis, Ints
from spikeseg.compiling.resources import Accounts

Choice = Mapping[str, Candidate]


@dataclass(eq=False)
class OutAxons:
    """Counts output axons of pairs of grids; what was counted once is kept."""

    accounts: Accounts

    def __post_init__(self) -> None:
        self._slots: dict[tuple[Candidate, int], int] = {}
        self._spread: dict[tuple[int, int], Ints] = {}

    def most(self, source: Candidate, choice: Choice) -> int:
        """Return the most slots that a core of ``source`` needs, or 0 if nothing hears it."""
        outgoing = self.accounts.outgoing[source.layer]
        sums = [self._from(source, choice[target], number) for target, number in outgoing]
        return int(sum(sums, np.zeros((1, 1), np.int64)).max())

    def _from(self, source: Candidate, target: Candidate, number: int) -> Ints:
        """Return the slots to one target for each (row, column) of the tiles of ``source``."""
        connection = self.accounts.incoming[target.layer][number]
        factor = self._slots_of(target, number) * target.counts[0]
        if connection.is_discrete:
            return np.full((1, 1), factor * source.tile[0], np.int64)
        rows = self._along(connection.rows, target, 1)
        columns = self._along(connection.columns, target, 2)
        counted: Ints = factor * np.outer(
            np.diff(rows[source.edges[1]]), np.diff(columns[source.edges[2]])
        )
        return counted

    def _along(self, axis: Axis, target: Candidate, number: int) -> Ints:
        """Return how many (source, tile) pairs meet along an axis, summed up to each source."""
        if target.cores == 1:
            return np.arange(axis.sources + 1)
        key = (id(axis), target.tile[number])
        if key not in self._spread:
            edges = target.edges[number].tolist()
            reached = [axis.reach(a, b).sources for a, b in pairwise(edges)]
            counts = np.bincount(np.concatenate(reached), minlength=axis.sources)
            self._spread[key] = np.append(0, np.cumsum(counts))
        return self._spread[key]

    def _slots_of(self, target: Candidate, number: int) -> int:
        key = (target, number)
        if key not in self._slots:
            boxes = typical_boxes(self.accounts, target)
            self._slots[key] = self.accounts.slots(target.layer, number, boxes)
        return self._slots[key]
