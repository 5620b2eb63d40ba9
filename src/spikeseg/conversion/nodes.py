"""From a network to the nodes of its ``torch.fx`` graph, and what can be read from a node."""

from typing import Any

from torch import Tensor, fx, nn

from spikeseg.conversion import translation
from spikeseg.errors import UnsupportedLayerError
from spikeseg.graph.transforms import Shape
from spikeseg.layers import AbstractActivation
from spikeseg.networks import SizeGuard


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = isinstance(m, AbstractActivation | SizeGuard)
        return known or super().is_leaf_module(m, module_qualified_name)


def graph_module(network: nn.Module) -> fx.GraphModule:
    """Return a network as a graph of its operations on one image.

    Raises:
        UnsupportedLayerError: its forward pass depends on values or sizes, or takes two inputs.
    """
    try:
        graph = _Tracer().trace(network)
    except (fx.proxy.TraceError, TypeError, RuntimeError) as error:
        raise UnsupportedLayerError(
            f"{type(network).__name__}.forward cannot be traced ({error}); it must not branch on "
            "the values or sizes of tensors. Move such checks out of forward."
        ) from error
    for node in [n for n in graph.nodes if n.op == "placeholder"][1:]:
        raise UnsupportedLayerError(
            f"the network takes a second input, {node.target!r}; a spiking graph takes one image. "
            "Wrap the network in a module whose forward takes the image only."
        )
    return fx.GraphModule(network, graph)


class ShapeRecorder(fx.Interpreter):
    """Runs a traced network and notes the shape of every tensor at its node."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.extra_traceback = False  # a network's own errors are to be read as they are

    def run_node(self, n: fx.Node) -> Any:
        """Run one node."""
        value = super().run_node(n)
        if isinstance(value, Tensor):
            n.meta["shape"] = tuple(value.shape)
        return value


def shape_of(node: fx.Node) -> Shape:
    """Return the (C, H, W) shape of a node's value.

    Raises:
        UnsupportedLayerError: it is no batch of images.
    """
    shape: tuple[int, ...] = node.meta.get("shape", ())
    if len(shape) != 4:
        raise UnsupportedLayerError(
            f"operation {node.name!r} gives a tensor of shape {shape}; a spiking graph "
            "takes images, (B, C, H, W), throughout."
        )
    return (shape[1], shape[2], shape[3])


def argument(node: fx.Node) -> fx.Node:
    """Return the node that an operation on one value works on."""
    x = node.args[0] if node.args else node.kwargs.get("input", node.kwargs.get("x"))
    assert isinstance(x, fx.Node)
    return x


def option(node: fx.Node, place: int, name: str, default: Any = None) -> Any:
    """Return an argument that may be given by place or by name."""
    return node.args[place] if len(node.args) > place else node.kwargs.get(name, default)


def place_of(node: fx.Node) -> str:
    """Return how to name a node in a message."""
    return f"layer {node.target!s}" if node.op == "call_module" else f"operation {node.name!r}"


def unsupported(node: fx.Node, kind: str) -> UnsupportedLayerError:
    """Return the error that refuses a node and says what works instead."""
    advice = translation.ADVICE.get(kind)
    return UnsupportedLayerError(
        f"{place_of(node)} ({kind}) cannot be expressed in a spiking graph. "
        f"{'Instead, ' + advice + '. ' if advice else ''}Known are {translation.SUPPORTED}."
    )
