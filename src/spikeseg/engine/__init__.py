"""The engine: runs a spiking graph on images, all time steps of a population as one batch.

``currents`` computes a connection with torch, ``scan`` runs a population's neurons over time in
one compiled loop, ``surrogate`` and ``leaky`` do so with a gradient, ``normalized`` together with
a batch norm (``dynamics`` is the slow text of both), ``walk`` takes a batch of images through the
graph, ``early_exit`` says which of them are done, ``simulation`` runs all
steps, ``outcome`` holds what was found.

What trains through spikes: ``leaky`` and ``normalized`` (with a batch norm) take all steps of a
layer in one pass, written in LLVM's words (``lanes``, ``leaky_code``) and compiled in half a second
(``native``); ``doubled``, ``added`` and ``time_mean`` keep the maps between in channels_last memory
and small, ``packed`` keeps spikes as bits; ``bits`` is inference with bytes, ``choosing`` says what
this processor is fastest with.
"""

from spikeseg.engine.added import add_onto, needed_twice
from spikeseg.engine.choosing import choose_numbers
from spikeseg.engine.doubled import convolve_doubled
from spikeseg.engine.dynamics import Dynamics, unroll_stepwise
from spikeseg.engine.early_exit import EarlyExit
from spikeseg.engine.leaky import leaky_scan
from spikeseg.engine.normalized import Norm, normalized_leaky_scan
from spikeseg.engine.outcome import Simulation
from spikeseg.engine.packed import Packed, pack_spikes
from spikeseg.engine.simulation import run_analog, simulate, window_start
from spikeseg.engine.surrogate import spiking_scan
from spikeseg.engine.time_mean import time_mean

__all__ = [
    "Dynamics",
    "EarlyExit",
    "Norm",
    "Packed",
    "Simulation",
    "add_onto",
    "choose_numbers",
    "convolve_doubled",
    "leaky_scan",
    "needed_twice",
    "normalized_leaky_scan",
    "pack_spikes",
    "run_analog",
    "simulate",
    "spiking_scan",
    "time_mean",
    "unroll_stepwise",
    "window_start",
]
