"""Sums of a section by convolution, exact integers whichever number format holds them.

Spikes are 0 and 1 and weights are integers, so that no partial sum exceeds the section's `Range`:
below 2 ** 24 single precision is exact in any order of addition. Where the weights fit in 8 bits
and the processor multiplies bytes, oneDNN's quantized convolution takes them as they are.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from spikeseg.chips import KernelSynapses
from spikeseg.emulation.plan import Section
from spikeseg.emulation.processor import multiplies_bytes
from spikeseg.emulation.streams import Spikes, Stream

_ONE_DNN: Any = torch.ops.onednn
_NNPACK: Any = torch.backends.nnpack


class Convolution:
    """The kernels of one section as convolutions without padding."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.parts = [_Part(group, section) for group in section.block.kernels]

    def sums(
        self, spikes: Spikes, first: int, last: int, threads: int, to: NDArray[np.int32]
    ) -> None:
        """Write what arrives in slots ``first`` to ``last``, rows with padding.

        Args:
            spikes: of all streams.
            first: slot.
            last: slot behind the last.
            threads: for torch.
            to: (slots, rows, size), at least as many slots.
        """
        c, _, w = self.section.block.box.shape
        lines = torch.from_numpy(to[: last - first])[..., : w * c]
        view = lines.view(*lines.shape[:2], w, c)
        with _torch_threads.limited(threads):
            view.zero_()
            for part in self.parts:
                view += part(spikes, first, last).to(torch.int32)


class _Part:
    """One kernel: the picture that it slides over, and its weights.

    Attributes:
        corner: row and column where the picture begins, in the source, or in the source with gaps
            where the kernel is transposed.
        extent: rows and columns of the picture.
    """

    def __init__(self, group: KernelSynapses, section: Section) -> None:
        window, shape, start = group.window, section.block.box.shape, section.block.box.start
        self.streams = [s for s in section.streams if s.source == group.source]
        weight = group.weight >> section.held.shift
        reach = [(k - 1) * d for k, d in zip(weight.shape, window.dilation, strict=False)]
        self.stride, self.gaps, shift = window.stride, (1, 1), window.padding
        self.corner = [start[k + 1] * self.stride[k] - shift[k] for k in (0, 1)]
        if window.transposed:  # the kernel turned, over a picture with gaps
            self.stride, self.gaps = self.gaps, self.stride
            weight = weight[::-1, ::-1]
            self.corner = [start[k + 1] + shift[k] - reach[k] for k in (0, 1)]
        # oneDNN errs where a stride is given for a single column
        stride = [s if n > 1 else 1 for s, n in zip(self.stride, shape[1:], strict=True)]
        self.extent = [(shape[k + 1] - 1) * stride[k] + reach[k] + 1 for k in (0, 1)]
        self.channels = weight.shape[2]
        self.multiply = multiplier(
            weight.transpose(3, 2, 0, 1).copy(), stride, list(window.dilation), section.held.most
        )

    def __call__(self, spikes: Spikes, first: int, last: int) -> Tensor:
        picture = np.zeros((last - first, *self.extent, self.channels), np.uint8)
        for stream in self.streams:
            self._paint(picture, stream, spikes.read(stream, first - 1, last - 1))
        return self.multiply(torch.from_numpy(picture).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    def _paint(self, picture: NDArray[np.uint8], stream: Stream, fired: NDArray[np.uint8]) -> None:
        box, to, of = stream.box, [], []
        for k in (0, 1):
            step, corner = self.gaps[k], self.corner[k]
            begin = max(box.start[k + 1], -(-corner // step))
            end = min(box.stop[k + 1], -(-(corner + self.extent[k]) // step))
            if end <= begin:
                return
            to.append(slice(begin * step - corner, (end - 1) * step - corner + 1, step))
            of.append(slice(begin - box.start[k + 1], end - box.start[k + 1]))
        channels = slice(box.start[0], box.stop[0])
        picture[:, to[0], to[1], channels] = fired[:, of[0], of[1]]


def multiplier(
    weight: NDArray[np.int32], stride: list[int], dilation: list[int], most: int
) -> Callable[[Tensor], Tensor]:
    """Return a function of spikes (N, C, H, W), uint8; weight is (C_out, C, K_h, K_w)."""
    if multiplies_bytes() and most < 2**24 and np.abs(weight).max() < 128:
        return _multiplier_of_bytes(torch.from_numpy(weight.astype(np.int8)), stride, dilation)
    dtype = torch.float32 if most < 2**24 else torch.float64
    held = torch.from_numpy(weight).to(dtype).contiguous(memory_format=torch.channels_last)

    def multiply(spikes: Tensor) -> Tensor:
        return functional.conv2d(spikes.to(dtype), held, stride=stride, dilation=dilation)

    return multiply


def _multiplier_of_bytes(
    weight: Tensor, stride: list[int], dilation: list[int]
) -> Callable[[Tensor], Tensor]:
    ones = torch.ones(len(weight))
    zeros = torch.zeros(len(weight), dtype=torch.int32)
    how = (stride, [0, 0], dilation, 1)
    packed = _ONE_DNN.qconv_prepack(weight, ones, 1.0, 0, *how, None)

    def multiply(spikes: Tensor) -> Tensor:
        out: Any = (1.0, 0, torch.float32, "none", [], "")
        product: Tensor = _ONE_DNN.qconv_pointwise(
            spikes, 1.0, 0, packed, ones, zeros, None, *how, *out
        )
        return product

    return multiply


class _TorchThreads:
    """Torch's number of threads, lent while anybody convolves; without NNPACK, which rounds."""

    def __init__(self) -> None:
        self._lock, self._users, self._before = threading.Lock(), 0, (1, True)

    @contextlib.contextmanager
    def limited(self, threads: int) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                (nnpack,) = _NNPACK.set_flags(False)
                self._before = torch.get_num_threads(), nnpack
                torch.set_num_threads(threads)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    torch.set_num_threads(self._before[0])
                    _NNPACK.set_flags(self._before[1])


_torch_threads = _TorchThreads()
