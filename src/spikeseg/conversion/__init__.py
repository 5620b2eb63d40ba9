"""From a trained torch network to a spiking graph, neuron for neuron.

``concrete`` reads a network with torch.fx and ``nodes`` a node of it; ``reordering`` and
``outputs`` prepare the graph. ``tracing`` walks it (``walking``): ``layers``, ``functions`` and
``arithmetic`` say what each operation does to a value (``expressions``), ``translation`` turns one
operation into one transform, ``rearranging`` reads slices and padding, ``folding`` shortens chains
of transforms, ``refusals`` names what does not work. ``recording`` keeps activations, ``recipes``
(a plug point) choose what a spike is worth, ``converting`` folds that into the weights;
``freezing`` replaces norms that measure each image, ``spiking`` takes networks that were trained
through their spikes.
"""

from spikeseg.conversion.converting import convert
from spikeseg.conversion.freezing import freeze_norms
from spikeseg.conversion.recipes import RECIPES
from spikeseg.conversion.recording import record_activations
from spikeseg.conversion.spiking import (
    convert_spiking,
    inexpressible,
    spiking_graph,
)
from spikeseg.conversion.tracing import TracedNetwork, trace

__all__ = [
    "RECIPES",
    "TracedNetwork",
    "convert",
    "convert_spiking",
    "freeze_norms",
    "inexpressible",
    "record_activations",
    "spiking_graph",
    "trace",
]
