"""Shortens chains of transforms without changing what they compute.

Each rule takes two neighbors and gives the shorter or better ordered chain, or ``None`` where it
would not be exact.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.graph import (
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
from spikeseg.graph.transforms import Array, Weighted

Chain = tuple[Transform, ...]


def fold(chain: Chain) -> Chain:
    """Return the shortest chain that the rules reach.

    >>> scale = ChannelAffine(np.full(2, 3.0, np.float32))
    >>> fold((Convolution(np.ones((2, 1, 1, 1), np.float32)), scale))[0].weight.ravel()
    array([3., 3.], dtype=float32)
    """
    for i in range(len(chain) - 1):
        for rule in _RULES:
            shorter = rule(chain[i], chain[i + 1])
            if shorter is not None:
                return fold(chain[:i] + shorter + chain[i + 2 :])
    return chain


def _added(first: Array | None, second: Array | None) -> Array | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _scale_after(first: Transform, second: Transform) -> Chain | None:
    """Convolve, then scale: scale the kernel (batch norm folding)."""
    if not isinstance(second, ChannelAffine):
        return None
    scale, shift = second.weight, second.bias
    if isinstance(first, ChannelAffine):
        weight: Array = first.weight * scale
    elif isinstance(first, Convolution):
        weight = first.weight * scale[:, None, None, None]
    elif isinstance(first, TransposedConvolution):
        per_group = scale.reshape(first.groups, 1, -1, 1, 1)
        grouped = first.weight.reshape(first.groups, -1, *first.weight.shape[1:])
        weight = (grouped * per_group).reshape(first.weight.shape)
    else:
        return None
    bias = None if first.bias is None else first.bias * scale
    return (replace(first, weight=weight, bias=_added(bias, shift)),)


def _scale_before(first: Transform, second: Transform) -> Chain | None:
    """Scale, then convolve: scale the kernel's inputs; a shift only where no border adds zeros."""
    if not (isinstance(first, ChannelAffine) and isinstance(second, Convolution)):
        return None
    if second.groups != 1 or (first.bias is not None and any(second.padding)):
        return None
    weight = second.weight * first.weight[None, :, None, None]
    bias = second.bias
    if first.bias is not None:
        bias = _added(bias, np.einsum("oihw,i->o", second.weight, first.bias))
    return (replace(second, weight=weight, bias=bias),)


def _padding_before_weights(first: Transform, second: Transform) -> Chain | None:
    """Place channels among zeros, then convolve: keep only the kernel's part for them."""
    if not isinstance(first, ChannelPadding):
        return None
    if isinstance(second, Convolution) and second.groups == 1:
        last = second.weight.shape[1] - first.after
        return (replace(second, weight=second.weight[:, first.before : last]),)
    if isinstance(second, TransposedConvolution) and second.groups == 1:
        last = second.weight.shape[0] - first.after
        return (replace(second, weight=second.weight[first.before : last]),)
    if isinstance(second, ChannelAffine) and second.bias is None:
        last = second.weight.shape[0] - first.after
        return (replace(second, weight=second.weight[first.before : last]), first)
    if isinstance(second, ChannelPadding):
        return (ChannelPadding(first.before + second.before, first.after + second.after),)
    return None


def _padding_sinks(first: Transform, second: Transform) -> Chain | None:
    """Pooling and resizing work on each channel, so the placing can come after them."""
    per_channel = AveragePooling | Upsampling | Resizing | Padding
    if isinstance(first, ChannelPadding) and isinstance(second, per_channel):
        return (second, first)
    return None


def _selection(first: Transform, second: Transform) -> Chain | None:
    """Convolve, then choose channels: convolve for those only."""
    if not isinstance(second, ChannelSelection):
        return None
    chosen = list(second.channels)
    if isinstance(first, ChannelSelection):
        return (ChannelSelection(tuple(first.channels[c] if c >= 0 else -1 for c in chosen)),)
    if min(chosen) < 0 or isinstance(first, ChannelAffine | ChannelPadding):
        return None
    if isinstance(first, Convolution | TransposedConvolution) and first.groups == 1:
        bias = None if first.bias is None else first.bias[chosen]
        picked = first.weight[chosen] if isinstance(first, Convolution) else first.weight[:, chosen]
        return (replace(first, weight=picked, bias=bias),)
    return None


