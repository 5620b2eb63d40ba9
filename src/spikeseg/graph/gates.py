"""Max pooling of spikes: a gate, whose spike count is the largest spike count of its window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.graph.support import windows
from spikeseg.graph.transforms import Pair, Shape


@dataclass(frozen=True)
class MaxPooling:
    """What the neurons of a gate do: max pooling of spike counts, exact in whole numbers.

    With N_i(t) the spikes that input i fired in steps 1..t, the gate of window W fires

    ```
    spike(t) = max over W of N_i(t) - max over W of N_i(t - 1)
    ```

    in step t. As a count grows by at most one in a step, so does the largest count: the gate fires
    0 or 1 (-1, 0 or 1 if its inputs do), and after any number of steps its own count is the max
    pooling of the counts. Attributes as in ``torch.nn.MaxPool2d``; padding never wins.

    Attributes:
        kernel: rows, columns.
        stride: rows, columns.
        padding: rows, columns at each border.
        dilation: rows, columns.
        ceil_mode: keep a last window that hangs over the border.

    >>> MaxPooling((3, 3), (2, 2), ceil_mode=True).output_shape((4, 8, 9))
    (4, 4, 4)
    """

    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    ceil_mode: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """Return the (C, H, W) shape of the gate over a population of ``shape``."""
        return (shape[0], self._length(shape[1], 0), self._length(shape[2], 1))

    def _length(self, length: int, axis: int) -> int:
        stride, padding = self.stride[axis], self.padding[axis]
        span = length + 2 * padding - self.dilation[axis] * (self.kernel[axis] - 1) - 1
        if not self.ceil_mode:
            return span // stride + 1
        places = -(-span // stride) + 1
        starts_inside = (places - 1) * stride < length + padding
        return places if starts_inside else places - 1

    def fan_out(self, shape: Shape) -> NDArray[np.int64]:
        """Return for each input neuron, (C, H, W), how many windows it lies in."""
        after = self.output_shape(shape)
        rows, columns = (
            windows(
                shape[1 + axis],
                after[1 + axis],
                self.kernel[axis],
                self.stride[axis],
                self.dilation[axis],
                self.padding[axis],
            ).sum(axis=0)
            for axis in (0, 1)
        )
        counts: NDArray[np.int64] = np.einsum("c,y,x->cyx", np.ones(shape[0], int), rows, columns)
        return counts
