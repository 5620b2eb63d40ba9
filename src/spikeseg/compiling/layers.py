"""Layers with float parameters: what is cut into cores and rounded to integers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import SpikeInput, Window
from spikeseg.chips.boxes import Shape
from spikeseg.errors import CompileError

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FloatKernel:
    """The weights of one connection, in the units of the threshold.

    Attributes:
        source: a layer or an input.
        weight: (K_h, K_w, C_in, C_out), float32: what one spike adds to the current.
        window: how the kernel slides.
        decay_u: of the connection's own synaptic filter, if it has one; a core has one for all.
    """

    source: str
    weight: Floats
    window: Window = field(default_factory=Window)
    decay_u: float | None = None


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """One population before it is cut and rounded; ``u``, ``v`` as in `spikeseg.chips.program`.

    Attributes:
        name: of the population.
        shape: (C, H, W).
        kernels: the connections that lead to it.
        bias: added to the current in every step; (C,) or (C, H, W).
        threshold: (C,) or a number.
        decay_u: share of the current that a step takes away, ``1 - exp(-dt / tau_s)``; 1 is none
            left.
        decay_v: share of the membrane potential that a step takes away; 0 is no leak.
        refractory: chip steps of a refractory period; 1 is none.
        v_min: lowest membrane potential; ``-inf`` is as low as the chip goes.
        v_max: highest.
        v_initial: membrane potential before the first step; (C,) or a number.
        scale_v: whether the leak's gain is folded into the weights, as nengo-loihi does for LIF.

    Raises:
        CompileError: connections with other synaptic filters than the layer.
    """

    name: str
    shape: Shape
    kernels: tuple[FloatKernel, ...]
    bias: Floats
    threshold: float | Floats
    decay_u: float
    decay_v: float
    refractory: int = 1
    v_min: float = 0.0
    v_max: float = float("inf")
    v_initial: float | Floats = 0.0
    scale_v: bool = False

    def __post_init__(self) -> None:
        for kernel in self.kernels:
            if kernel.decay_u not in (None, self.decay_u):
                raise CompileError(
                    f"layer {self.name!r} has the synaptic decay {self.decay_u:g}, the connection "
                    f"from {kernel.source!r} {kernel.decay_u:g}; the cores of a layer have one "
                    "time constant for all synapses. Give all connections into it the same."
                )


@dataclass(frozen=True, eq=False)
class FloatNetwork:
    """Layers and the spikes that the host sends.

    Attributes:
        inputs: from the host.
        layers: in any order.
        output: the layer that is read.
        dt_ms: length of a step in milliseconds.
    """

    inputs: tuple[SpikeInput, ...]
    layers: tuple[FloatLayer, ...]
    output: str
    dt_ms: float = 1.0

    @property
    def shapes(self) -> dict[str, Shape]:
        """(C, H, W) of every input and layer by its name."""
        parts: tuple[SpikeInput | FloatLayer, ...] = (*self.inputs, *self.layers)
        return {part.name: part.shape for part in parts}
