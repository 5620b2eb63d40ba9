"""The engine: runs a spiking graph on images, all time steps of a population as one batch.

``currents`` computes a connection with torch, ``scan`` runs a population's neurons over time in
one compiled loop, ``surrogate`` does so with a gradient, ``walk`` takes a batch of images through
the graph, ``early_exit`` says which of them are done, ``simulation`` runs all steps, ``outcome``
holds what was found.
"""

from spikeseg.engine.early_exit import EarlyExit
from spikeseg.engine.outcome import Simulation
from spikeseg.engine.simulation import run_analog, simulate, window_start
from spikeseg.engine.surrogate import spiking_scan

__all__ = [
    "EarlyExit",
    "Simulation",
    "run_analog",
    "simulate",
    "spiking_scan",
    "window_start",
]
