"""A population's neurons over time: one compiled loop on the CPU, torch steps elsewhere."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from spikeseg.engine.compiled import is_compiled
from spikeseg.engine.fused import fused_scan
from spikeseg.engine.threads import threads_of_torch
from spikeseg.neurons import Neuron, Parameters, State, Step

_BLOCK = 2048  # neurons whose state stays in the first-level cache while time runs


def initial_state(neuron: Neuron, current: Tensor) -> State:
    """Return the state before the first step for a (T, B, C, H, W) ``current``."""
    zeros = torch.zeros_like(current[0])
    start = torch.as_tensor(neuron.v_initial, dtype=current.dtype, device=current.device)
    return State(zeros, (zeros + start.view(-1, 1, 1)).contiguous(), torch.zeros_like(zeros))


def scan(neuron: Neuron, current: Tensor, state: State) -> tuple[Tensor, State]:
    """Run the neurons over all steps of ``current``.

    Args:
        neuron: what they are.
        current: (T, B, C, H, W).
        state: ``u``, ``v`` and ``n``, each (B, C, H, W), as after the previous step.

    Returns:
        Spikes, (T, B, C, H, W), in the dtype of ``current``, and the new state.
    """
    if current.device.type == "cpu":
        return _scan_compiled(neuron, current, state)
    run = fused_scan if is_compiled(current.device) else scan_stepwise
    return run(neuron, current, state)


def scan_stepwise(neuron: Neuron, current: Tensor, state: State) -> tuple[Tensor, State]:
    """Do what `scan` does, one torch step after another; any device, and differentiable inputs."""
    spikes = []
    for now in current:
        spike, state = neuron.step(now, state, neuron.parameters)
        spikes.append(spike.to(current.dtype))
    return torch.stack(spikes), state


def _flat(tensor: Tensor, leading: int) -> Any:
    """Return a NumPy view with the last three axes merged in the order of channels_last."""
    moved = tensor.movedim(-3, -1)
    return moved.reshape(*tensor.shape[:leading], -1).numpy()


def _scan_compiled(neuron: Neuron, current: Tensor, state: State) -> tuple[Tensor, State]:
    x = np.ascontiguousarray(_flat(current, 1))
    u, v, n = (np.array(_flat(s.unsqueeze(0), 1)[0]) for s in state)
    spikes = np.empty_like(x)
    constants = Parameters(*(x.dtype.type(p) for p in neuron.parameters))
    with threads_of_torch():
        _kernel(neuron.step)(x, u, v, n, spikes, constants)
    shape = current.movedim(-3, -1).shape

    def unflatten(a: Any, shape: torch.Size) -> Tensor:
        return torch.from_numpy(a).view(shape).movedim(-1, -3)

    return unflatten(spikes, shape), State(*(unflatten(a, shape[1:]) for a in (u, v, n)))


@cache
def _kernel(step: Step) -> Callable[..., None]:
    """Compile the scan of one neuron."""
    compiled = numba.njit(step)

    @numba.njit(parallel=True)
    def run(x: Any, u: Any, v: Any, n: Any, spikes: Any, parameters: Any) -> None:
        steps, size = x.shape
        blocks = (size + _BLOCK - 1) // _BLOCK
        for block in numba.prange(blocks):
            first, last = block * _BLOCK, min(size, (block + 1) * _BLOCK)
            for t in range(steps):
                for i in range(first, last):
                    spike, state = compiled(x[t, i], State(u[i], v[i], n[i]), parameters)
                    u[i], v[i], n[i] = state.u, state.v, state.n
                    spikes[t, i] = spike

    kernel: Callable[..., None] = run
    return kernel
