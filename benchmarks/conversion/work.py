"""The one counter of synaptic operations that is applied to every converter's spikes.

A spike costs one operation for each synapse that leaves its neuron, as the graph of the network
has them: borders, strides and skip connections included. The first layer multiplies a constant
image by its weights, in the same way whoever converts, and is not counted for anyone.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spikeseg.conversion import TracedNetwork
from spikeseg.graph import fan_out

Reach = dict[str, NDArray[np.int64]]


def reach(traced: TracedNetwork) -> Reach:
    """Return the synapses that leave each neuron of each hidden population, (C, H, W).

    Args:
        traced: a network, traced on an image of the size that is to be counted.
    """
    hidden = {name: traced.shapes[name] for name in traced.amplitudes}
    totals: Reach = {name: np.zeros(shape, np.int64) for name, shape in hidden.items()}
    for connection in traced.connections:
        if connection.source in totals:
            totals[connection.source] += fan_out(connection.transforms, hidden[connection.source])
    return totals


def synaptic_operations(reached: Reach, spikes: Mapping[str, NDArray[np.int64]]) -> int:
    """Return the operations that spikes cause.

    Args:
        reached: what `reach` returns.
        spikes: spikes of each neuron of each of its populations, (C, H, W).

    Raises:
        ValueError: a population is missing, unknown, or has another shape.

    >>> import numpy as np
    >>> fan = {"a": np.array([[[4, 6]]])}
    >>> synaptic_operations(fan, {"a": np.array([[[0, 2]]])})
    12
    """
    found = {name: counts.shape for name, counts in spikes.items()}
    expected = {name: fan.shape for name, fan in reached.items()}
    if found != expected:
        raise ValueError(
            f"spikes are counted for {found}, but the network has {expected}; every population of "
            "the one must be one of the other. Check the names that they were matched by."
        )
    return sum(int((spikes[name] * fan).sum()) for name, fan in reached.items())
