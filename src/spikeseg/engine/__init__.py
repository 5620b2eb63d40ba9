"""The engine: spiking graphs on images, and what networks need that are trained through spikes.

A simulation (``simulation``) walks a batch of images through a graph (``walk``), all steps of a
population at once: ``layers`` is a population on its way, ``paths`` the connections in the numbers
that ``choosing`` picked (``bits``: bytes), ``scan`` the neurons over time, compiled from their own
text (``scan_code``); ``sparse`` says where it is faster event by event (`event`). ``readout`` hears
the output, ``early_exit`` says which images are done, ``outcome`` holds what was found.
``currents`` computes a connection with torch, also for gradients.

`through_time` holds what trains, `code` how machine code is made.
"""

from spikeseg.engine.choosing import ALLOWED, Engine, Precision, choose_engine, choose_numbers
from spikeseg.engine.early_exit import EarlyExit
from spikeseg.engine.outcome import Simulation
from spikeseg.engine.simulation import run_analog, simulate, window_start
from spikeseg.engine.through_time.added import add_onto, needed_twice
from spikeseg.engine.through_time.compiled import describe_gpu
from spikeseg.engine.through_time.doubled import convolve_doubled
from spikeseg.engine.through_time.dynamics import Dynamics, unroll_stepwise
from spikeseg.engine.through_time.folded import split
from spikeseg.engine.through_time.leaky import leaky_scan
from spikeseg.engine.through_time.norm import Norm
from spikeseg.engine.through_time.normalized import normalized_leaky_scan
from spikeseg.engine.through_time.packed import Packed, pack_spikes
from spikeseg.engine.through_time.surrogate import spiking_scan
from spikeseg.engine.through_time.time_mean import time_mean

__all__ = [
    "ALLOWED",
    "Dynamics",
    "EarlyExit",
    "Engine",
    "Norm",
    "Packed",
    "Precision",
    "Simulation",
    "add_onto",
    "choose_engine",
    "choose_numbers",
    "convolve_doubled",
    "describe_gpu",
    "leaky_scan",
    "needed_twice",
    "normalized_leaky_scan",
    "pack_spikes",
    "run_analog",
    "simulate",
    "spiking_scan",
    "split",
    "time_mean",
    "unroll_stepwise",
    "window_start",
]
