"""Reads a torch network as populations and linear maps between them.

``concrete`` gives the operations. Each value in the network is then an *expression*: a sum of
chains of transforms, each of which starts at a population; ``walking`` finds them.
"""

import copy
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx, nn

from spikeseg.conversion.concrete import check_inputs, graph_module
from spikeseg.conversion.functions import function
from spikeseg.conversion.layers import layer
from spikeseg.conversion.outputs import logits, the_tensor
from spikeseg.conversion.reordering import activate_before_pooling
from spikeseg.conversion.verifying import check_same, compare
from spikeseg.conversion.walking import INPUT, OUTPUT, Walk
from spikeseg.errors import DataError
from spikeseg.graph import Connection, MaxPooling
from spikeseg.graph.transforms import Shape

__all__ = ["INPUT", "OUTPUT", "TracedNetwork", "trace"]


@dataclass(frozen=True, eq=False)
class TracedNetwork:
    """A network as populations and linear maps, in its own units.

    Attributes:
        module: the traced network, in evaluation mode; it returns logits.
        shapes: (C, H, W) of each population, in topological order: input, hidden, output.
        amplitudes: the amplitude that an activation declares, or ``None``, for hidden populations
            that are activations.
        connections: with the network's own weights.
        ceilings: the largest value that an activation can have, or ``None``; keys as amplitudes.
        gates: the max pooling of each hidden population that is a gate.
        notes: what the graph leaves away of the network, in words.
    """

    module: fx.GraphModule
    shapes: dict[str, Shape]
    amplitudes: dict[str, float | None]
    connections: tuple[Connection, ...]
    ceilings: dict[str, float | None] = field(default_factory=dict)
    gates: dict[str, MaxPooling] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def origin(self, name: str) -> str:
        """Return the population whose spikes a gate passes on; of any other, its own name."""
        while name in self.gates:
            name = next(c.source for c in self.connections if c.target == name)
        return name


def trace(network: nn.Module, example: Tensor) -> TracedNetwork:
    """Trace a network.

    Args:
        network: made of the operations in ``refusals.SUPPORTED``.
        example: (B, C, H, W), any image of a size that the network takes.

    Raises:
        DataError: no image.
        UnsupportedLayerError: an operation that a spiking graph cannot express; names the layer
            and what works in its place.
    """
    if not len(example):
        raise DataError("there are no images to trace the network with; pass at least one.")
    check_inputs(network)
    network = copy.deepcopy(network).eval()
    with torch.inference_mode():
        expected = network(example.clone())
    module = graph_module(network, example.clone())
    activate_before_pooling(module)
    with torch.inference_mode():
        found = module(example.clone())
    notes = logits(module)
    walk = Walk(module, _operate)
    for node in module.graph.nodes:
        walk.visit(node)
    module.recompile()
    compare(the_tensor(found), the_tensor(expected), "the output")
    check_same(walk, module, example)
    return _reaching_the_output(walk, module, notes)


def _operate(walk: Walk, node: fx.Node) -> None:
    (layer if node.op == "call_module" else function)(walk, node)


def _reaching_the_output(
    walk: Walk, module: fx.GraphModule, notes: tuple[str, ...]
) -> TracedNetwork:
    """Leave out populations that the output does not depend on, as auxiliary outputs are."""
    needed = {INPUT, OUTPUT}
    for connection in reversed(_in_order(walk)):
        if connection.target in needed:
            needed.add(connection.source)

    return TracedNetwork(
        module,
        {name: shape for name, shape in walk.shapes.items() if name in needed},
        {name: a for name, a in walk.amplitudes.items() if name in needed},
        tuple(c for c in walk.connections if c.target in needed),
        {name: c for name, c in walk.ceilings.items() if name in needed},
        {name: g for name, g in walk.gates.items() if name in needed},
        notes,
    )


def _in_order(walk: Walk) -> list[Connection]:
    order = {name: i for i, name in enumerate(walk.shapes)}
    return sorted(walk.connections, key=lambda c: order[c.target])
