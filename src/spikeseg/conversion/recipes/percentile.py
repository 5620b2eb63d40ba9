"""Thresholds from a percentile of the activations on calibration images."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, PerChannel, Plan


@RECIPES.register("percentile")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Set each threshold to a percentile of the activations.

    Robust threshold balancing of Rueckauer et al. 2017 (doi:10.3389/fnins.2017.00682), section
    2.2.2: above the percentile neurons saturate, below it spikes resolve the activation finely.
    For each layer or, with ``granularity: channel``, each channel.

    Raises:
        ConfigError: no calibration images.
    """
    found = calibration.activations("percentile")

    def values(name: str) -> PerChannel:
        return percentile_values(found[name], config.percentile, config.granularity == "channel")

    return {name: replace(p, spike_value=values(name)) for name, p in plan.items()}


def percentile_values(activation: NDArray[np.float32], percentile: float, each: bool) -> PerChannel:
    """Return a percentile of a (B, C, H, W) activation for each channel, (C,).

    Where it is zero the largest activation is taken; a silent channel takes the value of its
    layer, and a silent layer 1.

    Args:
        activation: recorded activation.
        percentile: 0..100.
        each: for each channel by itself, or for all together.
    """
    layer = _percentile(activation.ravel(), percentile) or 1.0
    channels = activation.shape[1]
    if not each:
        return np.full(channels, layer)
    found = [_percentile(activation[:, c].ravel(), percentile) or layer for c in range(channels)]
    return np.array(found)


def _percentile(values: NDArray[np.float32], percentile: float) -> float:
    return float(np.percentile(values, percentile)) or float(values.max())
