"""What a simulation found, for all images of a batch; and how that of several batches is joined."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Simulation:
    """What a spiking graph did with a batch of images.

    With early exit, an image has its own number of steps. Its potential, counts and later masks
    are those at its last step, and nothing happens in the steps after it.

    Attributes:
        num_steps: T, the most steps that an image was simulated.
        steps_used: (B,) int64, the steps that each image was simulated: T without early exit.
        engine: what it was calculated in, and why.
        potential: (B, K, H, W) mean output current over the steps that are read out, the
            counterpart of the network's logits.
        mask_steps: S steps, counted from 1, after which a mask was read out.
        masks: (S, B, H, W) uint8, the class of the largest potential.
        spike_counts: for each hidden population, spikes fired in all steps, (B, C, H, W).
        net_counts: the same with negative spikes taken off: what the spikes stand for.
        spikes: for each hidden population, (T, B, C, H, W) int8, if they were asked for.
        output: the output's current in every step, (T, B, K, H, W), if it was asked for.
        operations: (T, B) float64, synaptic operations in every step, if they were asked for: each
            spike counts with the exact number of its neuron's synapses.
    """

    num_steps: int
    steps_used: Tensor
    engine: str
    potential: Tensor
    mask_steps: tuple[int, ...]
    masks: Tensor
    spike_counts: dict[str, Tensor]
    net_counts: dict[str, Tensor]
    spikes: dict[str, Tensor]
    output: Tensor | None = None
    operations: Tensor | None = None


_BATCH_AXIS = {"masks": 1, "spikes": 1, "output": 1, "operations": 1}  # 0 where not said


def _mapped(
    simulations: list[Simulation], change: Callable[[list[Tensor], int], Tensor]
) -> Simulation:
    """Return a simulation whose tensors are made of those of ``simulations`` at the same place."""

    def value(name: str) -> Any:
        axis = _BATCH_AXIS.get(name, 0)
        found = [getattr(s, name) for s in simulations]
        if isinstance(found[0], dict):
            return {k: change([f[k] for f in found], axis) for k in found[0]}
        return change(found, axis) if isinstance(found[0], Tensor) else found[0]

    return Simulation(**{f.name: value(f.name) for f in fields(Simulation)})


def picked(simulation: Simulation, which: Tensor) -> Simulation:
    """Return the images of ``which``, (B,) bool."""
    if which.all():
        return simulation
    places = which.nonzero()[:, 0]
    return _mapped([simulation], lambda t, axis: t[0].index_select(axis, places.to(t[0].device)))


def joined(parts: list[tuple[Tensor, Simulation]]) -> Simulation:
    """Return all images in the order in which they were given."""
    if len(parts) == 1:
        return parts[0][1]
    order = torch.cat([places for places, _ in parts]).argsort()

    def join(tensors: list[Tensor], axis: int) -> Tensor:
        return torch.cat(tensors, axis).index_select(axis, order.to(tensors[0].device))

    return _mapped([simulation for _, simulation in parts], join)
