"""Energy and time of this machine, measured: counters of the hardware, and nothing where none is.

``rapl`` and ``nvml`` read the counters of processors and of NVIDIA GPUs, ``measuring`` runs work in
long windows and between them leaves the machine idle. A meter that is not there is `Missing`, with
the reason; it is never taken for zero, and nothing is estimated in its place.
"""

from spikeseg.meters.measuring import (
    Measurement,
    MeterWindows,
    Spread,
    Window,
    check_windows,
    measure,
)
from spikeseg.meters.nvml import find_nvml
from spikeseg.meters.rapl import find_rapl
from spikeseg.meters.reading import Meter, Missing

__all__ = [
    "Measurement",
    "Meter",
    "MeterWindows",
    "Missing",
    "Spread",
    "Window",
    "check_windows",
    "find_nvml",
    "find_rapl",
    "measure",
]
