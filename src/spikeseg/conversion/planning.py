"""What converting decides for each population, and what it decides from."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recording import record_activations
from spikeseg.conversion.tracing import TracedNetwork
from spikeseg.errors import ConfigError

PerChannel = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PopulationPlan:
    """What converting decides for one population of C channels.

    Attributes:
        spike_value: (C,), the activation that one spike in every step stands for: the threshold
            in the units of the network.
        v_initial: (C,), membrane potential before the first step, in thresholds.
        bias: (C,), added to the current in every step, in the units of the network.
        neuron: a neuron.
    """

    spike_value: PerChannel
    v_initial: PerChannel
    bias: PerChannel
    neuron: str


Plan = dict[str, PopulationPlan]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What recipes decide from: the network and images without labels.

    Attributes:
        traced: the network.
        images: (B, C, H, W), or ``None``.
    """

    traced: TracedNetwork
    images: Tensor | None
    _found: dict[str, Tensor] = field(default_factory=dict)

    def images_for(self, recipe: str) -> Tensor:
        """Return the calibration images.

        Raises:
            ConfigError: there are none.
        """
        if self.images is None:
            raise ConfigError(
                f"conversion.recipes has {recipe!r}, which needs calibration images; pass some, or "
                "use recipes 'trained' and 'half_threshold'."
            )
        return self.images

    def activations(self, recipe: str) -> dict[str, NDArray[Any]]:
        """Return each hidden population's activation on the images, (B, C, H, W).

        Raises:
            ConfigError: there are no images.
        """
        images = self.images_for(recipe)
        if not self._found:
            self._found.update(record_activations(self.traced, images))
        return {name: a.cpu().numpy() for name, a in self._found.items()}


def first_plan(traced: TracedNetwork, config: ConversionConfig) -> Plan:
    """Return the plan that recipes start from: every spike is worth 1, potentials start at 0."""

    def start(channels: int) -> PopulationPlan:
        zeros = np.zeros(channels)
        return PopulationPlan(np.ones(channels), zeros, zeros, config.neuron)

    return {name: start(traced.shapes[name][0]) for name in traced.amplitudes}
