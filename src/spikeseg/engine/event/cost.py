"""What a layer costs event by event, measured on itself, so that a caller can compare."""

import time
from typing import NamedTuple

import torch

from spikeseg.engine.event.bit_map import BitMap
from spikeseg.engine.event.layer import EventLayer
from spikeseg.engine.event.row import Plan

_ROUNDS, _STEPS, _MOST = 3, 4, 1 << 63


class EventCost(NamedTuple):
    """Seconds of wall clock with as many threads as torch has now.

    Attributes:
        step: a step of one image in which nothing is heard.
        event: each event that is heard, on top of that.
    """

    step: float
    event: float

    def seconds(self, steps: int, events: float) -> float:
        """Return what so many events in so many steps of images cost."""
        return self.step * steps + self.event * events


def measure_cost(layer: EventLayer) -> EventCost:
    """Return what a layer costs, from steps without events and with those of every eighth neuron.

    Compiles the layer if that has not been done; then takes milliseconds. Layers of the same plan
    are measured once.
    """
    key = (layer.plan, torch.get_num_threads())
    if key not in _measured:
        _measured[key] = _measure(layer)
    return _measured[key]


_measured: dict[tuple[Plan, int], EventCost] = {}


def _measure(layer: EventLayer) -> EventCost:
    random = torch.Generator().manual_seed(0)
    one, still, busy = [], [], []
    for shape in layer.source_shapes:
        heard = BitMap.room((_STEPS, 1, *shape))
        size = (3, *heard.words.shape)
        first, second, third = torch.randint(-_MOST, _MOST - 1, size, generator=random)
        one.append(BitMap(torch.zeros_like(first[:1]), (1, 1, *shape)))
        still.append(BitMap(torch.zeros_like(first), heard.shape))
        busy.append(BitMap(first & second & third, heard.shape))
    events = _STEPS * sum(c * h * w for c, h, w in layer.source_shapes) / 8
    called, nothing, all_of_it = (_seconds(layer, heard) for heard in (one, still, busy))
    step = max(0.0, nothing - called) / (_STEPS - 1)
    return EventCost(step, max(0.0, all_of_it - nothing) / events)


def _seconds(layer: EventLayer, heard: list[BitMap]) -> float:
    """Return what the fastest of some rounds takes."""
    times = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        layer(heard, keep_state=False)
        times.append(time.perf_counter() - start)
    return min(times)
