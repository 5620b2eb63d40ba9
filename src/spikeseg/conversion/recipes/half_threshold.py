"""Membrane potentials start at half a threshold."""

from dataclasses import replace

import numpy as np

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, Plan


@RECIPES.register("half_threshold")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Start every membrane potential at half a threshold.

    A neuron then rounds its accumulated current to the nearest number of spikes, where from zero
    it rounds down: the expected conversion error of a layer is zero (Bu et al. 2022,
    arXiv:2202.01440, theorem 1).
    """
    return {n: replace(p, v_initial=np.full_like(p.v_initial, 0.5)) for n, p in plan.items()}
