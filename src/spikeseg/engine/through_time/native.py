"""From LLVM's words to functions of this processor, and their work on all threads of torch."""

import ctypes
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.code.host import address, compile_module
from spikeseg.engine.threads import share
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.leaky_code import NAMES, WIDTH, write_module

_CHUNKS = 64  # at most; sums are taken in each, so they do not depend on the number of threads


class Span(NamedTuple):
    """Where the numbers of a scan lie.

    Attributes:
        steps: time steps.
        size: neurons.
        stride: numbers from a step of x to the next; 0 where x is constant.
    """

    steps: int
    size: int
    stride: int


class _Compiled(NamedTuple):
    functions: Mapping[str, Callable[..., None]]
    owner: Any  # of the code; keeps it in memory


@cache
def _compiled(dynamics: Dynamics, half: bool) -> _Compiled:
    engine = compile_module(write_module(dynamics, half))
    kind = ctypes.CFUNCTYPE(
        None, *[ctypes.c_void_p] * 5, *[ctypes.c_int64] * 7, *[ctypes.c_float] * 3
    )
    functions = {name: kind(engine.get_function_address(name)) for name in NAMES}
    return _Compiled(functions, engine)


def run_native(
    name: str,
    dynamics: Dynamics,
    tensors: Sequence[Tensor | None],
    tiles: Any,
    span: Span,
    decay: float,
) -> Any:
    """Run one of the functions of `leaky_code` on dense memory.

    Args:
        name: ``forward``, ``sums``, ``backward``, ``moments``, ``mean`` or ``add``.
        dynamics: the neuron.
        tensors: x, the gradient of the spikes, and what is written; all float32 or all bfloat16.
        tiles: (6, n, C) float32: gain, shift, mean, scale, along, offset.
        span: where the numbers lie.
        decay: share of the potential that survives a step.

    Returns:
        (2, n * C) float64: the sums.
    """
    x = tensors[0]
    assert x is not None
    period = tiles[0].size
    chunks = max(1, min(_CHUNKS, span.size // (4 * max(period, WIDTH))))
    totals = np.zeros((chunks, 2, period))
    function = _compiled(dynamics, x.dtype == torch.bfloat16).functions[name]
    memory = [None if t is None else t.data_ptr() for t in tensors]
    memory += [address(totals), address(tiles)]
    neuron = (decay, dynamics.v_threshold, 1.0 / dynamics.v_threshold)

    def work(first: int, last: int) -> None:
        function(*memory, *span, period, first, last, chunks, *neuron)

    share(work, chunks, span.steps * span.size)
    return totals.sum(0)


def empty_tiles(channels: int) -> Any:
    """Return zeros for (6, n, C): six numbers a channel, repeated until whole vectors fit."""
    return np.zeros((6, WIDTH // math.gcd(channels, WIDTH), channels), np.float32)


@cache
def same_tiles(gain: float) -> Any:
    """Return those of one gain for all channels, and no shift."""
    tiles = empty_tiles(1)
    tiles[0] = tiles[3] = gain
    return tiles
