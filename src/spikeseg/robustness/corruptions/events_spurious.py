"""Events that nothing in the scene has caused."""

from spikeseg.robustness.corruptions import CORRUPTIONS, Floats, Generator, Takes


class EventsSpurious:
    """Poisson(level) events are added to each pixel and step, half of each polarity on average.

    A Poisson process is the usual model of the background activity of event cameras (Hu et al.
    2021, "v2e", arXiv:2006.07722). The levels are our own. A count stops at the largest that an
    image of events can hold.
    """

    title = "Spurious events"
    unit = "events per pixel and step"
    levels: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    clean = 0.0
    extreme = 1000.0
    takes: Takes = "events"

    def __call__(self, image: Floats, level: float, rng: Generator) -> Floats:
        """Return the counts with those added."""
        return image + rng.poisson(level / 2, image.shape)


CORRUPTIONS.register("events_spurious")(EventsSpurious())
