"""Thresholds from the largest activation on calibration images."""

from dataclasses import replace

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, Plan
from spikeseg.conversion.recipes.percentile import percentile_values


@RECIPES.register("maximum")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Set each threshold to the largest activation: no neuron saturates on these images.

    Data-based normalization of Diehl et al. 2015 (doi:10.1109/IJCNN.2015.7280696), algorithm 1.
    For each layer or, with ``granularity: channel``, each channel.

    Raises:
        ConfigError: no calibration images.
    """
    found, each = calibration.activations("maximum"), config.granularity == "channel"
    return {
        name: replace(p, spike_value=percentile_values(found[name], 100.0, each))
        for name, p in plan.items()
    }
