"""Neurons: a plug point, one file each, in which the docstring is the equations.

A neuron is one function, ``step(current, state, parameters) -> (spike, state)``, written with
operators only, so that the same text runs on torch tensors, on NumPy arrays and, compiled, on
vectors of neurons inside the engine's scan over time. Every neuron has three states, the synaptic
current ``u``, the membrane potential ``v`` and the sum ``n`` of the spikes it has fired; with
``tau_syn = 0`` the current passes straight through. A file whose spikes are not 0 or 1 says so in
``SPIKE_LEVELS``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from spikeseg.errors import ConfigError
from spikeseg.registry import Registry

__all__ = ["NEURONS", "Neuron", "Parameters", "State", "Step"]


class State(NamedTuple):
    """What a neuron remembers from one step to the next: scalars, arrays or tensors.

    Attributes:
        u: synaptic current.
        v: membrane potential.
        n: sum of the spikes fired so far, for neurons that look at it.
    """

    u: Any
    v: Any
    n: Any = 0.0


class Parameters(NamedTuple):
    """Constants of a step, ready for use.

    Attributes:
        v_threshold: a spike is fired when ``v`` reaches it (or passes it; see the neuron).
        decay_u: share of the synaptic current that survives a step.
        gain_u: ``1 - decay_u``, which keeps the mean of a filtered current.
        decay_v: share of the membrane potential that survives a step, for neurons that leak.
    """

    v_threshold: Any
    decay_u: Any
    gain_u: Any
    decay_v: Any = 1.0


Step = Callable[[Any, State, Parameters], tuple[Any, State]]
NEURONS: Registry[Step] = Registry("neuron", "spikeseg.neurons")


@dataclass(frozen=True)
class Neuron:
    """Which neuron a population consists of.

    Attributes:
        name: a neuron of the registry.
        v_threshold: firing threshold.
        v_initial: membrane potential before the first step; one number, or one for each channel.
        tau_syn: time constant of the synaptic current in steps; 0 is none.
        decay_v: share of the membrane potential that survives a step, 0..1, for neurons that leak
            (``lif_soft``, ``lif_hard``).

    Raises:
        ConfigError: a threshold that is not positive, a negative time constant, a decay outside of
            0..1, or a value that is not finite.
    """

    name: str = "if_soft"
    v_threshold: float = 1.0
    v_initial: float | tuple[float, ...] = 0.0
    tau_syn: float = 0.0
    decay_v: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.v_threshold) and self.v_threshold > 0):
            raise ConfigError(
                f"v_threshold is {self.v_threshold}; it must be positive and finite. A network "
                "whose activations are all zero has no threshold: train it longer."
            )
        if not np.isfinite(self.v_initial).all():
            raise ConfigError(f"v_initial is {self.v_initial}; it must be finite.")
        if not (math.isfinite(self.tau_syn) and self.tau_syn >= 0):
            raise ConfigError(f"tau_syn is {self.tau_syn}; it must be 0 or more (steps), finite.")
        if not 0 <= self.decay_v <= 1:
            raise ConfigError(f"decay_v is {self.decay_v}; it must be in [0, 1].")

    @property
    def step(self) -> Step:
        """The neuron's step function."""
        return NEURONS.get(self.name)

    @property
    def spike_levels(self) -> tuple[int, ...]:
        """The values that a spike can have, 0 included.

        >>> Neuron("if_soft").spike_levels, Neuron("if_signed").spike_levels
        ((0, 1), (-1, 0, 1))
        """
        names = getattr(self.step, "__globals__", {})
        levels: tuple[int, ...] = names.get("SPIKE_LEVELS", (0, 1))
        return levels

    @property
    def parameters(self) -> Parameters:
        """The constants of a step.

        >>> Neuron(tau_syn=0.0).parameters
        Parameters(v_threshold=1.0, decay_u=0.0, gain_u=1.0, decay_v=1.0)
        """
        decay = math.exp(-1.0 / self.tau_syn) if self.tau_syn else 0.0
        return Parameters(self.v_threshold, decay, 1.0 - decay, self.decay_v)
