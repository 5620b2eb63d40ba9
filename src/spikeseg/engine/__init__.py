"""The engine: runs a spiking graph on images, all time steps of a population as one batch.

``currents`` computes a connection with torch, ``scan`` runs a population's neurons over time in
one compiled loop, ``surrogate`` does so with a gradient, ``simulation`` walks the graph.
"""

from spikeseg.engine.simulation import Simulation, run_analog, simulate
from spikeseg.engine.surrogate import spiking_scan

__all__ = ["Simulation", "run_analog", "simulate", "spiking_scan"]
