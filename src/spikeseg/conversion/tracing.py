"""Reads a torch network as populations and linear maps between them.

``torch.fx`` gives the operations. Each value in the network is then an *expression*: a sum of
chains of transforms, each of which starts at a population. Linear layers lengthen chains,
addition and concatenation join sums, and an activation makes a new population out of a sum.
"""

import copy
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from spikeseg.conversion import translation
from spikeseg.conversion.folding import fold
from spikeseg.conversion.nodes import (
    ShapeRecorder,
    argument,
    graph_module,
    option,
    place_of,
    shape_of,
    unsupported,
)
from spikeseg.errors import UnsupportedLayerError
from spikeseg.graph import ChannelPadding, Connection, Transform
from spikeseg.graph.transforms import Shape, without_bias
from spikeseg.layers import AbstractActivation
from spikeseg.networks import SizeGuard

INPUT, OUTPUT = "input", "output"


@dataclass(frozen=True)
class _Term:
    source: str
    chain: tuple[Transform, ...] = ()


_Expression = tuple[_Term, ...]


@dataclass(frozen=True, eq=False)
class TracedNetwork:
    """A network as populations and linear maps, in its own units.

    Attributes:
        module: the traced network, in evaluation mode.
        shapes: (C, H, W) of each population, in topological order: input, hidden, output.
        amplitudes: the amplitude that an activation declares, or ``None``, for hidden populations.
        connections: with the network's own weights.
    """

    module: fx.GraphModule
    shapes: dict[str, Shape]
    amplitudes: dict[str, float | None]
    connections: tuple[Connection, ...]


def trace(network: nn.Module, example: Tensor) -> TracedNetwork:
    """Trace a network.

    Args:
        network: made of the operations in ``translation.SUPPORTED``.
        example: (B, C, H, W), any image of a size that the network takes.

    Raises:
        UnsupportedLayerError: an operation that a spiking graph cannot express; names the layer
            and what works in its place.
    """
    network = copy.deepcopy(network).eval()
    module = graph_module(network)
    with torch.inference_mode():
        found = ShapeRecorder(module).run(example.clone())
    walk = _Walk(module)
    for node in module.graph.nodes:
        walk.visit(node)
    _check_same(network, example, found)
    return TracedNetwork(module, walk.shapes, walk.amplitudes, tuple(walk.connections))


def _check_same(network: nn.Module, example: Tensor, found: Tensor) -> None:
    """Check that the traced operations are all that the network does."""
    with torch.inference_mode():
        expected = network(example.clone())
    if not torch.allclose(found, expected, rtol=1e-3, atol=1e-5, equal_nan=True):
        raise UnsupportedLayerError(
            f"{type(network).__name__} computes other values than its traced operations, by up to "
            f"{float((found - expected).abs().max()):.2g}; tracing misses what changes a tensor in "
            "place while another name still refers to it. Write x = x + y in place of x += y."
        )


