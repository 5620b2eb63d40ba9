"""What each function and method of torch does to the expression of a value."""

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx

from spikeseg.conversion import translation
from spikeseg.conversion.arithmetic import ARITHMETIC
from spikeseg.conversion.expressions import Expression, lengthened
from spikeseg.conversion.layers import adaptive, interpolate
from spikeseg.conversion.nodes import argument, is_in_place, kind_of, options, shape_of
from spikeseg.conversion.rearranging import numbered, rearranged, shuffled, unshuffled
from spikeseg.conversion.refusals import unsupported
from spikeseg.conversion.walking import Walk
from spikeseg.graph import ChannelPadding


def function(walk: Walk, node: fx.Node) -> None:
    """Give the node of a function or method its value.

    Raises:
        Refusal: a spiking graph cannot express it.
    """
    handler = FUNCTIONS.get(node.target)
    if handler is None:
        raise unsupported(kind_of(node))
    handler(walk, node)


def _activate(walk: Walk, node: fx.Node, ceiling: float | None) -> None:
    inplace = is_in_place(node, walk.layers)
    walk.activate(node, argument(node), node.name, ceiling=ceiling, inplace=inplace)


def _relu(walk: Walk, node: fx.Node) -> None:
    options(node, "inplace")
    ceiling = 6.0 if kind_of(node) == "relu6" else None
    _activate(walk, node, ceiling)


def _leaky_relu(walk: Walk, node: fx.Node) -> None:
    given = options(node, "negative_slope inplace", negative_slope=0.01)
    translation.slope(given["negative_slope"])
    _activate(walk, node, None)


def _clamp(walk: Walk, node: fx.Node) -> None:
    given = options(node, "min max")
    ceiling = translation.clipping(given["min"], given["max"])
    _activate(walk, node, ceiling)


def _hardtanh(walk: Walk, node: fx.Node) -> None:
    given = options(node, "min_val max_val inplace", min_val=-1.0, max_val=1.0)
    ceiling = translation.clipping(given["min_val"], given["max_val"])
    _activate(walk, node, ceiling)


def _interpolate_function(walk: Walk, node: fx.Node) -> None:
    names = "size scale_factor mode align_corners recompute_scale_factor antialias"
    given = options(node, names, mode="nearest")
    if given["antialias"]:
        raise unsupported("interpolation with antialias")
    interpolate(walk, node, given["mode"], given["align_corners"], given["scale_factor"])


def _average_pool(walk: Walk, node: fx.Node) -> None:
    names = "kernel_size stride padding ceil_mode count_include_pad divisor_override"
    given = options(node, names, padding=0, ceil_mode=False, count_include_pad=True)
    x = argument(node)
    if shape_of(node)[1:] == (1, 1) and not any(torch.tensor(given["padding"]).flatten()):
        return adaptive(walk, node, x)
    return walk.append(node, x, translation.average_pooling(**given))


def _mean(walk: Walk, node: fx.Node) -> None:
    given = options(node, "dim keepdim dtype", keepdim=False)
    axes = given["dim"] if isinstance(given["dim"], list | tuple) else ()
    if {int(a) % 4 for a in axes} != {2, 3} or not given["keepdim"]:
        raise unsupported("mean over other axes than (2, 3) with keepdim=True")
    adaptive(walk, node, argument(node))


def _max_pool(walk: Walk, node: fx.Node) -> None:
    names = "kernel_size stride padding dilation ceil_mode return_indices"
    given = options(node, names, padding=0, dilation=1)
    walk.gate(node, argument(node), translation.max_pooling(**given))


def _adaptive_function(walk: Walk, node: fx.Node) -> None:
    adaptive(walk, node, argument(node))


def _convolve(walk: Walk, node: fx.Node) -> None:
    names = "weight bias stride padding dilation groups"
    given = options(node, names, stride=1, padding=0, dilation=1, groups=1)
    given = {name: walk.constant(value) for name, value in given.items()}
    walk.append(node, argument(node), translation.convolution(**given))


def _convolve_transposed(walk: Walk, node: fx.Node) -> None:
    names = "weight bias stride padding output_padding groups dilation"
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
    given = options(node, names, **defaults)
    given = {name: walk.constant(value) for name, value in given.items()}
    walk.append(node, argument(node), translation.transposed_convolution(**given))


def _batch_norm(walk: Walk, node: fx.Node) -> None:
    names = "running_mean running_var weight bias training momentum eps"
    given = options(node, names, training=False, eps=1e-5)
    given = {name: walk.constant(value) for name, value in given.items()}
    transform = translation.batch_norm(
        given["running_mean"],
        given["running_var"],
        given["weight"],
        given["bias"],
        given["training"],
        given["eps"],
    )
    walk.append(node, argument(node), transform)


def _concatenate(walk: Walk, node: fx.Node) -> None:
    """Place each part among zeros; the parts are then a sum."""
    parts = node.args[0] if node.args else node.kwargs["tensors"]
    axis = (
        node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", node.kwargs.get("axis", 0))
    )
    assert isinstance(parts, list | tuple)
    if axis not in (1, -3):
        raise unsupported(f"cat over axis {axis}")
    if not all(isinstance(p, fx.Node) and p in walk.values for p in parts):
        raise unsupported("a constant tensor")
    widths = [shape_of(p)[0] for p in parts if isinstance(p, fx.Node)]
    expression: Expression = ()
    for i, part in enumerate(parts):
        assert isinstance(part, fx.Node)
        place = ChannelPadding(sum(widths[:i]), sum(widths[i + 1 :]))
        expression += lengthened(walk.values[part], place)
    walk.values[node] = expression


