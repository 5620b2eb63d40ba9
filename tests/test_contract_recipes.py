"""What every conversion recipe must do; a new file in ``recipes`` is tested without an edit."""

import inspect
from dataclasses import astuple

import numpy as np
import pytest
import torch

from dyadic import randomized
from spikeseg.config import ActivationConfig, ConversionConfig, NetworkConfig
from spikeseg.conversion import RECIPES, convert, record_activations, trace
from spikeseg.conversion.planning import Calibration, first_plan
from spikeseg.engine import run_analog, simulate
from spikeseg.errors import ConfigError
from spikeseg.networks import make_network
from spikeseg.neurons import NEURONS

every_recipe = pytest.mark.parametrize("name", RECIPES.names())


def unet(activation="relu", **options):
    torch.manual_seed(4)
    config = NetworkConfig(
        depth=1, width=2, activation=ActivationConfig(activation, unit_rate_hz=400.0), **options
    )
    return randomized(make_network(config, in_channels=2, num_classes=3)).eval()


def calibration(count=3):
    return torch.rand(count, 2, 8, 8, generator=torch.Generator().manual_seed(6))


def plan_of(recipe, network, images, *before, **options):
    config = ConversionConfig(recipes=(*before, recipe), **options)
    known = Calibration(trace(network, calibration()), images)
    plan = first_plan(known.traced, config)
    for name in config.recipes:
        plan = RECIPES.get(name)(known, plan, config)
    return plan


@every_recipe
def test_a_recipe_is_registered_under_the_name_of_its_file(name):
    recipe = RECIPES.get(name)
    assert recipe.__module__ == f"spikeseg.conversion.recipes.{name}"
    assert list(inspect.signature(recipe).parameters) == ["calibration", "plan", "config"]


@every_recipe
@pytest.mark.parametrize("granularity", ["layer", "channel"])
def test_a_recipe_plans_for_every_channel_of_every_hidden_population(name, granularity):
    traced = trace(unet(), calibration())
    plan = plan_of(name, unet(), calibration(), granularity=granularity)
    assert plan.keys() == traced.amplitudes.keys()
    for population, p in plan.items():
        channels = (traced.shapes[population][0],)
        assert p.spike_value.shape == p.v_initial.shape == p.bias.shape == channels
        assert np.isfinite(p.spike_value).all()
        assert (p.spike_value > 0).all()
        assert np.isfinite(p.v_initial).all()
        assert np.isfinite(p.bias).all()
        assert p.neuron in NEURONS.names()


@every_recipe
def test_a_recipe_is_the_same_every_time(name):
    first, second = (plan_of(name, unet(), calibration()) for _ in range(2))
    for population in first:
        for one, other in zip(astuple(first[population]), astuple(second[population]), strict=True):
            np.testing.assert_array_equal(one, other)


@every_recipe
def test_a_recipe_changes_no_plan_that_it_is_given(name):
    known = Calibration(trace(unet(), calibration()), calibration())
    config = ConversionConfig(recipes=(name,))
    plan = first_plan(known.traced, config)
    before = {population: [np.copy(a) for a in astuple(p)] for population, p in plan.items()}
    RECIPES.get(name)(known, plan, config)
    for population, p in plan.items():
        for one, other in zip(astuple(p), before[population], strict=True):
            np.testing.assert_array_equal(one, other)