class _Walk:
    """Visits the nodes of a traced graph in order."""

    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module
        self.layers = dict(module.named_modules())
        self.shapes: dict[str, Shape] = {}
        self.amplitudes: dict[str, float | None] = {}
        self.connections: list[Connection] = []
        self.values: dict[fx.Node, _Expression] = {}

    def visit(self, node: fx.Node) -> None:
        """Give a node its expression."""
        match node.op:
            case "placeholder":
                self._start(node)
            case "output":
                self._finish(node)
            case "call_module":
                self._layer(node)
            case "call_function" | "call_method":
                self._function(node)
            case _:
                raise unsupported(node, "a constant tensor")

    def _start(self, node: fx.Node) -> None:
        self.shapes[INPUT] = shape_of(node)
        self.values[node] = (_Term(INPUT),)

    def _finish(self, node: fx.Node) -> None:
        result = node.args[0]
        if not isinstance(result, fx.Node):
            kind = type(result).__name__.removeprefix("immutable_")
            raise UnsupportedLayerError(
                f"the network returns a {kind}; it must return one tensor of logits (B, K, H, W)."
            )
        self._connect(self.values[result], OUTPUT, shape_of(result))

    def _layer(self, node: fx.Node) -> None:
        layer, x = self.layers[str(node.target)], argument(node)
        if len(node.args) + len(node.kwargs) > 1:
            raise unsupported(node, f"{type(layer).__name__} called with more than an image")
        if isinstance(layer, AbstractActivation):
            self._populate(node, x, str(node.target), layer.amplitude)
        elif isinstance(layer, nn.ReLU):
            self._populate(node, x, str(node.target), None, layer.inplace)
        elif isinstance(layer, _PASSIVE):
            self.values[node] = self.values[x]
        elif isinstance(layer, nn.Upsample):
            self._upsample(node, x, layer.mode, layer.align_corners, layer.scale_factor)
        elif type(layer) in translation.LAYERS:
            self._append(node, x, lambda: translation.LAYERS[type(layer)](layer))
        else:
            raise unsupported(node, type(layer).__name__)

    def _function(self, node: fx.Node) -> None:
        handler = _FUNCTIONS.get(node.target)
        if handler is None:
            raise unsupported(node, getattr(node.target, "__name__", str(node.target)))
        handler(self, node)

    def _populate(
        self, node: fx.Node, x: fx.Node, name: str, amplitude: float | None, inplace: bool = False
    ) -> None:
        """Make a population out of what flows into an activation."""
        name = _activation_name(name, self.shapes)
        self._connect(self.values[x], name, shape_of(node))
        self.amplitudes[name] = amplitude
        node.meta["population"] = name
        value, old = (_Term(name),), self.values[x]
        if inplace:  # every name of the tensor that is overwritten has the new value, too
            self.values |= {n: value for n, known in self.values.items() if known is old}
        self.values[node] = value

    def _connect(self, expression: _Expression, target: str, shape: Shape) -> None:
        self.shapes[target] = shape
        self.connections += [Connection(t.source, target, fold(t.chain)) for t in expression]

    def _append(self, node: fx.Node, x: fx.Node, make: Callable[[], Transform]) -> None:
        try:
            self.values[node] = _lengthened(self.values[x], make())
        except UnsupportedLayerError as error:
            raise UnsupportedLayerError(f"{place_of(node)}: {error}") from error

    def _upsample(
        self, node: fx.Node, x: fx.Node, mode: str, corners: bool | None, scale: Any
    ) -> None:
        before, after = shape_of(x)[1:], shape_of(node)[1:]
        self._append(node, x, lambda: translation.upsampling(mode, corners, scale, before, after))

    def relu(self, node: fx.Node) -> None:
        """Handle a functional ReLU."""
        inplace = node.target in _RELUS_IN_PLACE or option(node, 1, "inplace", False)
        self._populate(node, argument(node), node.name, None, inplace)

    def interpolate(self, node: fx.Node) -> None:
        """Handle ``F.interpolate``."""
        mode, corners = option(node, 3, "mode", "nearest"), option(node, 4, "align_corners")
        self._upsample(node, argument(node), mode, corners, option(node, 2, "scale_factor"))

    def pool(self, node: fx.Node) -> None:
        """Handle ``F.avg_pool2d``."""
        arguments: tuple[Any, ...] = node.args[1:]
        options: dict[str, Any] = dict(node.kwargs)
        options.pop("input", None)
        make = lambda: translation.average_pooling(*arguments, **options)  # noqa: E731
        self._append(node, argument(node), make)

    def add(self, node: fx.Node) -> None:
        """Handle the sum of two values."""
        first, second = option(node, 0, "input"), option(node, 1, "other")
        if not (isinstance(first, fx.Node) and isinstance(second, fx.Node)):
            raise unsupported(node, "addition of a constant")
        if not {"input", "other"}.issuperset(node.kwargs):
            raise unsupported(node, f"addition with {', '.join(node.kwargs)}")
        if shape_of(first) != shape_of(second):
            raise unsupported(node, "addition with broadcasting")
        self.values[node] = self.values[first] + self.values[second]

    def concatenate(self, node: fx.Node) -> None:
        """Handle a concatenation over channels: each part among zeros, then summed."""
        axis, parts = option(node, 1, "dim", 0), option(node, 0, "tensors")
        assert isinstance(parts, list | tuple)
        if axis not in (1, -3):
            raise unsupported(node, f"cat over axis {axis}")
        widths = [shape_of(p)[0] for p in parts if isinstance(p, fx.Node)]
        expression: _Expression = ()
        for i, part in enumerate(parts):
            assert isinstance(part, fx.Node)
            place = ChannelPadding(sum(widths[:i]), sum(widths[i + 1 :]))
            expression += _lengthened(self.values[part], place)
        self.values[node] = expression

    def drop(self, node: fx.Node) -> None:
        """Handle functional dropout, which must do nothing in evaluation mode."""
        if option(node, 2, "training", True):
            raise unsupported(node, "dropout in evaluation mode")
        self.skip(node)

    def skip(self, node: fx.Node) -> None:
        """Handle what gives the same tensor again."""
        self.values[node] = self.values[argument(node)]


def _lengthened(expression: _Expression, transform: Transform) -> _Expression:
    """Append a transform to every term; only the first keeps its bias, or it would add up."""
    linear = without_bias(transform)
    return tuple(
        _Term(term.source, (*term.chain, linear if i else transform))
        for i, term in enumerate(expression)
    )


def _activation_name(name: str, taken: dict[str, Shape]) -> str:
    """Return the layer's own name; an activation that is called twice is two populations."""
    count = 2
    unique = name
    while unique in taken or unique == OUTPUT:
        unique = f"{name}_{count}"
        count += 1
    return unique


_RELUS_IN_PLACE = ("relu_", torch.relu_)
_PASSIVE = (nn.Identity, nn.Dropout, nn.Dropout2d, SizeGuard)
_FUNCTIONS: dict[Any, Callable[[_Walk, fx.Node], None]] = {
    F.relu: _Walk.relu,
    torch.relu: _Walk.relu,
    "relu": _Walk.relu,
    "relu_": _Walk.relu,
    torch.relu_: _Walk.relu,
    F.interpolate: _Walk.interpolate,
    F.avg_pool2d: _Walk.pool,
    operator.add: _Walk.add,
    torch.add: _Walk.add,
    torch.cat: _Walk.concatenate,
    torch.concat: _Walk.concatenate,
    torch.concatenate: _Walk.concatenate,
    F.dropout: _Walk.drop,
    F.dropout2d: _Walk.drop,
    "contiguous": _Walk.skip,
}
