"""Surrogate gradients: a plug point, one file each.

A spike has no useful derivative, so training takes another one (Neftci et al. 2019,
doi:10.1109/MSP.2019.2931595). A surrogate is one function ``slope(x)`` of the distance from the
threshold ``x = v / v_threshold - 1``, written with operators only, so that the same text serves
torch tensors and, compiled, the numbers of the engine's scan. The derivative of a spike by the
membrane potential is ``slope(x) / v_threshold``.
"""

from collections.abc import Callable
from typing import Any

from spikeseg.registry import Registry

__all__ = ["SURROGATES", "Slope"]

Slope = Callable[[Any], Any]
SURROGATES: Registry[Slope] = Registry("surrogate", "spikeseg.surrogates")
