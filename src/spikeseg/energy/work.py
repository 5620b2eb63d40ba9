"""What costs are counted from: the events of one image, by layer, and by step for the time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ProgramError

Floats = NDArray[np.float64]
SIZES = ("neurons", "weights", "updates", "state_bits")
"""What a silent network has too: everything else of `Work` comes from spikes."""
LIMITED = ("receiving_updates", "spikes")
"""What happens once in an update at most."""


@dataclass(frozen=True)
class Work:
    """Events of a layer, or of a network, while one image is shown (means over images).

    Attributes:
        neurons: neurons.
        weights: weights that its memory holds; those of a kernel count once.
        updates: neurons times steps.
        state_bits: bits of state read and written by the updates.
        receiving_updates: updates in which at least one synapse delivered a spike.
        spikes: spikes fired.
        synaptic_operations: weights added.
        weight_bits: bits of weights read by them.
        packets_in: packets that arrive, from cores and from the host.
        packets_out: packets sent to other cores.
        within_tile: packets sent that stay on their tile.
        hops_east_west: hops of the packets sent, along rows of the mesh.
        hops_north_south: hops along columns.
        inter_chip_packets: packets sent to another chip.

    Raises:
        ProgramError: a count is negative or not finite, or there are more receiving updates, or
            more spikes, than updates.
    """

    neurons: float
    weights: float
    updates: float
    state_bits: float
    receiving_updates: float
    spikes: float
    synaptic_operations: float
    weight_bits: float
    packets_in: float
    packets_out: float
    within_tile: float
    hops_east_west: float
    hops_north_south: float
    inter_chip_packets: float

    def __post_init__(self) -> None:
        for field in fields(self):
            count = getattr(self, field.name)
            if not (math.isfinite(count) and count >= 0):
                raise ProgramError(
                    f"{field.name} of an image is {count}; a count is finite, 0 or more. Count the "
                    "program again."
                )
        if max(self.receiving_updates, self.spikes) > self.updates:
            raise ProgramError(
                f"there are {self.receiving_updates} receiving updates of {self.updates} and "
                f"{self.spikes} spikes; a neuron receives and fires once in a step at most. Count "
                "the program again."
            )

    def __add__(self, other: "Work") -> "Work":
        return Work(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def at(self, share: float) -> "Work":
        """Return the work if all events scale with the spikes; what a silent network has stays.

        A neuron fires and receives once in a step at most: spikes and receiving updates stop at
        the updates.

        Args:
            share: of the present spike rate, 0 or more; 0 is a silent network.
        """
        events = [f.name for f in fields(self) if f.name not in SIZES]
        scaled = {name: getattr(self, name) * share for name in events}
        return replace(self, **scaled | {n: min(scaled[n], self.updates) for n in LIMITED})


@dataclass(frozen=True, eq=False)
class StepWork:
    """Events of each core in each step of an image, for the time that a step takes.

    Attributes:
        operations: (T, N), synaptic operations.
        receiving: (T, N), neurons that receive a spike.
        packets: (T, N), packets that arrive.
        neurons: (N,), neurons of the core.
        tiles: tiles that hold a core, on the chip that has most.

    Raises:
        ProgramError: the shapes do not agree, or there is no step or no core.
    """

    operations: Floats
    receiving: Floats
    packets: Floats
    neurons: Floats
    tiles: int

    def __post_init__(self) -> None:
        shape = self.operations.shape
        same = shape == self.receiving.shape == self.packets.shape
        if len(shape) != 2 or 0 in shape or not same or self.neurons.shape != shape[1:]:
            raise ProgramError(
                f"operations, receiving and packets of steps have the shapes {shape}, "
                f"{self.receiving.shape} and {self.packets.shape}, neurons {self.neurons.shape}; "
                "give (steps, cores) three times and (cores,), at least one of each."
            )

    def at(self, share: float) -> "StepWork":
        """Return the steps at a share of the present spike rate, as `Work.at` does."""
        return replace(
            self,
            operations=self.operations * share,
            receiving=np.minimum(self.receiving * share, self.neurons),
            packets=self.packets * share,
        )


@dataclass(frozen=True, eq=False)
class NetworkWork:
    """What a spiking network does for one image.

    Attributes:
        layers: the work of each population on the chips.
        num_steps: of an image.
        chips: that it runs on.
        steps: for the time; ``None`` where it is not wanted.

    Raises:
        ProgramError: there is no layer, no update, or fewer than one step or chip.
    """

    layers: Mapping[str, Work]
    num_steps: int
    chips: int
    steps: StepWork | None = None

    def __post_init__(self) -> None:
        updates = sum(layer.updates for layer in self.layers.values())
        if not updates or self.num_steps < 1 or self.chips < 1:
            raise ProgramError(
                f"a network with {len(self.layers)} layers, {updates:g} updates, {self.num_steps} "
                f"steps, on {self.chips} chips has no energy; give at least one of each."
            )

    @property
    def total(self) -> Work:
        """The sum of the layers."""
        first, *rest = self.layers.values()
        for work in rest:
            first = first + work
        return first

    @property
    def spike_rate(self) -> float:
        """Mean spikes per neuron and step."""
        total = self.total
        return total.spikes / total.updates

    def at(self, share: float) -> "NetworkWork":
        """Return the work at a share of the present spike rate, as `Work.at` does; steps too."""
        layers = {name: work.at(share) for name, work in self.layers.items()}
        steps = None if self.steps is None else self.steps.at(share)
        return replace(self, layers=layers, steps=steps)
