"""Corrupting an image: which corruption fits, which levels there are, and the same chance again."""

import struct
import zlib

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spikeseg.data import EventLayout
from spikeseg.errors import ConfigError, DataError
from spikeseg.robustness.corruptions import CORRUPTIONS, Corruption, Floats


def fitting(events: EventLayout | None) -> tuple[str, ...]:
    """Return the names of the corruptions that fit photographs (None) or images of events."""
    kind = "photographs" if events is None else "events"
    return tuple(n for n in CORRUPTIONS.names() if CORRUPTIONS.get(n).takes in (kind, "both"))


def check_fits(name: str, events: EventLayout | None) -> None:
    """Check that there is a corruption of this name, and that it fits the images.

    Raises:
        UnknownNameError: there is none.
        ConfigError: it does not fit; names those that do.
    """
    takes = CORRUPTIONS.get(name).takes
    if name not in fitting(events):
        found = "photographs" if events is None else "images of events"
        raise ConfigError(
            f"corruption {name!r} is for {takes}, but the data are {found}; those that fit are "
            f"{', '.join(fitting(events))}."
        )


def check_level(name: str, level: float) -> None:
    """Check that a corruption can be that strong.

    Raises:
        ConfigError: it cannot, or the level is that of the clean image.
    """
    corruption = CORRUPTIONS.get(name)
    low, high = sorted((corruption.clean, corruption.extreme))
    if not low <= level <= high or level == corruption.clean:
        raise ConfigError(
            f"level {level:g} of {name!r} ({corruption.unit}) is out of range; it must be in "
            f"{low:g}..{high:g} and not {corruption.clean:g}, which is the clean image, scored in "
            f"any case. The set levels are {', '.join(f'{lv:g}' for lv in corruption.levels)}."
        )


def corrupt(
    image: NDArray[np.float32],
    name: str,
    level: float,
    *,
    seed: int,
    number: int,
    events: EventLayout | None = None,
) -> NDArray[np.float32]:
    """Return a corrupted copy of an image; the same arguments give the same copy.

    Chance is drawn from ``(seed, name, level, number)`` alone, so every network meets the same
    corrupted images, in whatever order and selection they are asked for.

    Args:
        image: (C, H, W) float32 in 0..1.
        name: a corruption.
        level: in its unit.
        seed: 0 or more.
        number: of the image in its dataset.
        events: how the image holds events; None for a photograph.

    Raises:
        UnknownNameError: there is no such corruption.
        ConfigError: it does not fit the image, or cannot be that strong.
        DataError: the image does not hold events as ``events`` says.

    >>> grey = np.full((1, 2, 2), 0.5, np.float32)
    >>> corrupt(grey, "contrast", 0.3, seed=0, number=0).ravel().tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    check_fits(name, events)
    check_level(name, level)
    corruption, rng = CORRUPTIONS.get(name), _generator(seed, name, level, number)
    if events is None or corruption.takes == "both":
        changed = corruption(image, level, rng)
    else:
        changed = _on_counts(corruption, image, level, rng, events)
    return np.clip(changed, 0.0, 1.0).astype(np.float32)


def _generator(seed: int, name: str, level: float, number: int) -> Generator:
    bits = int.from_bytes(struct.pack("<d", level), "little")
    return np.random.default_rng([seed, zlib.crc32(name.encode()), bits, number])


def _on_counts(
    corruption: Corruption, image: Floats, level: float, rng: Generator, events: EventLayout
) -> Floats:
    """Return the image of the corrupted counts."""
    if image.shape[0] != 2 * events.num_steps:
        raise DataError(
            f"the image has {image.shape[0]} channels; events in {events.num_steps} steps are 2 "
            f"channels a step, {2 * events.num_steps}. Read the data again."
        )
    scaled = image.astype(np.float64) * events.largest_count
    counts = np.rint(scaled)
    off = float(np.abs(scaled - counts).max(initial=0.0))
    if off > 0.01:
        raise DataError(
            f"the image holds no counts of events: times {events.largest_count}, the largest "
            f"count, a value is {off:.2g} off the nearest whole number. Use images that were not "
            "scaled or blurred."
        )
    return corruption(counts, level, rng) / events.largest_count
