"""Threshold recipes: a plug point, one file each; what one spike of a population is worth.

A recipe takes the traced network, calibration images and the configuration, and returns for each
hidden population the activation that one spike in every step stands for (its *threshold* in the
units of the network). Converting folds it into the weights.
"""

from collections.abc import Callable

from torch import Tensor

from spikeseg.config import ConversionConfig
from spikeseg.conversion.tracing import TracedNetwork
from spikeseg.registry import Registry

__all__ = ["RECIPES", "Recipe"]

Recipe = Callable[[TracedNetwork, Tensor | None, ConversionConfig], dict[str, float]]
RECIPES: Registry[Recipe] = Registry("threshold recipe", "spikeseg.conversion.recipes")
