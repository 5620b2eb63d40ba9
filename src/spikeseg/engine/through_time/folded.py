"""Time in the batch: dense memory of (T * B, C, H, W), whatever its layout."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

KNOWN = (torch.float32, torch.bfloat16)
MOST_STEPS = 1 << 14  # whose potentials fit on the stack of a thread, 128 bytes each


def can_scan(x: Tensor, steps: int) -> bool:
    """Return whether so many steps of x are one compiled scan."""
    return x.device.type == "cpu" and x.dtype in KNOWN and steps <= MOST_STEPS


_SLACK = 2048  # numbers, a page of bfloat16


def fold(tensor: Tensor) -> Tensor:
    """Return (T, B, C, H, W) or (B, C, H, W) as dense (N, C, H, W); a view where it is dense."""
    folded = tensor.flatten(0, -4)
    return folded if is_dense(folded) else folded.contiguous(memory_format=torch.channels_last)


def in_channels_last(x: Tensor) -> Tensor:
    """Return (N, C, H, W) in channels_last memory, with strides that say so also of one channel.

    torch calls one channel's memory both contiguous and channels_last; oneDNN's convolutions are
    ten times faster if the strides are those of channels_last.
    """
    dense = x.contiguous(memory_format=torch.channels_last)
    _, channels, height, width = x.shape
    return dense.as_strided(x.shape, (height * width * channels, 1, width * channels, channels))


def is_dense(folded: Tensor) -> bool:
    """Return whether (N, C, H, W) is contiguous or channels_last."""
    return folded.is_contiguous() or folded.is_contiguous(memory_format=torch.channels_last)


def layout_of(folded: Tensor) -> torch.memory_format:
    """Return the layout that a dense tensor has."""
    last = torch.channels_last
    return last if folded.is_contiguous(memory_format=last) else torch.contiguous_format


def room_for(steps: int, like: Tensor) -> Tensor:
    """Return uninitialized (steps * B, C, H, W) in the dtype and layout of (B, C, H, W)."""
    return room((steps * like.shape[0], *like.shape[1:]), like.dtype, layout_of(like))


def room(shape: Sequence[int], dtype: torch.dtype, layout: torch.memory_format) -> Tensor:
    """Return uninitialized (N, C, H, W).

    Where it is large, a page more is taken: glibc gives freed memory to a request for aligned
    memory, as torch's are, only if it is larger, and else the heap would grow and grow.
    """
    count = math.prod(shape)
    extra = _SLACK if count > _SLACK else 0
    flat = torch.empty(count + extra, dtype=dtype)[:count]
    if layout == torch.channels_last:
        return flat.view(shape[0], *shape[2:], shape[1]).movedim(-1, 1)
    return flat.view(*shape)


def gradient_of(grad: Tensor, layout: torch.memory_format, dtype: torch.dtype) -> Tensor:
    """Return the dense (T * B, C, H, W) gradient of (T, B, C, H, W)."""
    return grad.flatten(0, 1).to(dtype).contiguous(memory_format=layout)


def split(x: Tensor, parts: int) -> Tensor:
    """Return (parts, N / parts, ...) from (N, ...)."""
    return x.reshape(parts, -1, *x.shape[1:])
