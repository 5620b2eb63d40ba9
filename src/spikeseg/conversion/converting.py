"""Converts: traces, asks the recipes for a plan, folds it into the weights."""

import warnings

from torch import Tensor, nn

from spikeseg.config import ConversionConfig
from spikeseg.conversion.assembling import assemble
from spikeseg.conversion.planning import Calibration, first_plan
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.tracing import trace
from spikeseg.errors import SpikeSegWarning
from spikeseg.graph import SpikingGraph
from spikeseg.neurons import NEURONS


def convert(
    network: nn.Module,
    images: Tensor,
    config: ConversionConfig | None = None,
    *,
    dt_ms: float = 1.0,
) -> SpikingGraph:
    """Turn a trained network into a spiking graph with the same neurons.

    Args:
        network: made of the operations in ``refusals.SUPPORTED``; it is not changed.
        images: (B, C, H, W) calibration images; also the size of the graph.
        config: neuron and recipes, which are followed in order.
        dt_ms: length of a time step in milliseconds.

    Returns:
        A graph in which every threshold is 1 and every spike counts 1: what a spike is worth is
        folded into the weights.

    Raises:
        UnsupportedLayerError: an operation that a spiking graph cannot express.
        UnknownNameError: no such neuron or recipe.
        ConfigError: a recipe cannot work on this network.

    Warns:
        SpikeSegWarning: the graph leaves something of the network away, as a final softmax.
    """
    config = config or ConversionConfig()
    NEURONS.get(config.neuron)
    recipes = [RECIPES.get(name) for name in config.recipes]
    calibration = Calibration(trace(network, images[:1]), images)
    for note in calibration.traced.notes:
        warnings.warn(f"{note}.", SpikeSegWarning, stacklevel=2)
    plan = first_plan(calibration.traced, config)
    for recipe in recipes:
        plan = recipe(calibration, plan, config)
    return assemble(calibration.traced, plan, dt_ms)
