"""The derivative of an arc tangent as a surrogate."""

from typing import Any

from spikeseg.surrogates import SURROGATES

_HALF_PI = 1.5707963267948966


@SURROGATES.register("arctan")
def slope(x: Any) -> Any:
    """Return ``1 / (1 + (pi x)^2)``.

    Fang et al. 2021 (arXiv:2007.05785, equation 13 with alpha = 2), that is
    ``alpha / 2 / (1 + (pi / 2 alpha x)^2)``.

    >>> slope(0.0), round(slope(1.0), 4)
    (1.0, 0.092)
    """
    steep = _HALF_PI * 2.0 * x
    return 1.0 / (1.0 + steep * steep)
