"""Thresholds from a percentile of the activations on calibration images."""

import numpy as np
from torch import Tensor

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.recording import record_activations
from spikeseg.conversion.tracing import TracedNetwork
from spikeseg.errors import ConfigError


@RECIPES.register("percentile")
def thresholds(
    traced: TracedNetwork, images: Tensor | None, config: ConversionConfig
) -> dict[str, float]:
    """Return, for each population, a percentile of its activations.

    Robust threshold balancing of Rueckauer et al. 2017 (doi:10.3389/fnins.2017.00682), section
    2.2.2: above the percentile neurons saturate, below it spikes resolve the activation finely. A
    population that is silent on the calibration images keeps a threshold of 1.

    Raises:
        ConfigError: no calibration images.
    """
    if images is None:
        raise ConfigError(
            "conversion.thresholds is 'percentile', which needs calibration images; pass some, or "
            "use thresholds 'trained'."
        )
    found = record_activations(traced, images)
    values = {name: float(np.percentile(a.cpu(), config.percentile)) for name, a in found.items()}
    largest = {name: float(a.max()) for name, a in found.items()}
    return {name: value or largest[name] or 1.0 for name, value in values.items()}
