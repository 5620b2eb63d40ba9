"""From a trained torch network to a spiking graph, neuron for neuron.

``tracing`` walks the network, ``translation`` turns one torch layer into one transform,
``folding`` shortens chains of transforms, ``recipes`` (a plug point) choose what a spike is worth,
``converting`` folds that into the weights.
"""

from spikeseg.conversion.converting import convert
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.tracing import TracedNetwork, record_activations, trace

__all__ = ["RECIPES", "TracedNetwork", "convert", "record_activations", "trace"]
