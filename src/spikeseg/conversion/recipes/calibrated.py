"""Biases and initial potentials, set layer by layer by what the spikes get wrong."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from spikeseg.config import ConversionConfig
from spikeseg.conversion.assembling import assemble
from spikeseg.conversion.recipes import RECIPES, Calibration, PerChannel, Plan, PopulationPlan
from spikeseg.engine.currents import Current, received
from spikeseg.engine.gates import pool_spikes
from spikeseg.engine.scan import initial_state, scan
from spikeseg.neurons import Neuron

_STARTS = (0.2, 0.35, 0.5, 0.65, 0.8)
_ROUNDS = 3


@RECIPES.register("calibrated")
def recipe(calibration: Calibration, plan: Plan, config: ConversionConfig) -> Plan:
    """Correct each population, after those before it, for ``num_steps`` steps.

    The network runs on the calibration images, analog and spiking. For each channel the initial
    potential with the least squared error of the rate is taken (of five, and the planned one);
    then its bias moves by the mean error, as long as that lowers the squared error. No labels are
    needed. After the bias and potential calibration of Li et al. 2021 (arXiv:2106.06984, section
    4), which shifts both by mean errors.

    Raises:
        ConfigError: no calibration images.
    """
    images = calibration.images_for("calibrated")
    analog = calibration.activations("calibrated")
    graph = assemble(calibration.traced, plan, dt_ms=1.0)
    corrected, spikes = dict(plan), dict[str, Tensor]()
    for population in graph.hidden:
        currents = [Current(c, images) for c in graph.into(population.name)]
        with torch.inference_mode():
            current = received(currents, spikes, images, config.num_steps)
        if population.pooling is not None:  # nothing to correct: it is exact
            pooled, _ = pool_spikes(population.pooling, current, None)
            spikes[population.name] = pooled.flatten(0, 1)
            continue
        p = plan[population.name]
        rate = torch.from_numpy(analog[population.name] / population.spike_values).clamp(0, 1)
        with torch.inference_mode():
            start, bias, fired = _corrected(p, current, rate)
        spikes[population.name] = fired.flatten(0, 1)
        bias = p.bias + bias * p.spike_value
        corrected[population.name] = replace(p, v_initial=start, bias=bias)
    return corrected


def _corrected(
    plan: PopulationPlan, current: Tensor, rate: Tensor
) -> tuple[PerChannel, PerChannel, Tensor]:
    """Return potentials and biases, (C,) in thresholds, and the spikes that they lead to.

    Args:
        plan: of the population.
        current: (T, B, C, H, W) in thresholds.
        rate: (B, C, H, W), spikes per step that the activation asks for.
    """

    def run(start: PerChannel, bias: PerChannel) -> tuple[Tensor, Tensor]:
        neuron = Neuron(plan.neuron, v_initial=tuple(map(float, start)))
        moved = current + torch.from_numpy(bias).to(current)[:, None, None]
        fired, _ = scan(neuron, moved, initial_state(neuron, moved))
        return fired, rate - fired.mean(dim=0)

    zero = np.zeros_like(plan.bias)
    starts = [plan.v_initial, *(np.full_like(plan.v_initial, s) for s in _STARTS)]
    errors = np.stack([_mean_square(run(start, zero)[1]) for start in starts])
    start = np.stack(starts)[errors.argmin(axis=0), np.arange(len(zero))]
    bias, least = zero, errors.min(axis=0)
    for _ in range(_ROUNDS):
        tried = bias + run(start, bias)[1].mean(dim=(0, 2, 3)).double().numpy()
        error = _mean_square(run(start, tried)[1])
        bias, least = np.where(error < least, tried, bias), np.minimum(error, least)
    return start, bias, run(start, bias)[0]


def _mean_square(error: Tensor) -> PerChannel:
    """Return the mean square of (B, C, H, W) for each channel, (C,)."""
    each: PerChannel = error.double().square().mean(dim=(0, 2, 3)).numpy()
    return each
