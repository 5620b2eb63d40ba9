"""What a meter is, and what stands where there is none."""

from dataclasses import dataclass
from typing import Protocol


class Meter(Protocol):
    """A counter of energy.

    Attributes:
        name: ``rapl`` or ``nvml``.
        covers: in words, what its energy is that of, and what is not in it.
    """

    @property
    def name(self) -> str:
        """``rapl`` or ``nvml``."""

    @property
    def covers(self) -> str:
        """In words, what its energy is that of, and what is not in it."""

    def read(self) -> tuple[int, ...]:
        """Return what the counters show now, in a unit of their own."""

    def joules(self, before: tuple[int, ...], after: tuple[int, ...]) -> float:
        """Return the energy between two readings, in joules."""


@dataclass(frozen=True)
class Missing:
    """A meter that cannot be read here.

    Attributes:
        name: of the meter.
        reason: why not, and what to do where something can be done.
    """

    name: str
    reason: str

    def __str__(self) -> str:
        return f"not measurable here: {self.reason}"
