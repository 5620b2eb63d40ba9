"""Finds the conversion with the fewest synaptic operations at a given accuracy.

``trials`` compares what was tried, ``settings`` says what to try next, ``scoring`` scores one
conversion at every number of steps at once, ``search`` goes on until nothing is left to try.
"""

from spikeseg.tuning.scoring import Crops, analog_scores, trials_of
from spikeseg.tuning.search import search
from spikeseg.tuning.settings import STEPS, first_settings, neighbors
from spikeseg.tuning.trials import Trial, choose, pareto_front

__all__ = [
    "STEPS",
    "Crops",
    "Trial",
    "analog_scores",
    "choose",
    "first_settings",
    "neighbors",
    "pareto_front",
    "search",
    "trials_of",
]
