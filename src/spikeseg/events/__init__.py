"""Recordings of event cameras, read from files, and the pictures that networks take instead.

No torch in here. A recording is an `Events`: times in microseconds, columns, rows and polarities of
one sensor, checked. Formats are a plug point, `FORMATS`, one file each.
"""

from spikeseg.events.dsec_windows import read_dsec_map, read_dsec_window
from spikeseg.events.formats import FORMATS, EventFormat
from spikeseg.events.reading import read_events
from spikeseg.events.representations import polarity_counts, steps, time_surface, voxel_grid
from spikeseg.events.simulator import EventCamera, simulate_events
from spikeseg.events.stream import Events, Sensor

__all__ = [
    "FORMATS",
    "EventCamera",
    "EventFormat",
    "Events",
    "Sensor",
    "polarity_counts",
    "read_dsec_map",
    "read_dsec_window",
    "read_events",
    "simulate_events",
    "steps",
    "time_surface",
    "voxel_grid",
]
