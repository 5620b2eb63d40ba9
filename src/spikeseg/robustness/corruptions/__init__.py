"""Corruptions: a plug point, one file each; how an image is made worse, by how much.

A corruption is pure NumPy: the same values, level and state of the generator give the same result.
"""

from typing import Any, Literal, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spikeseg.registry import Registry

__all__ = ["CORRUPTIONS", "Corruption", "Floats", "Generator", "Takes"]

Floats = NDArray[np.floating[Any]]
Takes = Literal["photographs", "events", "both"]


class Corruption(Protocol):
    """A member of the plug point."""

    title: str
    """What it is, in words."""
    unit: str
    """What a level is, in words."""
    levels: tuple[float, ...]
    """The set levels, from mild to severe."""
    clean: float
    """The level that would leave an image as it is; it is none of the allowed ones."""
    extreme: float
    """The last allowed level, on the other side of all others."""
    takes: Takes
    """What it can be done to: photographs, images of events, or both."""

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return a corrupted copy.

        Args:
            image: (C, H, W) float32 in 0..1; of a corruption that takes only events, their counts
                (C = 2 T, whole numbers).
            level: in the corruption's unit.
            rng: what chance is drawn from.

        Returns:
            (C, H, W); what is outside of 0..1 afterwards, or above the largest count, is clipped.
        """
        ...


CORRUPTIONS: Registry[Corruption] = Registry("corruption", "spikeseg.robustness.corruptions")
