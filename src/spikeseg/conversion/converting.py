"""Converts: traces, asks the recipes for a plan, folds it into the weights."""

import warnings

from torch import Tensor, nn

from spikeseg.config import ConversionConfig
from spikeseg.conversion.assembling import assemble
from spikeseg.conversion.planning import Calibration, first_plan
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.spiking import convert_spiking
from spikeseg.conversion.tracing import trace
from spikeseg.errors import SpikeSegWarning
from spikeseg.graph import SpikingGraph
from spikeseg.neurons import NEURONS
from spikeseg.spiking import SpikingNetwork


def convert(
    network: nn.Module,
    images: Tensor,
    config: ConversionConfig | None = None,
    *,
    dt_ms: float = 1.0,
) -> SpikingGraph:
    """Turn a trained network into a spiking graph with the same neurons.

    Args:
        network: made of the operations in ``refusals.SUPPORTED``; it is not changed. One that was
            trained through its spikes keeps its own neurons; see `convert_spiking`.
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
    if isinstance(network, SpikingNetwork):
        return convert_spiking(network, images, dt_ms=dt_ms)
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
