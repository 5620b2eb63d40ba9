"""Neurons that can take a spike back."""

from dataclasses import replace

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, Plan


@RECIPES.register("signed")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Make every population of the neuron ``if_signed``.

    Spikes are then graded with three levels, -1, 0 and 1, and a spike that came too early can be
    taken back (Hu et al. 2023, arXiv:2305.19868, section 4.2).
    """
    return {name: replace(p, neuron="if_signed") for name, p in plan.items()}
