"""A box around the threshold as a surrogate."""

from typing import Any

from spikeseg.surrogates import SURROGATES


@SURROGATES.register("rectangular")
def slope(x: Any) -> Any:
    """Return 1 where ``|x| < 1/2``, else 0.

    Wu et al. 2018 (doi:10.3389/fnins.2018.00331, equation 24 with a = 1).

    >>> slope(0.4), slope(-0.6)
    (1.0, 0.0)
    """
    return 1.0 * (abs(x) < 0.5)
