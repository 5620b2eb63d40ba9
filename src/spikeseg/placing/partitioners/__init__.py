"""Partitioners: a plug point, one file each; which core goes to which chip.

A partitioner takes the traffic, how many chips there are and how many cores each may hold, and
returns the chip of each core, from 0. Chips may stay empty. `spikeseg.placing.place` refuses an
answer that is incomplete or overfills a chip.
"""

from collections.abc import Callable, Sequence

from spikeseg.placing.traffic import Traffic
from spikeseg.registry import Registry

__all__ = ["PARTITIONERS", "Partitioner", "Traffic"]

Partitioner = Callable[[Traffic, int, int], Sequence[int]]
PARTITIONERS: Registry[Partitioner] = Registry("partitioner", "spikeseg.placing.partitioners")
