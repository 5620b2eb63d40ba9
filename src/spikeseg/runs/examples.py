"""``evaluation.npz``: the images that the report shows, and how their masks form."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import RunConfig
from spikeseg.data import EventLayout, SegmentationData
from spikeseg.files import atomic_path
from spikeseg.images import event_picture
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.measuring import Measurement


def write_examples(
    folder: RunFolder,
    config: RunConfig,
    data: SegmentationData,
    found: Measurement,
    parts: int,
) -> None:
    """Write the images that the report shows; they are cut to the smallest one's size.

    Each step of the measurement is ``parts`` binary ones.
    """
    count = min(config.evaluation.examples, len(data.test))
    samples = [data.test[i] for i in range(count)]
    height = min(s.mask.shape[0] for s in samples)
    width = min(s.mask.shape[1] for s in samples)
    steps = shown_steps(len(found.forming[0]))
    shown = [picture_of(s.image[:, :height, :width], data.events) for s in samples]
    analog = [m[:height, :width] for m in found.analog[:count]]
    forming = [f[[s - 1 for s in steps], :height, :width] for f in found.forming[:count]]
    arrays: dict[str, Any] = {
        "names": np.array([s.name for s in samples]),
        "images": np.stack(shown),
        "masks": np.stack([s.mask[:height, :width] for s in samples]),
        "snn": np.stack([f[-1] for f in forming]),
        "steps": parts * np.array(steps),
        "forming": np.stack(forming),
    }
    if analog:  # a directly trained network has none
        arrays["ann"] = np.stack(analog)
    with atomic_path(folder.file("evaluation.npz")) as temporary:
        np.savez_compressed(temporary, **arrays)


def picture_of(image: NDArray[np.float32], events: EventLayout | None) -> NDArray[np.uint8]:
    """Return a (C, H, W) image in 0..1 as (H, W) grey or (H, W, 3) colors.

    Args:
        image: of a sample.
        events: how events stand in its channels, if it is made of events.
    """
    if events is not None:
        parts = image.reshape(events.num_steps, 2, *image.shape[1:])
        return event_picture(parts * events.largest_count)
    bytes_ = np.round(image * 255).astype(np.uint8)
    return bytes_[0] if len(bytes_) == 1 else np.moveaxis(bytes_, 0, -1)


def shown_steps(num_steps: int, most: int = 16) -> list[int]:
    """Return at most ``most`` steps of 1..num_steps, denser at the start.

    >>> shown_steps(32, most=6)
    [1, 2, 4, 8, 16, 32]
    """
    places = np.geomspace(1, num_steps, min(most, num_steps))
    return sorted({round(float(p)) for p in places})
