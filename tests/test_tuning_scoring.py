"""Trials of one long simulation against simulations of their own, and brute force over synapses."""

import numpy as np
import torch

from dyadic import images, unet_graph
from slow_twin import slow_operations
from spikeseg.config import ConversionConfig
from spikeseg.engine import simulate
from spikeseg.metrics import ConfusionMatrix
from spikeseg.neurons import Neuron
from spikeseg.tuning import Crops, trials_of

STEPS = (1, 2, 3, 6)
GRAPH = unet_graph(Neuron("if_signed", v_initial=0.5))
TRUTH = np.random.default_rng(0).integers(0, 3, (5, 8, 8)).astype(np.uint8)
CROPS = Crops(images(5, 2, 8, 8, seed=3), TRUTH, 3)


def test_a_trial_is_a_simulation_of_its_own_steps_and_readout():
    trials = trials_of(GRAPH, ConversionConfig(), CROPS, STEPS, (1.0, 0.5, 0.25))
    assert {t.num_steps for t in trials} == set(STEPS)
    assert {t.readout for t in trials if t.num_steps == 6} == {1.0, 0.5, 0.25}
    for trial in trials:
        alone = simulate(GRAPH, CROPS.images, trial.num_steps, readout=trial.readout)
        matrix = ConfusionMatrix.empty(3)
        for truth, mask in zip(TRUTH, alone.masks[-1].numpy(), strict=True):
            matrix = matrix.add(truth, mask)
        assert trial.miou == matrix.miou


def test_readouts_that_look_at_the_same_steps_are_one_trial():
    trials = trials_of(GRAPH, ConversionConfig(), CROPS, (1, 2), (1.0, 0.5, 0.25))
    assert [(t.num_steps, t.readout) for t in trials] == [(1, 1.0), (2, 1.0), (2, 0.5)]


def test_operations_are_counted_synapse_by_synapse():
    trials = trials_of(GRAPH, ConversionConfig(), CROPS, (1, 4), (1.0,))
    each = slow_operations(GRAPH, CROPS.images.numpy(), 4)
    assert [t.operations for t in trials] == [each[0].sum() / 5, each.sum() / 5]
    assert trials[1].operations > 0


def test_pixels_to_ignore_do_not_count():
    half = TRUTH.copy()
    half[:, :, 4:] = 255
    masks = np.where(half == 255, 1, half).astype(np.uint8)
    assert Crops(CROPS.images, half, 3).miou(masks) == 1.0
    assert Crops(torch.zeros(0), TRUTH, 3).miou(masks) < 1.0
