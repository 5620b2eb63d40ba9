"""Events as a picture for people: ON light, OFF blue, on a dark ground."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

GROUND = (22, 22, 26)
ON = (255, 255, 255)
OFF = (70, 130, 255)


def event_picture(counts: NDArray[Any]) -> NDArray[np.uint8]:
    """Return events as colors, (H, W, 3) uint8.

    A pixel goes from the ground's color towards that of its polarity by ``1 - exp(-n)``, with n the
    number of its events; those of earlier parts count less, down to 1/T for the first of T. Where
    both polarities are, their colors are mixed by n.

    Args:
        counts: (T, 2, H, W) numbers of events; OFF, then ON.

    >>> event_picture(np.array([0.0, 50.0]).reshape(1, 2, 1, 1)).tolist()
    [[[255, 255, 255]]]
    """
    weights = (np.arange(len(counts)) + 1) / len(counts)
    numbers = np.tensordot(weights, counts, 1)
    total = numbers.sum(0)
    colors = np.tensordot(numbers / np.maximum(total, 1e-9), np.array([OFF, ON]), (0, 0))
    share = 1 - np.exp(-total)[..., None]
    mixed = share * colors + (1 - share) * np.array(GROUND)
    return np.asarray(np.round(mixed), np.uint8)
