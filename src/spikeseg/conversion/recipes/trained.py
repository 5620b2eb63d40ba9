"""Thresholds as trained: the activation's own amplitude."""

from dataclasses import replace

import numpy as np

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, Plan
from spikeseg.errors import ConfigError


@RECIPES.register("trained")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Set each threshold to its activation's amplitude, so that rates are those of training.

    This is the direct conversion of Patel et al. 2021, same neurons and same weights; and that of
    quantization-clip-floor-shift training (the activation ``qcfs``), whose trained threshold is
    its amplitude.

    Raises:
        ConfigError: an activation declares no amplitude, as ``torch.nn.ReLU`` does not.
    """
    amplitudes = calibration.traced.amplitudes
    bare = [name for name, amplitude in amplitudes.items() if amplitude is None]
    if bare:
        raise ConfigError(
            f"conversion.recipes has 'trained', but {', '.join(bare[:3])} "
            f"{'declares' if len(bare) == 1 else 'declare'} no amplitude. Use an activation of "
            "spikeseg.layers, or the recipe 'percentile' with calibration images."
        )
    return {
        name: replace(p, spike_value=np.full_like(p.spike_value, amplitudes[name]))
        for name, p in plan.items()
    }
