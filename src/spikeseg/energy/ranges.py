"""A number that is known within bounds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """A value of 0 or more with the lowest and the highest that its sources allow.

    Attributes:
        low: the lowest.
        value: what is quoted.
        high: the highest.

    >>> Range.exactly(2) * Range(1, 2, 4) + Range.exactly(1)
    Range(low=3, value=5, high=9)
    """

    low: float
    value: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> "Range":
        """Return a range of one number."""
        return cls(value, value, value)

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.value + other.value, self.high + other.high)

    def __mul__(self, other: "Range | float") -> "Range":
        if not isinstance(other, Range):
            other = Range.exactly(other)
        return Range(self.low * other.low, self.value * other.value, self.high * other.high)

    def to_dict(self) -> dict[str, float]:
        """Return the three numbers for JSON."""
        return {"low": self.low, "value": self.value, "high": self.high}


def total(ranges: Iterable[Range]) -> Range:
    """Return the sum of ranges.

    >>> total([Range(1, 2, 3), Range(1, 1, 1)])
    Range(low=2.0, value=3.0, high=4.0)
    """
    parts = list(ranges)
    return Range(*(math.fsum(getattr(r, end) for r in parts) for end in ("low", "value", "high")))
