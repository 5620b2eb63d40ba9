"""Finds the logits in what a network returns, and says what is left away on the way."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from spikeseg.conversion.nodes import argument, is_in_place, kind_of, options
from spikeseg.errors import UnsupportedLayerError

_KEY = "out"  # of the dictionaries that torchvision's networks return
_LAYERS = (nn.Sigmoid, nn.Softmax, nn.LogSoftmax, nn.Softmax2d)
_FUNCTIONS: tuple[Any, ...] = (
    *(torch.sigmoid, F.sigmoid, "sigmoid"),
    *(torch.softmax, F.softmax, "softmax"),
    *(torch.log_softmax, F.log_softmax, "log_softmax"),
)


def logits(module: fx.GraphModule) -> tuple[str, ...]:
    """Make a traced network return its logits only, and say what was left away.

    A sigmoid or a softmax over classes at the end is dropped: it does not change which class is
    the largest.

    Raises:
        UnsupportedLayerError: the network returns no tensor of logits.
    """
    (output,) = (node for node in module.graph.nodes if node.op == "output")
    found, notes = _chosen(output.args[0])
    layers = dict(module.named_modules())
    while _is_monotone(found, layers):
        kind = _kind(found, layers)
        notes += (f"{kind} at the output is left out; the graph gives logits, in the same order",)
        found = argument(found)
    left = output.all_input_nodes
    output.args = (found,)
    _erase(left, module, layers)
    module.recompile()
    return notes


def _erase(unused: list[fx.Node], module: fx.GraphModule, layers: dict[str, nn.Module]) -> None:
    """Erase nodes that nothing uses any more, and what is computed for them only."""
    while unused:
        node = unused.pop()
        if node in module.graph.nodes and not (node.users or is_in_place(node, layers)):
            unused += node.all_input_nodes
            module.graph.erase_node(node)


def the_tensor(result: Any) -> Any:
    """Return the tensor of logits in what a network returned."""
    return result[_KEY] if isinstance(result, dict) and _KEY in result else result


def _chosen(result: Any) -> tuple[fx.Node, tuple[str, ...]]:
    chosen = the_tensor(result)
    if not isinstance(chosen, fx.Node):
        kind = type(result).__name__.removeprefix("immutable_")
        keys = f" with {', '.join(map(repr, result))}" if isinstance(result, dict) else ""
        raise UnsupportedLayerError(
            f"the network returns a {kind}{keys}; it must return one tensor of logits "
            f"(B, K, H, W), or a dictionary that holds it as {_KEY!r}."
        )
    if chosen is result:
        return chosen, ()
    return chosen, (f"the network returns a dictionary; its entry {_KEY!r} is taken",)


def _kind(node: fx.Node, layers: dict[str, nn.Module]) -> str:
    if node.op == "call_module":
        return type(layers[str(node.target)]).__name__
    return kind_of(node)


def _is_monotone(node: fx.Node, layers: dict[str, nn.Module]) -> bool:
    """Tell whether an operation keeps the order of the classes."""
    if node.op == "call_module":
        layer = layers[str(node.target)]
        return isinstance(layer, _LAYERS) and getattr(layer, "dim", 1) in (1, -3, None)
    if node.op not in ("call_function", "call_method") or node.target not in _FUNCTIONS:
        return False
    if "softmax" not in kind_of(node):
        return True
    return options(node, "dim _stacklevel dtype")["dim"] in (1, -3, None)
