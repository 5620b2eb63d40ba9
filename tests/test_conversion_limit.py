"""In the limit of many steps a converted network is the network it came from."""

import math

import pytest
import torch
from torch import nn

from dyadic import randomized
from handwritten_nets import NETS
from spikeseg.config import ActivationConfig, ConversionConfig, NetworkConfig
from spikeseg.conversion import convert
from spikeseg.engine import simulate
from spikeseg.layers import make_activation
from spikeseg.networks import make_network

STEPS = (16, 64, 256)


def logit_errors(network, x, config):
    """Return the mean error of the mean output current after each number of steps."""
    graph = convert(network, x, config)
    with torch.inference_mode():
        logits = network(x)
    return [float((simulate(graph, x, n).potential - logits).abs().mean()) for n in STEPS]


def slope(errors):
    """Return the exponent of T with which the error changes from the first T to the last."""
    return math.log(errors[-1] / errors[0]) / math.log(STEPS[-1] / STEPS[0])


def images():
    return torch.rand(2, 2, 12, 12, generator=torch.Generator().manual_seed(2)).double()


def unet(upsampling="nearest"):
    torch.manual_seed(4)
    config = NetworkConfig(
        depth=1, width=3, upsampling=upsampling, activation=ActivationConfig("relu", 400.0)
    )
    network = make_network(config, in_channels=2, num_classes=3)
    return randomized(network, seed=4).double().eval()


def half_ready():
    """Every neuron can fire in every step, and starts half way to its threshold."""
    return ConversionConfig("if_soft", ("maximum", "half_threshold"))


@pytest.mark.parametrize("upsampling", ["transposed", "nearest", "bilinear"])
def test_the_error_of_the_logits_falls_like_one_over_the_steps(upsampling):
    errors = logit_errors(unet(upsampling), images(), half_ready())
    assert errors[0] > 1e-3
    assert errors[0] > errors[1] > errors[2]
    assert slope(errors) == pytest.approx(-1, abs=0.15)


def test_one_layer_of_neurons_is_within_half_a_spike_of_its_activation():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU()).double()
    x = images()
    graph = convert(network, x, half_ready())
    for steps in STEPS:
        decoded = simulate(graph, x, steps).potential
        with torch.inference_mode():
            worst = float((decoded - network(x)).abs().max())
        assert worst <= float(graph.hidden[0].spike_values.max()) / (2 * steps) * (1 + 1e-6)


def test_a_handwritten_residual_network_converges_as_well():
    torch.manual_seed(0)
    network = randomized(NETS["residual with projection"]()).double().eval()
    errors = logit_errors(network, images(), half_ready())
    assert slope(errors) == pytest.approx(-1, abs=0.15)


def test_a_low_percentile_saturates_and_leaves_an_error_that_more_steps_do_not_mend():
    config = ConversionConfig(percentile=70)
    errors = logit_errors(unet(), images(), config)
    assert errors[2] > 0.8 * errors[1]


def test_loihi_neurons_fire_at_the_rates_of_the_activation_they_were_trained_with():
    torch.manual_seed(0)
    activation = make_activation("loihi_relu", unit_rate_hz=1000.0, dt_ms=1.0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), activation).double()
    x = images()
    graph = convert(network, x, ConversionConfig("loihi", ("trained",)))
    with torch.inference_mode():
        trained = network(x)
    assert float(trained.max()) > 0.3
    for steps in STEPS:  # a spike may be under way when time is up
        missing = trained - simulate(graph, x, steps).potential
        assert float(missing.min()) >= -1e-9
        assert float(missing.max()) < 1 / steps
