"""Sums of values, and values scaled or shifted by constants."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from spikeseg.conversion.expressions import Expression, lengthened, scaled, shifted
from spikeseg.conversion.nodes import is_in_place, options, shape_of
from spikeseg.conversion.refusals import unsupported
from spikeseg.conversion.walking import Walk
from spikeseg.graph import Upsampling
from spikeseg.graph.transforms import Array, Shape

_Operands = tuple[Any, Any]


def _operands(walk: Walk, node: fx.Node) -> tuple[_Operands, float]:
    """Return both operands, constants as numbers or tensors, and ``alpha``."""
    first = node.args[0] if node.args else node.kwargs["input"]
    given = options(node, "other alpha rounding_mode", alpha=1)
    if given["rounding_mode"] is not None:
        raise unsupported("division with rounding")
    found = [
        walk.constants.get(o, o) if isinstance(o, fx.Node) else o for o in (first, given["other"])
    ]
    return (found[0], found[1]), float(given["alpha"])


def _per_channel(constant: Any, node: fx.Node, x: fx.Node) -> Array:
    """Return a constant as one number for each channel, (C,)."""
    channels = shape_of(x)[0]
    tensor = torch.as_tensor(constant, dtype=torch.float64).detach()
    tensor = tensor.reshape((1,) * (4 - tensor.ndim) + tuple(tensor.shape))
    one_each = tensor.ndim == 4 and tensor.shape[::2] == (1, 1) and tensor.shape[3] == 1
    if not one_each or tensor.shape[1] not in (1, channels) or shape_of(node) != shape_of(x):
        raise unsupported("a constant tensor")
    return tensor.flatten().expand(channels).numpy().astype(np.float32)


def _enlarged(expression: Expression, shape: Shape, to: Shape) -> Expression:
    """Repeat one pixel over a map, as broadcasting does."""
    if shape == to:
        return expression
    if shape != (to[0], 1, 1):
        raise unsupported("addition with broadcasting")
    return lengthened(expression, Upsampling((to[1], to[2])))


def _sum(walk: Walk, node: fx.Node, sign: float) -> None:
    (first, second), alpha = _operands(walk, node)
    if isinstance(first, fx.Node) and isinstance(second, fx.Node):
        shape = shape_of(node)
        factors = np.full(shape_of(second)[0], sign * alpha, np.float32)
        total = _enlarged(walk.values[first], shape_of(first), shape) + _enlarged(
            scaled(walk.values[second], factors), shape_of(second), shape
        )
        return walk.replace(node, first, total, is_in_place(node, walk.layers))
    x = first if isinstance(first, fx.Node) else second
    value, constant = walk.values[x], second if x is first else first
    shift = _per_channel(constant, node, x)
    if x is first:
        shift = np.float32(sign * alpha) * shift
    elif sign * alpha != 1:
        value = scaled(value, np.full(len(shift), sign * alpha, np.float32))
    return walk.replace(node, x, shifted(value, shift), is_in_place(node, walk.layers))


def add(walk: Walk, node: fx.Node) -> None:
    """Handle a sum."""
    _sum(walk, node, 1.0)


def subtract(walk: Walk, node: fx.Node) -> None:
    """Handle a difference."""
    _sum(walk, node, -1.0)


def multiply(walk: Walk, node: fx.Node) -> None:
    """Handle a product with a constant."""
    (first, second), _ = _operands(walk, node)
    if isinstance(first, fx.Node) and isinstance(second, fx.Node):
        raise unsupported("mul")
    x, constant = (first, second) if isinstance(first, fx.Node) else (second, first)
    value = scaled(walk.values[x], _per_channel(constant, node, x))
    walk.replace(node, x, value, is_in_place(node, walk.layers))


def divide(walk: Walk, node: fx.Node) -> None:
    """Handle a division by a constant."""
    (first, second), _ = _operands(walk, node)
    if not isinstance(first, fx.Node) or isinstance(second, fx.Node):
        raise unsupported("division by an activation")
    divisor = second.double() if isinstance(second, Tensor) else second
    value = scaled(walk.values[first], _per_channel(1.0 / divisor, node, first))
    walk.replace(node, first, value, is_in_place(node, walk.layers))


def negate(walk: Walk, node: fx.Node) -> None:
    """Handle a change of sign."""
    x = node.args[0]
    assert isinstance(x, fx.Node)
    walk.values[node] = scaled(walk.values[x], np.full(shape_of(x)[0], -1, np.float32))


ARITHMETIC: dict[Any, Callable[[Walk, fx.Node], None]] = {
    **dict.fromkeys([operator.add, operator.iadd, torch.add, "add", "add_"], add),
    **dict.fromkeys([operator.sub, operator.isub, torch.sub, "sub", "sub_"], subtract),
    **dict.fromkeys([operator.mul, operator.imul, torch.mul, "mul", "mul_"], multiply),
    **dict.fromkeys([operator.truediv, operator.itruediv, torch.div, "div", "div_"], divide),
    **dict.fromkeys([operator.neg, torch.neg, "neg"], negate),
}
