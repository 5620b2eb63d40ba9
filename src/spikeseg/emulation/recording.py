"""What a program did: spikes, potentials, and what was asked to be recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

OVERFLOWS = ("accumulator", "current", "input current")


@dataclass(frozen=True, eq=False)
class Recording:
    """The outcome of `emulate`.

    Attributes:
        num_steps: steps taken.
        spike_counts: for each population (B, C, H, W), int32: spikes in all steps.
        potentials: ``v`` of the output population after the last step, (B, C, H, W), int32.
        traces: what ``record`` named, (T, B, C, H, W): ``"population.u"`` and ``".v"`` int32,
            ``".spikes"`` bool.
        overflows: how often a neuron's sum of weights (``"accumulator"``), its current
            (``"current"``), or current and bias together (``"input current"``) left their
            registers and wrapped.
        deliveries: for each population, the synapses that the emulator served within the steps, of
            all images; spikes of the last step serve none. Empty if it was not asked to count.
    """

    num_steps: int
    spike_counts: Mapping[str, NDArray[np.int32]]
    potentials: NDArray[np.int32]
    traces: Mapping[str, NDArray[Any]]
    overflows: Mapping[str, int]
    deliveries: Mapping[str, int] = field(default_factory=dict)
