"""Synapse groups of a core: integer weights as a kernel, or one by one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips.windows import Window

Integers = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class KernelSynapses:
    """Weights shared by all pixels of a source population; dense ones are 1 x 1 pixel large.

    Attributes:
        source: the population or input whose spikes arrive.
        weight: (K_h, K_w, C_in, C_out), int32, in units of the synaptic accumulator: what one
            spike adds to ``q``. C_in are all channels of the source, C_out those of the core.
        window: how the kernel slides over the whole population, of which the core holds a box.
        exponent: the weight exponent of the group, ``e2`` of the chip; it scales no further, the
            weights have it in them.
    """

    source: str
    weight: Integers
    window: Window = field(default_factory=Window)
    exponent: int = 0


@dataclass(frozen=True, eq=False)
class ListedSynapses:
    """Weights one by one.

    Attributes:
        source: the population or input whose spikes arrive.
        pre: (N,), flat index of the source neuron in (C, H, W).
        post: (N,), compartment of the core.
        weight: (N,), int32, as of `KernelSynapses`.
        exponent: as of `KernelSynapses`.
    """

    source: str
    pre: Integers
    post: Integers
    weight: Integers
    exponent: int = 0


Synapses = KernelSynapses | ListedSynapses
