"""What every threshold recipe must do; a new file in ``recipes`` is tested without an edit."""

import inspect

import numpy as np
import pytest
import torch

from dyadic import randomized
from spikeseg.config import ActivationConfig, ConversionConfig, NetworkConfig
from spikeseg.conversion import RECIPES, convert, record_activations, trace
from spikeseg.engine import run_analog, simulate
from spikeseg.errors import ConfigError
from spikeseg.networks import make_network

every_recipe = pytest.mark.parametrize("name", RECIPES.names())


def unet(activation="relu", **options):
    torch.manual_seed(4)
    config = NetworkConfig(
        depth=1, width=2, activation=ActivationConfig(activation, unit_rate_hz=400.0), **options
    )
    return randomized(make_network(config, in_channels=2, num_classes=3)).eval()


def calibration(count=3):
    return torch.rand(count, 2, 8, 8, generator=torch.Generator().manual_seed(6))


@every_recipe
def test_a_recipe_is_registered_under_the_name_of_its_file(name):
    recipe = RECIPES.get(name)
    assert recipe.__module__ == f"spikeseg.conversion.recipes.{name}"
    assert list(inspect.signature(recipe).parameters) == ["traced", "images", "config"]


@every_recipe
def test_a_recipe_gives_every_hidden_population_a_positive_value(name):
    traced = trace(unet(), calibration())
    values = RECIPES.get(name)(traced, calibration(), ConversionConfig(thresholds=name))
    assert values.keys() == traced.amplitudes.keys()
    assert all(type(v) is float and np.isfinite(v) and v > 0 for v in values.values())


@every_recipe
def test_a_recipe_is_the_same_every_time(name):
    traced, config = trace(unet(), calibration()), ConversionConfig(thresholds=name)
    recipe = RECIPES.get(name)
    first, second = (recipe(traced, calibration(), config) for _ in range(2))
    assert first == second


@every_recipe
def test_whatever_a_spike_is_worth_the_graph_is_the_network(name):
    network, x = unet(), calibration()
    graph = convert(network, x, ConversionConfig(thresholds=name))
    assert {p.neuron.v_threshold for p in graph.hidden} == {1.0}
    with torch.inference_mode():
        expected = network(x)
    torch.testing.assert_close(run_analog(graph, x)["output"], expected, rtol=1e-4, atol=1e-5)


@every_recipe
def test_spikes_of_a_converted_network_stand_for_its_activations(name):
    network, x = unet("clipped_relu"), calibration()
    graph = convert(network, x, ConversionConfig(thresholds=name, percentile=100))
    result, recorded = simulate(graph, x, 512), record_activations(trace(network, x), x)
    for population in graph.hidden:
        decoded = result.spike_counts[population.name] / 512 * population.spike_value
        error = float((decoded - recorded[population.name]).abs().mean())
        assert error <= 0.02 * population.spike_value


def test_percentile_is_numpys_percentile_of_each_populations_activations():
    traced, x = trace(unet(), calibration()), calibration()
    config = ConversionConfig(thresholds="percentile", percentile=80)
    values = RECIPES.get("percentile")(traced, x, config)
    for name, activation in record_activations(traced, x).items():
        expected = np.quantile(activation.numpy().astype(np.float64), 0.8)
        assert values[name] == pytest.approx(float(expected), rel=1e-5)


def test_where_the_percentile_is_zero_the_largest_activation_is_taken():
    traced, x = trace(unet(), calibration()), calibration()
    config = ConversionConfig(thresholds="percentile", percentile=1e-6)
    largest = {n: float(a.max()) for n, a in record_activations(traced, x).items()}
    sparse = {n for n, a in record_activations(traced, x).items() if float(a.min()) == 0}
    values = RECIPES.get("percentile")(traced, x, config)
    assert sparse
    assert {n: values[n] for n in sparse} == {n: largest[n] for n in sparse}


def test_a_population_that_is_silent_on_the_images_keeps_a_value_of_one():
    network = unet()
    torch.nn.init.constant_(network.stem.norm.bias, -100.0)
    graph = convert(network, calibration())
    assert graph["stem.neurons"].spike_value == 1.0
    assert not simulate(graph, calibration(), 8).spike_counts["stem.neurons"].any()


def test_percentile_without_calibration_images_is_refused():
    traced = trace(unet(), calibration())
    with pytest.raises(ConfigError, match=r"'percentile', which needs calibration images"):
        RECIPES.get("percentile")(traced, None, ConversionConfig())


def test_trained_values_are_the_amplitudes_of_training():
    traced = trace(unet("loihi_relu"), calibration())
    values = RECIPES.get("trained")(traced, None, ConversionConfig(thresholds="trained"))
    assert set(values.values()) == {1000.0 / 400.0}


def test_trained_keeps_spikes_where_a_time_step_is_longer():
    config = NetworkConfig(depth=1, width=2)
    network = make_network(config, in_channels=1, num_classes=2, dt_ms=2.0)
    graph = convert(
        network, torch.rand(1, 1, 8, 8), ConversionConfig(thresholds="trained"), dt_ms=2.0
    )
    assert graph.dt_ms == 2.0
    rate = config.activation.unit_rate_hz
    assert {p.spike_value for p in graph.hidden} == {1000.0 / (rate * 2.0)}
