"""The memory that running one image at a time needs; it is used again for the next image."""

import contextlib
import weakref
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.emulation.plan import Plan, Section
from spikeseg.emulation.streams import Spikes

_idle: "weakref.WeakKeyDictionary[Plan, dict[int, list[State]]]" = weakref.WeakKeyDictionary()
_DENSE_SUMS = 2**19  # that are still in the cache when they are used
_LINE = 64  # bytes of a line of the cache; vectors that cross lines cost twice


def aligned(size: int, dtype: Any) -> NDArray[Any]:
    """Return zeros that begin with a line of the cache."""
    length = size * np.dtype(dtype).itemsize
    raw = np.zeros(length + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + length].view(dtype)


def _aligned_copy(values: NDArray[Any]) -> NDArray[Any]:
    made = aligned(values.size, values.dtype)
    made[:] = values
    return made


class SectionState:
    """Currents, potentials and spikes counted of one section, and room for its sums.

    Attributes:
        section: whose.
        u, v, rest, counts: int32, row by row with padding.
        sums: for each band of rows that is taken at a time, ``q``.
        tallies: for each band, wraps.
        ones: the section's, while deliveries are counted; else empty.
        served: for each band, synapses that were served while there were ``ones``.
    """

    def __init__(self, section: Section, bands: int) -> None:
        self.section = section
        size = section.size * section.block.rows
        self.u, self.v, self.counts = (aligned(size, np.int32) for _ in range(3))
        self.rest = aligned(size if section.kind else 0, np.int32)
        self.parameters = _aligned_copy(section.parameters)
        self.weights = _aligned_copy(section.wiring.weights)
        dtype = section.wiring.weights.dtype
        self.sums = [aligned(section.wiring.sums, dtype) for _ in range(bands)]
        self.tallies = np.zeros((bands, 8), np.int64)
        self.served = np.zeros((bands, 8), np.int64)
        self.ones = self.weights[:0]

    @cached_property
    def dense_sums(self) -> NDArray[np.int32]:
        """Room for the sums of a few steps, (steps, rows, size)."""
        steps = max(1, _DENSE_SUMS // max(self.u.size, 1))
        made = aligned(steps * self.u.size, np.int32)
        return made.reshape(steps, self.section.block.rows, self.section.size)

    def reset(self) -> None:
        """Return to the state before the first step."""
        self.u[:] = self.rest[:] = self.counts[:] = 0
        self.v[:] = self.section.v_initial
        self.tallies[:] = self.served[:] = 0

    def picture(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Return numbers row by row with padding, (..., rows * size), as (..., C, H, W)."""
        c, h, w = self.section.block.box.shape
        rows = flat.reshape(*flat.shape[:-1], h, self.section.size)[..., : w * c]
        return np.moveaxis(rows.reshape(*rows.shape[:-1], w, c), -1, -3)


class State:
    """The memory of a whole program.

    Attributes:
        sections: in the order of the plan.
        spikes: of all streams.
    """

    def __init__(self, plan: Plan, bands: int) -> None:
        self.sections = [
            [SectionState(section, bands) for section in component] for component in plan.components
        ]
        self.spikes = Spikes(plan.streams)

    def reset(self) -> None:
        """Return to the state before the first step."""
        for component in self.sections:
            for section in component:
                section.reset()
        self.spikes.clear()

    def count_deliveries(self, wanted: bool) -> None:
        """Count synapses that are served from now on, or no longer."""
        for component in self.sections:
            for section in component:
                section.ones = section.section.ones if wanted else section.weights[:0]


@contextlib.contextmanager
def borrowed_state(plan: Plan, bands: int) -> Iterator[State]:
    """Lend memory for a plan; what is given back is lent again, as fresh pages cost time."""
    idle = _idle.setdefault(plan, {}).setdefault(bands, [])
    try:
        state = idle.pop()
    except IndexError:
        state = State(plan, bands)
    try:
        yield state
    finally:
        idle.append(state)