def _border(first: Transform, second: Transform) -> Chain | None:
    """Add zeros at the border, then convolve: let the convolution add them."""
    if not isinstance(first, Padding):
        return None
    if not any(first.padding):
        return (second,)
    if not isinstance(second, Convolution | Padding):
        return None
    pairs = list(zip(first.padding, second.padding, strict=True))
    total = tuple(a + b for a, b in pairs)
    if any(a < 0 < b for a, b in pairs):  # what was cut off comes back as zeros
        return None
    if isinstance(second, Convolution) and min(total) < 0:
        return None
    return (replace(second, padding=(total[0], total[1], total[2], total[3])),)


_RULES = (
    _scale_after,
    _scale_before,
    _padding_before_weights,
    _padding_sinks,
    _selection,
    _border,
)


def scale_chain(chain: Chain, source: NDArray[np.float64], target: NDArray[np.float64]) -> Chain:
    """Return the chain with its input worth ``source`` and its output measured in ``target``.

    The first weights take the factors of the source, the last ones those of the target.

    Args:
        chain: any chain, folded or not.
        source: (C_in,) value of one spike at the input.
        target: (C_out,) value of one spike at the output.
    """
    bare = not any(isinstance(t, Weighted) for t in chain)
    if bare and np.all(source == source[0]) and np.all(target == source[0]):
        return chain
    return _scaled_output(_scaled_input(chain, source), 1.0 / target)


def with_bias(chain: Chain, bias: NDArray[np.float64]) -> Chain:
    """Return the chain with (C_out,) added to its output."""
    last = chain[-1] if chain else None
    if isinstance(last, Weighted):
        total = bias if last.bias is None else last.bias + bias
        return (*chain[:-1], replace(last, bias=_float32(total)))
    return (*chain, ChannelAffine(np.ones(len(bias), np.float32), _float32(bias)))


def _scaled_input(chain: Chain, factor: NDArray[np.float64]) -> Chain:
    """Scale the input's channels: the first transform that has weights takes the factors."""
    if np.all(factor == 1.0):
        return chain
    for i, transform in enumerate(chain):
        if isinstance(transform, Weighted):
            return (*chain[:i], _inputs_scaled(transform, factor), *chain[i + 1 :])
        if isinstance(transform, ChannelPadding):
            factor = np.pad(factor, (transform.before, transform.after), constant_values=1.0)
        if isinstance(transform, ChannelSelection):
            factor = np.array([factor[c] if c >= 0 else 1.0 for c in transform.channels])
    return (*chain, ChannelAffine(_float32(factor)))


def _scaled_output(chain: Chain, factor: NDArray[np.float64]) -> Chain:
    """Scale the output's channels: the last transform that has weights takes the factors."""
    if np.all(factor == 1.0):
        return chain
    own = factor
    for i in reversed(range(len(chain))):
        transform = chain[i]
        if isinstance(transform, Weighted):
            scaled = _scale_after(transform, ChannelAffine(_float32(own)))
            assert scaled is not None
            return (*chain[:i], _as_float32(scaled[0]), *chain[i + 1 :])
        if isinstance(transform, ChannelSelection):  # may give one channel two factors
            break
        if isinstance(transform, ChannelPadding):
            own = own[transform.before : len(own) - transform.after]
    return (*chain, ChannelAffine(_float32(factor)))


def _inputs_scaled(transform: Weighted, factor: NDArray[np.float64]) -> Weighted:
    weight = transform.weight.astype(np.float64)
    if isinstance(transform, Convolution):
        groups = factor.reshape(transform.groups, 1, -1)
        shape = (transform.groups, -1, *weight.shape[1:])
        scaled = weight.reshape(shape) * groups[..., None, None]
        return replace(transform, weight=_float32(scaled.reshape(weight.shape)))
    if isinstance(transform, TransposedConvolution):
        return replace(transform, weight=_float32(weight * factor[:, None, None, None]))
    return replace(transform, weight=_float32(weight * factor))


def _as_float32(transform: Transform) -> Transform:
    assert isinstance(transform, Weighted)
    bias = None if transform.bias is None else _float32(transform.bias)
    return replace(transform, weight=_float32(transform.weight), bias=bias)


def _float32(array: NDArray[np.floating[Any]]) -> Array:
    return np.ascontiguousarray(array, dtype=np.float32)
