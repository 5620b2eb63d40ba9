"""Thresholds that lose the least of each layer's activations at a given number of steps."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import ConversionConfig
from spikeseg.conversion.recipes import RECIPES, Calibration, PerChannel, Plan

_CANDIDATES = 64
_SAMPLE = 2**15  # activations that a threshold is chosen on


@RECIPES.register("local_threshold")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Choose each threshold by what ``num_steps`` spikes can tell of the activations.

    ```
    Q(a) = threshold / T * clip(floor(a * T / threshold + 1/2), 0, T)
    threshold = argmin mean (a - Q(a))^2      over k/64 of the largest activation, k = 1..64
    ```

    Q is what an integrate-and-fire neuron that starts at half a threshold makes of a constant
    current in T steps: a large threshold rounds coarsely, a small one clips. Local threshold
    balancing of Bu et al. 2024 (arXiv:2409.03368) lowers the clipping part of the same error by
    gradient steps; with one number to find, the whole error can be searched. For each layer or,
    with ``granularity: channel``, each channel.

    Raises:
        ConfigError: no calibration images.
    """
    found = calibration.activations("local_threshold")
    steps, each = config.num_steps, config.granularity == "channel"
    return {
        name: replace(p, spike_value=_thresholds(found[name], steps, each))
        for name, p in plan.items()
    }


def _thresholds(activation: NDArray[Any], num_steps: int, each: bool) -> PerChannel:
    channels = activation.shape[1]
    layer = best_threshold(activation.ravel(), num_steps) or 1.0
    if not each:
        return np.full(channels, layer)
    found = [best_threshold(activation[:, c].ravel(), num_steps) for c in range(channels)]
    return np.array([value or layer for value in found])


def best_threshold(values: NDArray[Any], num_steps: int) -> float:
    """Return the threshold that loses the least of ``values`` (N,); 0 where all are 0.

    >>> best_threshold(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), num_steps=4)
    4.0
    """
    sample = values[:: max(1, len(values) // _SAMPLE)].astype(np.float64)
    largest = float(values.max())
    if largest <= 0:
        return 0.0
    candidates = largest * np.arange(1, _CANDIDATES + 1) / _CANDIDATES
    errors = [float(np.square(sample - _rounded(sample, c, num_steps)).mean()) for c in candidates]
    return float(candidates[int(np.argmin(errors))])


def _rounded(values: NDArray[np.float64], threshold: float, steps: int) -> NDArray[np.float64]:
    """Return what spikes of ``threshold / steps`` can tell of ``values``."""
    counts: NDArray[np.float64] = np.clip(np.floor(values * (steps / threshold) + 0.5), 0, steps)
    return counts * (threshold / steps)
