"""Converts: traces, asks a recipe for the thresholds, folds them into the weights."""

from torch import Tensor, nn

from spikeseg.config import ConversionConfig
from spikeseg.conversion.folding import scale_chain
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.tracing import INPUT, OUTPUT, TracedNetwork, trace
from spikeseg.graph import Connection, Population, SpikingGraph
from spikeseg.neurons import NEURONS, Neuron


def convert(
    network: nn.Module,
    images: Tensor,
    config: ConversionConfig | None = None,
    *,
    dt_ms: float = 1.0,
) -> SpikingGraph:
    """Turn a trained network into a spiking graph with the same neurons.

    Args:
        network: made of the operations in ``translation.SUPPORTED``; it is not changed.
        images: (B, C, H, W) calibration images; also the size of the graph.
        config: neuron, threshold recipe and initial potential.
        dt_ms: length of a time step in milliseconds.

    Returns:
        A graph in which every threshold is 1 and every spike counts 1: what a spike is worth is
        folded into the weights.

    Raises:
        UnsupportedLayerError: an operation that a spiking graph cannot express.
        UnknownNameError: no such neuron or recipe.
        ConfigError: the recipe cannot work on this network.
    """
    config = config or ConversionConfig()
    NEURONS.get(config.neuron)
    recipe = RECIPES.get(config.thresholds)
    traced = trace(network, images[:1])
    values = recipe(traced, images, config)
    return _assemble(traced, values, config, dt_ms)


def _assemble(
    traced: TracedNetwork, values: dict[str, float], config: ConversionConfig, dt_ms: float
) -> SpikingGraph:
    neuron = Neuron(config.neuron, v_initial=config.initial_potential)
    values = {INPUT: 1.0, OUTPUT: 1.0, **values}
    populations = tuple(
        Population(name, shape, neuron if name in traced.amplitudes else None, values[name])
        for name, shape in traced.shapes.items()
    )
    connections = tuple(
        Connection(
            c.source,
            c.target,
            scale_chain(
                c.transforms, values[c.source], values[c.target], traced.shapes[c.source][0]
            ),
        )
        for c in traced.connections
    )
    return SpikingGraph(populations, connections, dt_ms)
