"""The derivative of a fast sigmoid as a surrogate."""

from typing import Any

from spikeseg.surrogates import SURROGATES


@SURROGATES.register("fast_sigmoid")
def slope(x: Any) -> Any:
    """Return ``1 / (25 |x| + 1)^2``.

    Zenke and Ganguli 2018 (doi:10.1162/neco_a_01086, SuperSpike), with the steepness of snnTorch.

    >>> slope(0.0), slope(-0.04)
    (1.0, 0.25)
    """
    steep = 25.0 * abs(x) + 1.0
    return 1.0 / (steep * steep)
