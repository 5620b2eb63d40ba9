"""The piecewise linear surrogate."""

from typing import Any

from spikeseg.surrogates import SURROGATES


@SURROGATES.register("triangle")
def slope(x: Any) -> Any:
    """Return ``0.3 * max(0, 1 - |x|)``.

    Bellec et al. 2018 (arXiv:1803.09574, equation 4, dampened by 0.3), as in Kim et al. 2022.

    >>> slope(0.0), slope(-0.5), slope(2.0)
    (0.3, 0.15, -0.0)
    """
    distance = abs(x)
    return 0.3 * (1.0 - distance) * (distance < 1.0)
