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
from torch.fx.passes.shape_prop import ShapeProp

from spikeseg.conversion import translation
from spikeseg.conversion.folding import fold
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


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = isinstance(m, AbstractActivation | SizeGuard)
        return known or super().is_leaf_module(m, module_qualified_name)


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
    tracer = _Tracer()
    try:
        graph = tracer.trace(network)
    except (fx.proxy.TraceError, TypeError) as error:
        raise UnsupportedLayerError(
            f"{type(network).__name__}.forward cannot be traced ({error}); it must not branch on "
            "the values or sizes of tensors. Move such checks out of forward."
        ) from error
    module = fx.GraphModule(network, graph)
    with torch.inference_mode():
        ShapeProp(module).propagate(example)
    walk = _Walk(module)
    for node in graph.nodes:
        walk.visit(node)
    return TracedNetwork(module, walk.shapes, walk.amplitudes, tuple(walk.connections))


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
                raise self._unsupported(node, str(node.target))

    def _start(self, node: fx.Node) -> None:
        if INPUT in self.shapes:
            raise UnsupportedLayerError(
                f"the network takes a second input, {node.name!r}; a spiking graph takes one image."
            )
        self.shapes[INPUT] = _shape(node)
        self.values[node] = (_Term(INPUT),)

    def _finish(self, node: fx.Node) -> None:
        result = node.args[0]
        if not isinstance(result, fx.Node):
            raise UnsupportedLayerError(
                f"the network returns a {type(result).__name__}; it must return one tensor of "
                "logits (B, K, H, W)."
            )
        self._connect(self.values[result], OUTPUT, _shape(result))

    def _layer(self, node: fx.Node) -> None:
        layer = self.layers[str(node.target)]
        x = node.args[0]
        assert isinstance(x, fx.Node)
        if isinstance(layer, AbstractActivation):
            self._populate(node, x, str(node.target), layer.amplitude)
        elif isinstance(layer, nn.ReLU):
            self._populate(node, x, str(node.target), None)
        elif isinstance(layer, _PASSIVE):
            self.values[node] = self.values[x]
        elif isinstance(layer, nn.Upsample):
            self._upsample(node, x, layer.mode, layer.align_corners)
        elif type(layer) in translation.LAYERS:
            self._append(node, x, lambda: translation.LAYERS[type(layer)](layer))
        else:
            raise self._unsupported(node, type(layer).__name__)

    def _function(self, node: fx.Node) -> None:
        handler = _FUNCTIONS.get(node.target)
        if handler is None:
            name = getattr(node.target, "__name__", str(node.target))
            raise self._unsupported(node, name)
        handler(self, node)

    def _populate(self, node: fx.Node, x: fx.Node, name: str, amplitude: float | None) -> None:
        """Make a population out of what flows into an activation."""
        name = _activation_name(name, self.shapes)
        self._connect(self.values[x], name, _shape(node))
        self.amplitudes[name] = amplitude
        node.meta["population"] = name
        self.values[node] = (_Term(name),)

    def _connect(self, expression: _Expression, target: str, shape: Shape) -> None:
        self.shapes[target] = shape
        self.connections += [Connection(t.source, target, fold(t.chain)) for t in expression]

    def _append(self, node: fx.Node, x: fx.Node, make: Callable[[], Transform]) -> None:
        try:
            self.values[node] = _lengthened(self.values[x], make())
        except UnsupportedLayerError as error:
            raise UnsupportedLayerError(f"layer {node.target!s}: {error}") from error

    def _upsample(self, node: fx.Node, x: fx.Node, mode: str, corners: bool | None) -> None:
        before, after = _shape(x)[1:], _shape(node)[1:]
        self._append(node, x, lambda: translation.upsampling(mode, corners, before, after))

    def relu(self, node: fx.Node) -> None:
        """Handle a functional ReLU."""
        self._populate(node, _argument(node), node.name, None)

    def interpolate(self, node: fx.Node) -> None:
        """Handle ``F.interpolate``."""
        mode = str(_named(node, 3, "mode", "nearest"))
        self._upsample(node, _argument(node), mode, _named(node, 4, "align_corners", None))

    def pool(self, node: fx.Node) -> None:
        """Handle ``F.avg_pool2d``."""
        arguments: tuple[Any, ...] = node.args[1:]
        options: dict[str, Any] = dict(node.kwargs)
        options.pop("input", None)
        make = lambda: translation.average_pooling(*arguments, **options)  # noqa: E731
        self._append(node, _argument(node), make)

    def add(self, node: fx.Node) -> None:
        """Handle the sum of two values."""
        if not all(isinstance(a, fx.Node) for a in node.args[:2]) or node.kwargs:
            raise self._unsupported(node, "addition of a constant")
        first, second = (a for a in node.args[:2] if isinstance(a, fx.Node))
        if _shape(first) != _shape(second):
            raise self._unsupported(node, "addition with broadcasting")
        self.values[node] = self.values[first] + self.values[second]

    def concatenate(self, node: fx.Node) -> None:
        """Handle a concatenation over channels: each part among zeros, then summed."""
        axis, parts = _named(node, 1, "dim", 0), node.args[0]
        assert isinstance(parts, list | tuple)
        if axis not in (1, -3):
            raise self._unsupported(node, f"cat over axis {axis}")
        widths = [_shape(p)[0] for p in parts if isinstance(p, fx.Node)]
        expression: _Expression = ()
        for i, part in enumerate(parts):
            assert isinstance(part, fx.Node)
            place = ChannelPadding(sum(widths[:i]), sum(widths[i + 1 :]))
            expression += _lengthened(self.values[part], place)
        self.values[node] = expression

    def skip(self, node: fx.Node) -> None:
        """Handle what does nothing in evaluation mode."""
        self.values[node] = self.values[_argument(node)]

    def _unsupported(self, node: fx.Node, kind: str) -> UnsupportedLayerError:
        advice = translation.ADVICE.get(kind)
        place = f"layer {node.target!s}" if node.op == "call_module" else f"operation {node.name!r}"
        return UnsupportedLayerError(
            f"{place} ({kind}) cannot be expressed in a spiking graph. "
            f"{'Instead, ' + advice + '. ' if advice else ''}Known are {translation.SUPPORTED}."
        )


