"""The spiking graph: populations of neurons and the linear connections between them.

It is plain data (NumPy arrays in frozen dataclasses): no torch, no framework. ``transforms`` holds
the closed set of linear operations, ``gates`` max pooling of spikes, ``topology`` populations,
connections and the graph, ``scales`` resolutions, ``support`` counts synapses exactly, ``storage``
reads and writes ``graph.npz``.
"""

from spikeseg.graph.gates import MaxPooling
from spikeseg.graph.storage import load_graph, made_from, save_graph
from spikeseg.graph.support import fan_out, num_multiplications, num_synapses
from spikeseg.graph.topology import Connection, Population, SpikingGraph
from spikeseg.graph.transforms import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    ChannelSelection,
    Convolution,
    Padding,
    Resizing,
    Transform,
    TransposedConvolution,
    Upsampling,
)

__all__ = [
    "AveragePooling",
    "ChannelAffine",
    "ChannelPadding",
    "ChannelSelection",
    "Connection",
    "Convolution",
    "MaxPooling",
    "Padding",
    "Population",
    "Resizing",
    "SpikingGraph",
    "Transform",
    "TransposedConvolution",
    "Upsampling",
    "fan_out",
    "load_graph",
    "made_from",
    "num_multiplications",
    "num_synapses",
    "save_graph",
]
