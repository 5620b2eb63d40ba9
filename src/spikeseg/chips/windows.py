"""Windows: which source pixel meets which target pixel through which tap of a kernel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """How a kernel slides; along each axis, with tap ``k``, ``stride``, ``dilation``, ``padding``.

    Forward (a convolution): target ``o`` hears source ``o * stride + k * dilation - padding``.
    Transposed: source ``i`` reaches target ``i * stride + k * dilation - padding``. The size of
    the target is that of its population; what lies beyond it, or beyond the source, is left out.

    Attributes:
        stride: rows, columns.
        padding: at the top, at the left; what is added at the other side follows from the sizes.
        dilation: rows, columns.
        transposed: which of the two.
    """

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    transposed: bool = False

    def meetings(self, axis: int, taps: int, sources: int, targets: int) -> NDArray[np.int64]:
        """Return all (source, target, tap) along one axis, (N, 3), ordered by source, then target.

        Args:
            axis: 0 for rows, 1 for columns.
            taps: size of the kernel.
            sources: length of the source population.
            targets: length of the target population.

        >>> Window(padding=(1, 1)).meetings(0, 3, 2, 2).tolist()
        [[0, 0, 1], [0, 1, 0], [1, 0, 2], [1, 1, 1]]
        """
        stride, dilation, padding = self.stride[axis], self.dilation[axis], self.padding[axis]
        moving = np.arange(sources if self.transposed else targets)[:, None]
        tap = np.arange(taps)[None, :]
        met = moving * stride + tap * dilation - padding
        moving, tap = np.broadcast_to(moving, met.shape), np.broadcast_to(tap, met.shape)
        source, target = (moving, met) if self.transposed else (met, moving)
        valid = (met >= 0) & (met < (targets if self.transposed else sources))
        found = np.stack([source[valid], target[valid], tap[valid]], axis=1)
        order = np.lexsort((found[:, 1], found[:, 0]))
        ordered: NDArray[np.int64] = found[order]
        return ordered
