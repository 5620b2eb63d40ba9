"""One threshold for all that meets at a skip connection."""

from dataclasses import replace

import numpy as np

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, Plan


@RECIPES.register("joint_skips")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Give populations that feed the same target the largest of their thresholds.

    A converter that normalizes the concatenated tensor does this. Without this recipe every
    connection is normalized by its own source, the connection-wise normalization of Li et al.
    2024 (Spiking-UNet, arXiv:2307.10974), which leaves the weaker source of a skip connection its
    full resolution; this recipe is there to measure what that is worth.
    """
    traced = calibration.traced
    meeting: dict[str, set[str]] = {name: {name} for name in plan}
    for target in traced.shapes:
        into = [traced.origin(c.source) for c in traced.connections if c.target == target]
        together = set().union(*(meeting[s] for s in into if s in plan))
        meeting |= dict.fromkeys(together, together)
    return {
        name: replace(p, spike_value=_largest(plan, meeting[name], p.spike_value.shape[0]))
        for name, p in plan.items()
    }


def _largest(plan: Plan, names: set[str], channels: int) -> np.ndarray:
    return np.full(channels, max(float(plan[name].spike_value.max()) for name in names))
