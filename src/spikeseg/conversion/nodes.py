"""What can be read from a node of a traced network."""

from typing import Any

from torch import fx, nn

from spikeseg.conversion.refusals import Refusal
from spikeseg.graph.transforms import Shape

_IN_PLACE = ("iadd", "isub", "imul", "itruediv")


def shape_of(node: fx.Node) -> Shape:
    """Return the (C, H, W) shape of a node's value.

    Raises:
        Refusal: it is no batch of images.
    """
    shape: tuple[int, ...] = node.meta.get("shape", ())
    if len(shape) != 4:
        raise Refusal(
            f"operation {node.name!r} gives a tensor of shape {shape}; a spiking graph "
            "takes images, (B, C, H, W), throughout."
        )
    return (shape[1], shape[2], shape[3])


def argument(node: fx.Node) -> fx.Node:
    """Return the node that an operation on one value works on."""
    x = node.args[0] if node.args else node.kwargs.get("input", node.kwargs.get("x"))
    if not isinstance(x, fx.Node):
        raise Refusal(f"it works on {x!r}; a spiking graph takes an image.")
    return x


def options(node: fx.Node, names: str, **defaults: Any) -> dict[str, Any]:
    """Return the arguments behind the first one, given by place or by name.

    Args:
        node: of a function or a method.
        names: their names in order, as one string.
        defaults: of those that need not be given; others default to ``None``.

    Raises:
        Refusal: an argument of another name.
    """
    known = names.split()
    given = dict(zip(known, node.args[1:], strict=False)) | dict(node.kwargs)
    given.pop("input", None)
    unknown = [name for name in given if name not in known]
    if unknown or len(node.args) - 1 > len(known):
        raise Refusal(f"it is called with {', '.join(unknown) or 'more arguments'}; leave it out.")
    return dict.fromkeys(known) | defaults | given


def kind_of(node: fx.Node) -> str:
    """Return the name of a function or method."""
    return str(getattr(node.target, "__name__", node.target))


def is_in_place(node: fx.Node, layers: dict[str, nn.Module]) -> bool:
    """Tell whether an operation overwrites what it works on."""
    name = kind_of(node)
    if node.op == "call_module":
        return bool(getattr(layers[name], "inplace", False))
    given = node.kwargs.get("inplace") or any(a is True for a in node.args[1:])
    return bool(given) or name.endswith("_") or name in _IN_PLACE


def place_of(node: fx.Node) -> str:
    """Return how to name a node in a message."""
    return f"layer {node.target!s}" if node.op == "call_module" else f"operation {node.name!r}"
