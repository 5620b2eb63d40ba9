"""Conversion recipes: a plug point, one file each; they are followed in order.

A recipe takes what is known (`Calibration`), the plan so far and the settings, and returns a plan
in which it has changed what is its own: thresholds, initial potentials, biases or neurons. Its
docstring gives the equation and the source.
"""

from collections.abc import Callable

from spikeseg.config import ConversionConfig
from spikeseg.conversion.planning import Calibration, PerChannel, Plan, PopulationPlan
from spikeseg.registry import Registry

__all__ = ["RECIPES", "Calibration", "PerChannel", "Plan", "PopulationPlan", "Recipe"]

Recipe = Callable[[Calibration, Plan, ConversionConfig], Plan]
RECIPES: Registry[Recipe] = Registry("conversion recipe", "spikeseg.conversion.recipes")
