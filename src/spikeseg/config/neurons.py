"""Settings of a network that is trained as a spiking one."""

from dataclasses import dataclass
from typing import Literal

from spikeseg.config._checking import require


@dataclass(frozen=True)
class SpikingConfig:
    """The neurons of a network that is trained through its spikes, and what they are driven by.

    Attributes:
        neuron: ``lif`` (leaky integrate-and-fire), ``plif`` (its leak is trained), ``ilif``
            (fires 0 to ``levels`` at once in training, ``levels`` binary steps afterwards) or
            ``alif`` (its threshold rises with every spike).
        num_steps: time steps of an image.
        decay: share of the membrane potential that survives a step, 0..1; 1 is no leak. Where it
            is trained, what it starts from.
        v_threshold: firing threshold.
        reset: ``soft`` (by subtraction) or ``hard`` (to zero).
        surrogate: the derivative of a spike: ``triangle``, ``arctan``, ``fast_sigmoid`` or
            ``rectangular``.
        detach_reset: no gradient passes the spike in the reset.
        delay: spikes arrive one step late, as on a chip, in every layer; a network takes as many
            steps more as it has layers.
        norm: ``batch`` (statistics over time and batch), ``threshold`` (the same, scaled by the
            threshold: tdBN), ``bntt`` (its own statistics and gain in every step, no shift) or
            ``none``.
        coding: ``direct`` (the image is a constant current), ``poisson`` (signed random spikes) or
            ``steps`` (channels are cut into as many steps, as event datasets give them).
        levels: of ``ilif``.
        adaptation: how much a spike raises the threshold of ``alif``, in thresholds.
        adaptation_decay: share of that which survives a step.
    """

    neuron: Literal["lif", "plif", "ilif", "alif"] = "lif"
    num_steps: int = 4
    decay: float = 0.5
    v_threshold: float = 1.0
    reset: Literal["soft", "hard"] = "soft"
    surrogate: str = "triangle"
    detach_reset: bool = True
    delay: bool = False
    norm: Literal["batch", "threshold", "bntt", "none"] = "threshold"
    coding: Literal["direct", "poisson", "steps"] = "direct"
    levels: int = 4
    adaptation: float = 0.2
    adaptation_decay: float = 0.9

    def __post_init__(self) -> None:
        name = "network.spiking"
        for key in ("num_steps", "levels"):
            value = getattr(self, key)
            require(value >= 1, f"{name}.{key} is {value}; it must be at least 1.")
        for key in ("decay", "adaptation_decay"):
            value = getattr(self, key)
            require(0 <= value <= 1, f"{name}.{key} is {value}; it must be in [0, 1].")
        require(
            self.v_threshold > 0,
            f"{name}.v_threshold is {self.v_threshold}; it must be positive.",
        )
        require(
            self.adaptation >= 0, f"{name}.adaptation is {self.adaptation}; it must be 0 or more."
        )
        require(
            self.neuron != "plif" or 0 < self.decay < 1,
            f"{name}.decay is {self.decay}; what a trained leak starts from must lie between 0 "
            "and 1, both excluded.",
        )

    @property
    def parts(self) -> int:
        """Binary steps that one step is: ``levels`` of integer-valued neurons, else 1.

        >>> SpikingConfig().parts, SpikingConfig("ilif", levels=8).parts
        (1, 8)
        """
        return self.levels if self.neuron == "ilif" else 1

    @property
    def worth(self) -> float:
        """The current that an output of 1 stands for: ``levels * v_threshold`` of integer neurons.

        >>> SpikingConfig().worth, SpikingConfig("ilif", levels=8, v_threshold=0.5).worth
        (1.0, 4.0)
        """
        return self.levels * self.v_threshold if self.neuron == "ilif" else 1.0
