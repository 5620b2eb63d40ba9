"""A population's neurons over time: one compiled loop on the CPU, torch steps elsewhere."""

import ctypes
import math
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from spikeseg.engine.code.host import Compiled, compile_function
from spikeseg.engine.scan_code import NAME, WIDTH, Form, write_scan
from spikeseg.engine.threads import share
from spikeseg.engine.through_time.compiled import is_compiled
from spikeseg.engine.through_time.fused import fused_scan
from spikeseg.neurons import Neuron, State, Step

_CHUNK = 1 << 12  # neurons that a thread takes at once


class Counts(NamedTuple):
    """Spikes of each neuron so far, (B, C, H, W), in the dtype of the state.

    Attributes:
        net: with their sign.
        fired: without; ``None`` of neurons whose spikes are never negative: ``net`` is both.
    """

    net: Tensor
    fired: Tensor | None = None


def initial_state(neuron: Neuron, current: Tensor) -> State:
    """Return the state before the first step for a (T, B, C, H, W) ``current``."""
    zeros = torch.zeros_like(current[0])
    start = torch.as_tensor(neuron.v_initial, dtype=current.dtype, device=current.device)
    return State(zeros, (zeros + start.view(-1, 1, 1)).contiguous(), torch.zeros_like(zeros))


def scan(neuron: Neuron, current: Tensor, state: State) -> tuple[Tensor, State]:
    """Run the neurons over all steps of ``current``.

    Args:
        neuron: what they are.
        current: (T, B, C, H, W), float32 or float64.
        state: ``u``, ``v`` and ``n``, each (B, C, H, W), as after the previous step.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of ``current``, and the new state.
    """
    if current.device.type != "cpu":
        return _on_device(neuron, current, state)
    exact = current.dtype
    spikes, after = scan_parts(neuron, [current], State(*(s.clone() for s in state)), None, exact)
    assert after is not None
    return spikes, after


def scan_stepwise(neuron: Neuron, current: Tensor, state: State) -> tuple[Tensor, State]:
    """Do what `scan` does, one torch step after another; any device, and differentiable inputs."""
    spikes = []
    for now in current:
        spike, state = neuron.step(now, state, neuron.parameters)
        spikes.append(spike.to(current.dtype))
    return torch.stack(spikes), state


def scan_parts(
    neuron: Neuron,
    parts: Sequence[Tensor],
    state: State | None,
    counts: Counts | None,
    dtype: torch.dtype | Literal["bits"],
    *,
    exact: torch.dtype = torch.float32,
    stays: bool = True,
) -> tuple[Tensor, State | None]:
    """Run the neurons on a sum of currents that is not made in memory.

    Args:
        neuron: what they are.
        parts: the currents, (T, B, C, H, W) each; bfloat16, or of the dtype of the state. A part
            that is expanded along T is read as it is.
        state: (B, C, H, W) each, is used up; ``None`` before the first step.
        counts: of all steps so far; added to in place.
        dtype: of the spikes; int8 if they may be negative and are to be bytes, else also uint8.
            ``bits``, on the CPU, are the words of a `BitMap` whose rows are whole words.
        exact: of the state, if there is none yet: float32 or float64.
        stays: the state after the last step is needed.

    Returns:
        Spikes, (T, B, C, H, W) in channels_last memory, or words, (T, B, H, W * C / 64) int64; and
        the new state, if it is needed.
    """
    per_channel = isinstance(neuron.v_initial, tuple)
    if state is None and (per_channel or parts[0].device.type != "cpu"):
        state = initial_state(neuron, parts[0][:1].to(exact))
    if parts[0].device.type != "cpu":
        assert state is not None
        return _parts_on_device(neuron, parts, state, counts, dtype)
    steps, batch, *shape = parts[0].shape
    laid = [_laid(part) for part in parts]
    found = _words(steps, batch, shape) if dtype == "bits" else _room(steps * batch, shape, dtype)
    held = State(*(_flat(s) for s in state)) if state else None
    if held is None and stays:
        held = State(*(_room(batch, shape, exact) for _ in State._fields))
    counted = [_in_order(c) for c in counts or () if c is not None]
    form = Form(
        parts=tuple(_name(part.dtype) for part, _ in laid),
        spikes="bits" if dtype == "bits" else _name(dtype),
        state=_name(held.v.dtype if held else exact),
        counts=("net", "fired")[: len(counted)],
        starts=state is None,
        stays=stays,
    )
    pointers = [found, *(held or [found] * 3), *counted]  # a state that nobody needs is not touched
    memory = [part.data_ptr() for part, _ in laid] + [stride for _, stride in laid]
    memory += [t.data_ptr() for t in pointers]
    _run(neuron, form, memory, steps, batch * math.prod(shape))
    return (found if dtype == "bits" else found.view(steps, batch, *shape)), held


def _run(neuron: Neuron, form: Form, memory: Sequence[int], steps: int, size: int) -> None:
    """Share the neurons out among the threads."""
    function = _compiled(neuron.step, form).function
    start = neuron.v_initial
    numbers = (*neuron.parameters, 0.0 if isinstance(start, tuple) else start)
    chunks, packs = max(1, size // _CHUNK), size // WIDTH

    def work(first: int, last: int) -> None:
        end = size if last == chunks else packs * last // chunks * WIDTH
        function(*memory, *numbers, steps, size, packs * first // chunks * WIDTH, end)

    share(work, chunks, steps * size)


def _on_device(neuron: Neuron, current: Tensor, state: State) -> tuple[Tensor, State]:
    run = fused_scan if is_compiled(current.device) else scan_stepwise
    return run(neuron, current, state)


def _parts_on_device(
    neuron: Neuron,
    parts: Sequence[Tensor],
    state: State,
    counts: Counts | None,
    dtype: torch.dtype | Literal["bits"],
) -> tuple[Tensor, State]:
    assert dtype != "bits"
    current = sum((part.to(state.v.dtype) for part in parts[1:]), parts[0].to(state.v.dtype))
    assert isinstance(current, Tensor)
    spikes, state = _on_device(neuron, current, state)
    if counts is not None:
        counts.net.add_(spikes.sum(0))
        if counts.fired is not None:
            counts.fired.add_(spikes.abs().sum(0))
    return spikes.to(dtype), state


@cache
def _compiled(step: Step, form: Form) -> Compiled:
    real = ctypes.c_double if form.state == "float64" else ctypes.c_float
    many = len(form.parts)
    pointers = [ctypes.c_void_p] * (4 + len(form.counts))
    arguments: list[Any] = [ctypes.c_void_p] * many + [ctypes.c_int64] * many
    arguments += [*pointers, *[real] * 5, *[ctypes.c_int64] * 4]
    return compile_function(write_scan(step, form), NAME, arguments)


def _laid(part: Tensor) -> tuple[Tensor, int]:
    """Return (T, B, C, H, W) in channels_last memory, and how far its steps lie apart."""
    if part.stride(0) == 0 and len(part) > 1:
        return _flat(part[0]), 0
    return _flat(part.flatten(0, 1)), part[0].numel()


def _room(count: int, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    return torch.empty((count, *shape), dtype=dtype, memory_format=torch.channels_last)


def _words(steps: int, batch: int, shape: Sequence[int]) -> Tensor:
    channels, height, width = shape
    assert width * channels % 64 == 0
    return torch.empty(steps, batch, height, width * channels // 64, dtype=torch.int64)


def _flat(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _in_order(x: Tensor) -> Tensor:
    assert x.is_contiguous(memory_format=torch.channels_last)
    return x


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
