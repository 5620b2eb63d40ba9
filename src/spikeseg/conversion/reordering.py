"""Moves an activation from behind a max pooling to before it, where it makes spikes to pool."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from spikeseg.conversion.layers import is_activation
from spikeseg.conversion.nodes import is_in_place

_POOLINGS = (F.max_pool2d, torch.max_pool2d)
_ACTIVATIONS: tuple[Any, ...] = (
    *(F.relu, torch.relu, "relu", "relu_", torch.relu_),
    *(F.relu6, F.hardtanh, torch.clamp, "clamp"),
)


def activate_before_pooling(module: fx.GraphModule) -> None:
    """Swap each max pooling with the activation that is the only one to take its value.

    An activation does not fall, so the largest activation is the activation of the largest value:
    the network computes the same.
    """
    layers = dict(module.named_modules())
    for pooling in list(module.graph.nodes):
        if _is_pooling(pooling, layers) and len(pooling.users) == 1:
            (activation,) = pooling.users
            before = pooling.all_input_nodes[0]
            is_free = len(before.users) == 1 or not is_in_place(activation, layers)
            if _activates(activation, layers) and not _activates(before, layers) and is_free:
                _swap(before, pooling, activation)
    module.recompile()


def _layer(node: fx.Node, layers: dict[str, nn.Module]) -> nn.Module | None:
    return layers[str(node.target)] if node.op == "call_module" else None


def _is_pooling(node: fx.Node, layers: dict[str, nn.Module]) -> bool:
    return isinstance(_layer(node, layers), nn.MaxPool2d) or node.target in _POOLINGS


def _activates(node: fx.Node, layers: dict[str, nn.Module]) -> bool:
    layer = _layer(node, layers)
    if layer is not None:
        return is_activation(layer)
    return node.target in _ACTIVATIONS


def _swap(before: fx.Node, pooling: fx.Node, activation: fx.Node) -> None:
    activation.replace_input_with(pooling, before)
    activation.replace_all_uses_with(pooling)
    pooling.replace_input_with(before, activation)
    pooling.prepend(activation)
    activation.meta["shape"] = before.meta["shape"]