@every_recipe
@pytest.mark.parametrize("granularity", ["layer", "channel"])
def test_whatever_a_spike_is_worth_the_graph_is_the_network_but_for_planned_biases(
    name, granularity
):
    network, x = unet(), calibration()
    config = ConversionConfig(recipes=("percentile", name), granularity=granularity)
    graph = convert(network, x, config)
    assert {p.neuron.v_threshold for p in graph.hidden} == {1.0}
    plan = plan_of(name, network, x, "percentile", granularity=granularity)
    for population, p in plan.items():
        bias = torch.tensor(p.bias, dtype=torch.float32)[:, None, None]
        neurons = network.get_submodule(population)
        neurons.register_forward_pre_hook(lambda _, inputs, bias=bias: (inputs[0] + bias,))
    with torch.inference_mode():
        expected = network(x)
    torch.testing.assert_close(run_analog(graph, x)["output"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("granularity", ["layer", "channel"])
@pytest.mark.parametrize("name", ["maximum", "trained", "joint_skips"])
def test_spikes_of_a_converted_network_stand_for_its_activations(name, granularity):
    network, x = unet("clipped_relu"), calibration()
    recipes = ("maximum", "half_threshold", name)
    graph = convert(network, x, ConversionConfig(recipes=recipes, granularity=granularity))
    result, recorded = simulate(graph, x, 512), record_activations(trace(network, x), x)
    for population in graph.hidden:
        worth = torch.from_numpy(population.spike_values)
        decoded = result.net_counts[population.name] / 512 * worth
        error = (decoded - recorded[population.name]).abs().mean(dim=(0, 2, 3))
        assert bool((error <= 0.02 * worth.flatten()).all())


def test_percentile_is_numpys_percentile_of_each_populations_activations():
    traced, x = trace(unet(), calibration()), calibration()
    layers = plan_of("percentile", unet(), x, percentile=80)
    channels = plan_of("percentile", unet(), x, percentile=80, granularity="channel")
    for name, activation in record_activations(traced, x).items():
        values = activation.numpy().astype(np.float64)
        assert layers[name].spike_value == pytest.approx(np.quantile(values, 0.8), rel=1e-5)
        each = np.quantile(values, 0.8, axis=(0, 2, 3))
        known = each > 0
        assert channels[name].spike_value[known] == pytest.approx(each[known], rel=1e-5)


def test_maximum_is_the_largest_activation():
    found = record_activations(trace(unet(), calibration()), calibration())
    layers = plan_of("maximum", unet(), calibration())
    for name, activation in found.items():
        assert set(layers[name].spike_value) == {float(activation.max())}


def test_where_the_percentile_is_zero_the_largest_activation_is_taken():
    traced, x = trace(unet(), calibration()), calibration()
    found = record_activations(traced, x)
    sparse = {n: float(a.max()) for n, a in found.items() if float(a.min()) == 0}
    plan = plan_of("percentile", unet(), x, percentile=1e-6)
    assert sparse
    assert {n: plan[n].spike_value[0] for n in sparse} == sparse


def test_a_population_that_is_silent_on_the_images_keeps_a_value_of_one():
    network = unet()
    torch.nn.init.constant_(network.stem.norm.bias, -100.0)
    graph = convert(network, calibration())
    assert graph["stem.neurons"].spike_value == 1.0
    assert not simulate(graph, calibration(), 8).spike_counts["stem.neurons"].any()


def test_a_silent_channel_takes_the_value_of_its_layer():
    network = unet()
    with torch.no_grad():
        network.stem.norm.bias[0] = -100.0
    each = plan_of("percentile", network, calibration(), granularity="channel")["stem.neurons"]
    together = plan_of("percentile", network, calibration())["stem.neurons"]
    assert each.spike_value[0] == together.spike_value[0]
    assert each.spike_value[1] != together.spike_value[1]


@pytest.mark.parametrize("name", ["percentile", "maximum", "local_threshold", "calibrated"])
def test_a_recipe_that_needs_calibration_images_says_so(name):
    with pytest.raises(ConfigError, match=rf"{name!r}, which needs calibration images"):
        plan_of(name, unet(), None)


def test_trained_values_are_the_amplitudes_of_training():
    plan = plan_of("trained", unet("loihi_relu"), None)
    assert {float(v) for p in plan.values() for v in p.spike_value} == {1000.0 / 400.0}


def test_half_threshold_starts_every_potential_at_half_and_changes_nothing_else():
    before, plan = (
        plan_of(n, unet(), calibration(), "maximum") for n in ("maximum", "half_threshold")
    )
    for name, p in plan.items():
        assert set(p.v_initial) == {0.5}
        np.testing.assert_array_equal(p.spike_value, before[name].spike_value)


def test_populations_that_feed_one_target_share_the_largest_threshold():
    network, x = unet(), calibration()
    apart, joint = plan_of("maximum", network, x), plan_of("joint_skips", network, x, "maximum")
    groups = {}
    for c in trace(network, x).connections:
        groups.setdefault(c.target, set()).add(c.source)
    met = [g & apart.keys() for g in groups.values() if len(g & apart.keys()) > 1]
    assert met
    for group in met:
        largest = max(apart[n].spike_value.max() for n in group)
        assert {float(v) for n in group for v in joint[n].spike_value} == {largest}
    alone = apart.keys() - set().union(*met)
    for name in alone:
        np.testing.assert_array_equal(apart[name].spike_value, joint[name].spike_value)


def test_trained_keeps_spikes_where_a_time_step_is_longer():
    config = NetworkConfig(depth=1, width=2)
    network = make_network(config, in_channels=1, num_classes=2, dt_ms=2.0)
    graph = convert(
        network, torch.rand(1, 1, 8, 8), ConversionConfig(recipes=("trained",)), dt_ms=2.0
    )
    assert graph.dt_ms == 2.0
    rate = config.activation.unit_rate_hz
    assert {p.spike_value for p in graph.hidden} == {1000.0 / (rate * 2.0)}
