"""Connections for inference: from a population's spikes to the current that they cause.

A path knows in which numbers it calculates. ``fp32`` stands for the dtype of the images, and is as
exact as that; ``bf16`` rounds weights and currents to bfloat16; ``int8`` rounds weights to 255
levels a channel, adds them up exactly, and rounds currents to bfloat16.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.bits import ByteWeights, convolve_bytes, enlarge_bytes, pack_bytes
from spikeseg.engine.choosing import Numbers
from spikeseg.engine.currents import Current, laid_out
from spikeseg.engine.spikes import Spikes
from spikeseg.engine.through_time.doubled import spread_weights
from spikeseg.engine.through_time.folded import split
from spikeseg.engine.weights import checksum
from spikeseg.graph import (
    ChannelPadding,
    ChannelSelection,
    Connection,
    Convolution,
    Padding,
    Transform,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import Pair

_MOVING = (ChannelPadding, ChannelSelection, Padding)


class Path:
    """A connection, ready for the spikes of its source.

    Args:
        connection: the connection.
        numbers: what it calculates in.
        dtype: of the images.
        device: of the images.
    """

    def __init__(
        self, connection: Connection, numbers: Numbers, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.source = connection.source
        self._offset = (torch.Size(), torch.empty(0))  # of maps of the size that came last
        dtype = dtype if numbers == "fp32" else torch.bfloat16
        leading, rest = _split(connection.transforms) if numbers == "int8" else ((), None)
        self.dtype = torch.uint8 if leading else dtype
        self._bytes = [_on_bytes(t) for t in leading]
        whole = connection.transforms
        if rest is None and dtype != torch.float64:  # whose sums of weights would be rounded
            whole = without_enlarging(whole)
        chain = whole if rest is None else rest
        like = torch.empty(0, dtype=dtype, device=device)
        self._rest = Current(replace(connection, transforms=chain), like)

    def __call__(self, spikes: Spikes) -> Tensor:
        """Return the current in every step, (T, B, C, H, W)."""
        x = spikes.dense(self.dtype)
        return split(self._of(x.flatten(0, 1)), len(x))

    def of_sum(self, total: Tensor, steps: int) -> Tensor:
        """Return the sum of the currents in so many steps from the sum of their spikes.

        Args:
            total: (B, C, H, W).
            steps: how many; the biases act in each.
        """
        size, offset = self._offset  # another thread may put that of another size in its place
        if size != total.shape[1:]:
            offset = self._of(torch.zeros_like(total[:1]))
            self._offset = (total.shape[1:], offset)
        return self._of(total) + offset * (steps - 1)

    def _of(self, x: Tensor) -> Tensor:
        for transform in self._bytes:
            x = transform(x)
        return self._rest(x)


class _Ready(NamedTuple):
    weights: int
    paths: dict[tuple[object, ...], Path]


_ready: WeakKeyDictionary[Connection, _Ready] = WeakKeyDictionary()


def make_path(connection: Connection, numbers: Numbers, like: Tensor) -> Path:
    """Return the path of a connection, made once for its weights, for images such as ``like``."""
    ready, weights = _ready.get(connection), checksum([connection])
    if ready is None or ready.weights != weights:
        ready = _ready[connection] = _Ready(weights, {})
    key = (numbers, like.dtype, like.device)
    if key not in ready.paths:
        ready.paths[key] = Path(connection, *key)
    return ready.paths[key]


def without_enlarging(chain: tuple[Transform, ...]) -> tuple[Transform, ...]:
    """Return an equal chain in which no map is enlarged just to be convolved.

    A nearest-neighbor upsampling by two and a 3 x 3 convolution behind it are one transposed
    convolution with 4/9 of the products; see `convolve_doubled`.
    """
    for k, (first, second) in enumerate(pairwise(chain)):
        if _is_doubling(first) and _is_plain(second):
            assert isinstance(second, Convolution)
            spread = spread_weights(torch.from_numpy(second.weight.astype(np.float64)))
            weight = np.ascontiguousarray(spread.numpy(), np.float32)
            joined = TransposedConvolution(weight, second.bias, (2, 2), (1, 1))
            return (*chain[:k], joined, *without_enlarging(chain[k + 2 :]))
    return chain


def _is_doubling(t: Transform) -> bool:
    return isinstance(t, Upsampling) and t.mode == "nearest" and t.factor == (2, 2)


def _is_plain(t: Transform) -> bool:
    return (
        isinstance(t, Convolution)
        and (t.weight.shape[2:], t.stride, t.padding) == ((3, 3), (1, 1), (1, 1, 1, 1))
        and (t.dilation, t.groups) == ((1, 1), 1)
    )


def _split(
    chain: tuple[Transform, ...],
) -> tuple[tuple[Transform, ...], tuple[Transform, ...] | None]:
    """Return what is done with bytes, up to the first convolution, and the rest.

    Nothing is, and the rest is everything (``None``), where another transform comes first.
    """
    for k, transform in enumerate(chain):
        if isinstance(transform, Convolution) and transform.groups == 1:
            return chain[: k + 1], chain[k + 1 :]
        if not (isinstance(transform, _MOVING) or _is_doubling(transform)):
            break
    return (), None


def _on_bytes(transform: Transform) -> Callable[[Tensor], Tensor]:
    if isinstance(transform, Upsampling):
        return enlarge_bytes
    if isinstance(transform, Convolution):
        return _byte_convolution(transform)
    return Current(Connection("", "", (transform,)), torch.empty(0, dtype=torch.uint8))


def _byte_convolution(t: Convolution) -> Callable[[Tensor], Tensor]:
    bias = None if t.bias is None else torch.from_numpy(t.bias)

    @cache
    def packed(stride: Pair, padding: Pair) -> ByteWeights:
        return pack_bytes(torch.from_numpy(t.weight), stride, padding, t.dilation)

    def convolve(x: Tensor) -> Tensor:
        x, stride, padding = laid_out(t, x)
        return convolve_bytes(x, packed(stride, padding), torch.bfloat16, bias)

    return convolve
