"""Whether the weights of connections are still what they were when something was made of them."""

import zlib
from collections.abc import Sequence

import numpy as np

from spikeseg.graph import Connection
from spikeseg.graph.transforms import Weighted


def checksum(connections: Sequence[Connection]) -> int:
    """Return a number (CRC-32) of all weights and biases: another one after they are changed."""
    found = 0
    for connection in connections:
        for transform in connection.transforms:
            if isinstance(transform, Weighted):
                for array in (transform.weight, transform.bias):
                    if array is not None:
                        found = zlib.crc32(np.ascontiguousarray(array).data, found)
    return found
