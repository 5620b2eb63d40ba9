"""A chip's kernel as a torch convolution: exact sums forward, fast gradients backward."""

from dataclasses import replace
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from spikeseg.chips import Window

Size = tuple[int, int]


def slide(spikes: Tensor, weight: Tensor, window: Window, size: Size) -> Tensor:
    """Return the sums of weights that arrive, (N, C_out, *size), exactly.

    Sums are taken in 8-bit products where the processor has them (AMX or VNNI, by oneDNN), else in
    float32. Gradients are rounded to bfloat16 where the processor multiplies such (AMX), which
    leaves the sums themselves untouched.

    Args:
        spikes: (N, C_in, H, W) of 0 and 1.
        weight: (K_h, K_w, C_in, C_out), whole numbers that add up to less than 2^24.
        window: how the kernel slides.
        size: (H, W) of the target.
    """
    arrived: Tensor = _Slide.apply(spikes, weight, window, size)  # type: ignore[no-untyped-call]
    return arrived


class _Slide(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spikes: Tensor, weight: Tensor, window: Window, size: Size) -> Tensor:
        ctx.window, ctx.size = window, size
        kept = spikes.to(torch.bfloat16) if has_amx() else spikes
        ctx.save_for_backward(kept, weight)
        if not window.transposed and has_int8() and float(weight.abs().max()) <= 127:
            return _convolve_int8(spikes, weight, window, size)
        return slide_plain(spikes, weight, window, size)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        spikes, weight = ctx.saved_tensors
        with torch.enable_grad():
            inputs = spikes.detach().requires_grad_(ctx.needs_input_grad[0])
            kernel = weight.detach().requires_grad_()
            out = slide_plain(inputs, kernel.to(inputs.dtype), ctx.window, ctx.size)
        wanted = [inputs, kernel] if ctx.needs_input_grad[0] else [kernel]
        found = torch.autograd.grad(out, wanted, grad.to(out.dtype))
        by_spikes = found[0].float() if ctx.needs_input_grad[0] else None
        return by_spikes, found[-1].float(), None, None


def slide_plain(spikes: Tensor, weight: Tensor, window: Window, size: Size) -> Tensor:
    """Do what `slide` does, in the dtype of the arguments, with torch's own gradient."""
    if window.transposed:
        return _transposed(spikes, weight, window, size)
    kernel = weight.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    window = _without_idle_strides(window, size)
    padded, padding = _framed(spikes, weight, window, size)
    return F.conv2d(padded, kernel, None, window.stride, padding, window.dilation)


def _without_idle_strides(window: Window, size: Size) -> Window:
    """Return the window with no stride where there is one target; oneDNN sums wrongly with one."""
    rows, columns = (1 if n == 1 else s for n, s in zip(size, window.stride, strict=True))
    return replace(window, stride=(rows, columns))


def _framed(spikes: Tensor, weight: Tensor, window: Window, size: Size) -> tuple[Tensor, Size]:
    """Return the spikes and what a convolution still pads at all sides."""
    ends = [
        (n - 1) * s + (k - 1) * d + 1 - p - m
        for n, s, k, d, p, m in zip(
            size,
            window.stride,
            weight.shape[:2],
            window.dilation,
            window.padding,
            spikes.shape[2:],
            strict=True,
        )
    ]
    top, left = window.padding
    stride = window.stride
    if all(p - s < end <= p for end, p, s in zip(ends, (top, left), stride, strict=True)):
        return spikes, (top, left)
    return _padded(spikes, (left, ends[1], top, ends[0])), (0, 0)


def _padded(spikes: Tensor, sides: tuple[int, int, int, int]) -> Tensor:
    """Add zeros first, then cut: the two may meet at the same side of a small map."""
    grown = F.pad(spikes, [max(side, 0) for side in sides])
    return F.pad(grown, [min(side, 0) for side in sides]) if min(sides) < 0 else grown


def _transposed(spikes: Tensor, weight: Tensor, window: Window, size: Size) -> Tensor:
    """Reach everything, then keep the rows and columns that there are."""
    kernel = weight.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)
    reach = [
        (m - 1) * s + (k - 1) * d + 1 - 2 * p
        for m, s, k, d, p in zip(
            spikes.shape[2:],
            window.stride,
            weight.shape[:2],
            window.dilation,
            window.padding,
            strict=True,
        )
    ]
    if tuple(reach) == size:
        return F.conv_transpose2d(
            spikes, kernel, None, window.stride, window.padding, dilation=window.dilation
        )
    whole = F.conv_transpose2d(spikes, kernel, None, window.stride, dilation=window.dilation)
    top, left = window.padding
    ends = [n + p - m for n, p, m in zip(size, window.padding, whole.shape[2:], strict=True)]
    return _padded(whole, (-left, ends[1], -top, ends[0]))


def _convolve_int8(spikes: Tensor, weight: Tensor, window: Window, size: Size) -> Tensor:
    window = _without_idle_strides(window, size)
    padded, padding = _framed(spikes, weight, window, size)
    bits = padded.to(torch.uint8).contiguous(memory_format=torch.channels_last)
    kernel = weight.permute(3, 2, 0, 1).to(torch.int8).contiguous()
    ones, zeros = torch.ones(len(kernel)), torch.zeros(len(kernel), dtype=torch.int64)
    how = (list(window.stride), list(padding), list(window.dilation), 1)
    packed = torch.ops.onednn.qconv_prepack(kernel, ones, 1.0, 0, *how, list(bits.shape))
    arrived: Tensor = torch.ops.onednn.qconv_pointwise(
        bits, 1.0, 0, packed, ones, zeros, None, *how, 1.0, 0, torch.float32, "none", [], ""
    )
    return arrived


@cache
def has_int8() -> bool:
    """Return whether the processor multiplies 8-bit numbers, and torch can be told to."""
    return bool(torch.cpu._is_vnni_supported()) and hasattr(torch.ops.onednn, "qconv_pointwise")


@cache
def has_amx() -> bool:
    """Return whether the processor multiplies matrices of bfloat16."""
    return bool(torch.cpu._is_amx_tile_supported())
