"""Activations: a plug point, one file each; the only spiking part of a network.

An activation maps an input current to what its neurons put out. It knows the *amplitude*, the
activation that one spike in every step stands for, so that a current ``x`` is
``x / amplitude`` thresholds per step, and an activation ``a`` is a rate of
``a / amplitude`` spikes per step.
"""

import abc

from torch import Tensor, nn

from spikeseg.registry import Registry

__all__ = ["ACTIVATIONS", "AbstractActivation", "AbstractStaircase", "make_activation"]


class AbstractActivation(nn.Module, abc.ABC):
    """A non-linearity that a population of spiking neurons can take over.

    Args:
        amplitude: activation of a neuron that fires in every step,
            ``1 / (unit_rate_hz * dt)``.
    """

    def __init__(self, amplitude: float = 1.0) -> None:
        super().__init__()
        self.amplitude = amplitude

    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the activation of a current of any shape."""

    def extra_repr(self) -> str:
        """Show the amplitude."""
        return f"amplitude={self.amplitude:g}"


class AbstractStaircase(AbstractActivation):
    """An activation that rises in a number of equal stairs.

    Args:
        amplitude: activation of a neuron that fires in every step.
        levels: number of stairs.
    """

    def __init__(self, amplitude: float = 1.0, levels: int = 8) -> None:
        super().__init__(amplitude)
        self.levels = levels


ACTIVATIONS: Registry[type[AbstractActivation]] = Registry("activation", "spikeseg.layers")


def make_activation(
    name: str, unit_rate_hz: float, dt_ms: float, levels: int = 8
) -> AbstractActivation:
    """Return a new activation whose value 1.0 stands for ``unit_rate_hz``.

    ``levels`` is for those that are a staircase.

    Raises:
        UnknownNameError: no such activation.

    >>> make_activation("relu", unit_rate_hz=200.0, dt_ms=1.0)
    ReLU(amplitude=5)
    """
    kind, amplitude = ACTIVATIONS.get(name), 1000.0 / (unit_rate_hz * dt_ms)
    return kind(amplitude, levels) if issubclass(kind, AbstractStaircase) else kind(amplitude)