def _stack(walk: Walk, node: fx.Node) -> None:
    """Keep the parts; only their sum, or one of them, is an image again."""
    parts = node.args[0] if node.args else node.kwargs["tensors"]
    assert isinstance(parts, list | tuple)
    if options(node, "dim", dim=0)["dim"] not in (0, -5):
        raise unsupported("stack over another axis than 0")
    walk.parts[node] = tuple(walk.values[p] for p in parts if isinstance(p, fx.Node))


def _sum_of_stack(walk: Walk, node: fx.Node) -> None:
    x, given = argument(node), options(node, "dim keepdim dtype")
    if x not in walk.parts or given["dim"] not in (0, [0], (0,)) or given["keepdim"]:
        raise unsupported("sum")
    walk.values[node] = sum(walk.parts[x], ())


def _rearrange(walk: Walk, node: fx.Node) -> None:
    """Handle what only moves, cuts off or pads: see ``rearranging``."""
    x = argument(node)
    if x in walk.parts:
        part = node.args[1]
        assert isinstance(part, int)
        walk.values[node] = walk.parts[x][part]
        return
    shape = shape_of(x)
    numbers = numbered(shape)
    arguments, named = fx.node.map_arg(
        (node.args, node.kwargs), lambda n: numbers if n is x else walk.constant(n)
    )
    if node.op == "call_method":
        found = getattr(numbers, str(node.target))(*arguments[1:], **named)
    else:
        assert callable(node.target)
        found = node.target(*arguments, **named)
    old = walk.values[x]
    if isinstance(found, Tensor):
        walk.values[node] = rearranged(old, shape, found)
    else:
        walk.parts[node] = tuple(rearranged(old, shape, part) for part in found)


def _pixel_shuffle(walk: Walk, node: fx.Node) -> None:
    x, factor = argument(node), options(node, "upscale_factor")["upscale_factor"]
    walk.values[node] = shuffled(walk.values[x], shape_of(x)[0], factor)


def _pixel_unshuffle(walk: Walk, node: fx.Node) -> None:
    x, factor = argument(node), options(node, "downscale_factor")["downscale_factor"]
    walk.values[node] = unshuffled(walk.values[x], shape_of(x)[0], factor)


def _drop(walk: Walk, node: fx.Node) -> None:
    """Handle functional dropout, which must do nothing in evaluation mode."""
    if options(node, "p training inplace", training=True)["training"]:
        raise unsupported("dropout in evaluation mode")
    _skip(walk, node)


def _skip(walk: Walk, node: fx.Node) -> None:
    """Handle what gives the same tensor again."""
    walk.values[node] = walk.values[argument(node)]


def _copy(walk: Walk, node: fx.Node) -> None:
    """Handle what gives the same values in another tensor, which may be changed on its own."""
    walk.values[node] = lengthened(walk.values[argument(node)])


FUNCTIONS: dict[Any, Callable[[Walk, fx.Node], None]] = {
    **ARITHMETIC,
    **dict.fromkeys([F.relu, torch.relu, "relu", "relu_", torch.relu_, F.relu6], _relu),
    **dict.fromkeys([F.leaky_relu, F.leaky_relu_], _leaky_relu),
    **dict.fromkeys([torch.clamp, torch.clip, "clamp", "clip", "clamp_"], _clamp),
    **dict.fromkeys([torch.clamp_min, "clamp_min", "clamp_min_"], _clamp),
    F.hardtanh: _hardtanh,
    **dict.fromkeys([F.interpolate, F.upsample], _interpolate_function),
    F.avg_pool2d: _average_pool,
    F.adaptive_avg_pool2d: _adaptive_function,
    **dict.fromkeys([torch.mean, "mean"], _mean),
    **dict.fromkeys([F.max_pool2d, torch.max_pool2d], _max_pool),
    **dict.fromkeys([F.conv2d], _convolve),
    **dict.fromkeys([F.conv_transpose2d], _convolve_transposed),
    **dict.fromkeys([F.batch_norm], _batch_norm),
    torch.stack: _stack,
    **dict.fromkeys([torch.sum, "sum"], _sum_of_stack),
    **dict.fromkeys([torch.cat, torch.concat, torch.concatenate], _concatenate),
    **dict.fromkeys([operator.getitem, F.pad, torch.narrow, "narrow"], _rearrange),
    **dict.fromkeys([torch.chunk, "chunk", torch.split, "split"], _rearrange),
    **dict.fromkeys([torch.tensor_split, "tensor_split", "split_with_sizes"], _rearrange),
    **dict.fromkeys([torch.index_select, "index_select", "expand"], _rearrange),
    **dict.fromkeys([F.channel_shuffle, torch.channel_shuffle], _rearrange),
    F.pixel_shuffle: _pixel_shuffle,
    F.pixel_unshuffle: _pixel_unshuffle,
    **dict.fromkeys([F.dropout, F.dropout1d, F.dropout2d, F.dropout3d], _drop),
    **dict.fromkeys([F.alpha_dropout, F.feature_alpha_dropout], _drop),
    **dict.fromkeys(["contiguous", "detach"], _skip),
    **dict.fromkeys([torch.clone, "clone"], _copy),
}
