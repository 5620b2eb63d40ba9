"""From a trained torch network to a spiking graph, neuron for neuron.

``nodes`` reads a network with torch.fx, ``tracing`` walks it, ``recording`` keeps its activations,
``translation`` turns one torch layer into one transform, ``folding`` shortens chains of transforms,
``recipes`` (a plug point) choose what a spike is worth, ``converting`` folds that into the weights.
"""

from spikeseg.conversion.converting import convert
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.recording import record_activations
from spikeseg.conversion.tracing import TracedNetwork, trace

__all__ = ["RECIPES", "TracedNetwork", "convert", "record_activations", "trace"]
