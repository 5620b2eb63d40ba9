"""Events that are lost."""

import numpy as np

from spikeseg.robustness.corruptions import CORRUPTIONS, Floats, Generator, Takes


class EventsDropped:
    """Each event is lost with the probability of the level, independently of all others.

    Of n events of a pixel, polarity and step Binomial(n, 1 - level) are left (random drop of Gu et
    al. 2021, "EventDrop"). The levels are our own.
    """

    title = "Dropped events"
    unit = "share of events"
    levels: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    clean = 0.0
    extreme = 1.0
    takes: Takes = "events"

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return the counts that are left."""
        return rng.binomial(image.astype(np.int64), 1.0 - level).astype(np.float64)


CORRUPTIONS.register("events_dropped")(EventsDropped())