def _lengthened(expression: _Expression, transform: Transform) -> _Expression:
    """Append a transform to every term; only the first keeps its bias, or it would add up."""
    linear = without_bias(transform)
    return tuple(
        _Term(term.source, (*term.chain, linear if i else transform))
        for i, term in enumerate(expression)
    )


def _shape(node: fx.Node) -> Shape:
    meta = node.meta.get("tensor_meta")
    shape: tuple[int, ...] = tuple(getattr(meta, "shape", ()))
    if len(shape) != 4:
        raise UnsupportedLayerError(
            f"operation {node.name!r} gives a tensor of shape {shape}; a spiking graph "
            "takes images, (B, C, H, W), throughout."
        )
    return (int(shape[1]), int(shape[2]), int(shape[3]))


def _argument(node: fx.Node) -> fx.Node:
    x = node.args[0] if node.args else node.kwargs["input"]
    assert isinstance(x, fx.Node)
    return x


def _named(node: fx.Node, place: int, name: str, default: Any) -> Any:
    return node.args[place] if len(node.args) > place else node.kwargs.get(name, default)


def _activation_name(name: str, taken: dict[str, Shape]) -> str:
    """Return the layer's own name; an activation that is called twice is two populations."""
    count = 2
    unique = name
    while unique in taken:
        unique = f"{name}_{count}"
        count += 1
    return unique


_PASSIVE = (nn.Identity, nn.Dropout, nn.Dropout2d, SizeGuard)
_FUNCTIONS: dict[Any, Callable[[_Walk, fx.Node], None]] = {
    F.relu: _Walk.relu,
    torch.relu: _Walk.relu,
    "relu": _Walk.relu,
    "relu_": _Walk.relu,
    F.interpolate: _Walk.interpolate,
    F.avg_pool2d: _Walk.pool,
    operator.add: _Walk.add,
    operator.iadd: _Walk.add,
    torch.add: _Walk.add,
    torch.cat: _Walk.concatenate,
    torch.concat: _Walk.concatenate,
    F.dropout: _Walk.skip,
    F.dropout2d: _Walk.skip,
    "contiguous": _Walk.skip,
}
