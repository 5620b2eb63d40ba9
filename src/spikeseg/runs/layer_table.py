"""``layers.json``: firing rates, errors and operations of every hidden population."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.config import RunConfig
from spikeseg.graph import Population, SpikingGraph
from spikeseg.runs.folder import FORMAT
from spikeseg.runs.measuring import LayerTally, Measurement

_BINS = 48


def layer_table(config: RunConfig, graph: SpikingGraph, found: Measurement) -> dict[str, Any]:
    """Return rates, errors and operations of every hidden population."""
    band = config.training.regularizer
    crop = config.evaluation.crop
    sized = graph.resized(crop, crop)
    images = len(found.forming)
    entries = [
        _layer(config, population, found.layers[population.name], images)
        for population in sized.hidden
    ]
    total = sum(e["num_neurons"] for e in entries)
    return {
        "format": FORMAT,
        "band_hz": [band.min_hz, band.max_hz],
        "percentile": band.percentile,
        "crop": crop,
        "num_crops": len(next(iter(found.layers.values())).counts),
        "in_band": sum(e["in_band"] * e["num_neurons"] for e in entries) / total,
        "layers": entries,
    }


def percentile_rates(tally: LayerTally, percentile: float) -> NDArray[np.float64]:
    """Return each neuron's percentile rate over the test crops, (C, h, w), in spikes per step.

    The nearest rank is taken, as in training. Each crop has its own number of steps.
    """
    steps = np.array(tally.steps, np.float64)[:, None, None]
    channels = range(len(tally.counts[0]))
    each = (np.stack([counts[c] for counts in tally.counts]) / steps for c in channels)
    return np.stack([np.percentile(r, percentile, axis=0, method="nearest") for r in each])


def _layer(
    config: RunConfig, population: Population, tally: LayerTally, images: int
) -> dict[str, Any]:
    band, highest = config.training.regularizer, 1000.0 / config.dt_ms
    rates = percentile_rates(tally, band.percentile) * highest
    edges = np.linspace(0.0, highest, _BINS + 1)
    counts, steps = np.stack(tally.counts), np.array(tally.steps)
    mean = (counts.mean(axis=(1, 2, 3), dtype=np.float64) / steps).mean()
    under, over = (rates < band.min_hz).mean(), (rates > band.max_hz).mean()
    return {
        "name": population.name,
        "shape": list(population.shape),
        "num_neurons": population.size,
        "threshold": float(np.median(population.spike_values)),
        "rate_histogram": {
            "edges_hz": edges.tolist(),
            "counts": np.histogram(rates, edges)[0].tolist(),
        },
        "under_band": float(under),
        "in_band": float(1.0 - under - over),
        "over_band": float(over),
        "mean_rate_hz": float(mean * highest),
        "dead": int((counts.max(axis=0) == 0).sum()),
        "saturated": int((counts == steps[:, None, None, None]).any(axis=0).sum()),
        "relative_error": _relative_error(tally),
        "synaptic_operations_per_image": tally.synaptic_operations / images,
    }


def _relative_error(tally: LayerTally) -> float | None:
    """Return the error against the analog network, if there is one."""
    if not tally.squared_analog:
        return None if not tally.squared_error else math.sqrt(tally.squared_error / 1e-12)
    return math.sqrt(tally.squared_error / max(tally.squared_analog, 1e-12))
