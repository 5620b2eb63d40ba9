"""Datasets: a plug point, one file each. ``load(config)`` reads one by its name.

A dataset is a function from a `DataConfig` to a `SegmentationData`: two sequences of samples, read
when asked for, and the split in words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import DataConfig
from spikeseg.errors import ConfigError
from spikeseg.registry import Registry

__all__ = ["DATASETS", "EventLayout", "Sample", "SegmentationData", "load"]


@dataclass(frozen=True)
class Sample:
    """One labeled image.

    Attributes:
        name: where it comes from, such as a file's stem or ``section 24``.
        image: (C, H, W) float32 in 0..1.
        mask: (H, W) uint8 class indices; 255 is ignored.
    """

    name: str
    image: NDArray[np.float32]
    mask: NDArray[np.uint8]


@dataclass(frozen=True)
class EventLayout:
    """How events stand in the channels of an image: channel ``2 * t + p`` is part t of the window.

    p is 0 for OFF and 1 for ON. Values are 0 (nothing) to 1, and 1 stands for ``largest_count`` or
    more.

    Attributes:
        num_steps: T; images have 2 T channels.
        largest_count: fixed for a dataset and a view, whatever the image.
    """

    num_steps: int
    largest_count: int


@dataclass(frozen=True)
class SegmentationData:
    """Labeled images, split into training and test.

    Attributes:
        name: the dataset's name.
        class_names: one per class index.
        in_channels: 1 (grey), 3 (RGB), or two for each step of events.
        train: training samples, read when indexed.
        test: held-out samples, read when indexed.
        split: the split in words, for the report.
        notes: what was decided for the user and should be said aloud.
        membrane_class: the class that separates objects (for V^Rand and V^Info), if there is one.
        events: how events stand in the channels; None for ordinary images.
    """

    name: str
    class_names: tuple[str, ...]
    in_channels: int
    train: Sequence[Sample]
    test: Sequence[Sample]
    split: str
    notes: tuple[str, ...] = ()
    membrane_class: int | None = None
    events: EventLayout | None = None


Dataset = Callable[[DataConfig], SegmentationData]
DATASETS: Registry[Dataset] = Registry("dataset", "spikeseg.data")


def load(config: DataConfig) -> SegmentationData:
    """Return the dataset that ``config`` names.

    Raises:
        UnknownNameError: no such dataset.
        DataError: the data cannot be used as they are; says what, where and what to do.
        ConfigError: an option that this dataset does not take, or a test range outside of it.
    """
    data = DATASETS.get(config.name)(config)
    for option in ("event_view", "event_steps"):
        value = getattr(config, option)
        if data.events is None and value is not None:
            raise ConfigError(
                f"data.{option} is {value!r}, but dataset {config.name!r} has images and no "
                f"events. Leave data.{option} out, or choose a dataset of events."
            )
    return data
