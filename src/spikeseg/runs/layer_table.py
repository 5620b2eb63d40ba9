"""``layers.json``: firing rates, errors and operations of every hidden population."""

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
    images = len(found.analog)
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


def percentile_rates(
    tally: LayerTally, percentile: float, num_steps: int, dt_ms: float
) -> NDArray[np.float64]:
    """Return each neuron's percentile rate over the test crops, (C, h, w), in Hz.

    The nearest rank is taken, as in training.
    """
    counts = np.stack(tally.counts)
    chosen = np.percentile(counts, percentile, axis=0, method="nearest")
    rates: NDArray[np.float64] = chosen * (1000.0 / (num_steps * dt_ms))
    return rates


def _layer(
    config: RunConfig, population: Population, tally: LayerTally, images: int
) -> dict[str, Any]:
    band, steps = config.training.regularizer, config.evaluation.num_steps
    rates = percentile_rates(tally, band.percentile, steps, config.dt_ms)
    edges = np.linspace(0.0, 1000.0 / config.dt_ms, _BINS + 1)
    counts = np.stack(tally.counts)
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
        "mean_rate_hz": float(counts.mean(dtype=np.float64) * 1000.0 / (steps * config.dt_ms)),
        "dead": int((counts.max(axis=0) == 0).sum()),
        "saturated": int((counts.max(axis=0) == steps).sum()),
        "relative_error": (tally.squared_error / max(tally.squared_analog, 1e-12)) ** 0.5,
        "synaptic_operations_per_image": tally.synaptic_operations / images,
    }
