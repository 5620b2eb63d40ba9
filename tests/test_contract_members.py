"""What the plug points' pages promise, for every member of a registry (neurons: see their own)."""

import numpy as np
import pytest
import torch

import spikeseg as ss
from pages import REGISTRIES
from spikeseg.config import ActivationConfig
from spikeseg.engine import run_analog
from spikeseg.errors import ConfigError
from spikeseg.layers import AbstractActivation, make_activation

ACTIVATIONS, NETWORKS, RECIPES, DATASETS = (
    REGISTRIES[name].names()
    for name in ("activations", "networks", "conversion-recipes", "datasets")
)
NEEDS_FILES = {"cifar_mnist", "ddd17", "dsec_semantic", "folder", "isbi2012", "voc2012"}
LEVELS = {name: {"depth": 2} for name in ("unet", "deeplab", "fcn")}
CONVERTIBLE = {"fcn_vgg9": {"upsampling": "transposed"}}
MADE = [name for name in DATASETS if name not in NEEDS_FILES]


def activated(name, current, amplitude=2.0):
    """Return the activation of a current."""
    activation = make_activation(name, unit_rate_hz=1000.0 / amplitude, dt_ms=1.0)
    assert isinstance(activation, AbstractActivation)
    assert activation.amplitude == amplitude
    return activation(current)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_never_negative_and_zero_without_current(name):
    values = activated(name, torch.arange(-300, 301) / 100)
    assert (values >= 0).all()
    assert (values[:301] == 0).all()
    assert values[-1] > 0


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_more_current_never_means_less_activation(name):
    values = activated(name, torch.linspace(-3, 3, 6001))
    assert (values.diff() >= 0).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_works_on_each_element_alone_and_keeps_the_shape(name):
    current = torch.linspace(-1, 3, 24).reshape(1, 2, 3, 4)
    alone = torch.stack([activated(name, c) for c in current.flatten()])
    assert torch.equal(activated(name, current), alone.reshape(current.shape))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_lets_a_gradient_through_where_it_fires_and_only_there(name):
    current = torch.tensor([-1.0, -0.01, 0.3, 1.5], requires_grad=True)
    activated(name, current).sum().backward()
    assert (current.grad[:2] == 0).all()
    assert (current.grad[2:] > 0).all()


def network_and_images(name, activation="relu", size=(16, 24)):
    """Return a small network whose batch norms are not trivial, and images."""
    torch.manual_seed(0)
    options = {"width": 2, **LEVELS.get(name, {}), **CONVERTIBLE.get(name, {})}
    config = ss.NetworkConfig(name, activation=ActivationConfig(activation), **options)
    network = ss.make_network(config, in_channels=3, num_classes=4)
    images = torch.rand(2, 3, *size)
    network.train()
    with torch.no_grad():
        network(images)
    return network.eval(), images


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_gives_one_logit_a_class_and_pixel_at_any_fitting_size(name):
    network, images = network_and_images(name, size=(8, 24))
    assert network(images).shape == (2, 4, 8, 24)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_refuses_other_sizes_with_the_size_to_pad_to(name):
    network, _ = network_and_images(name)
    with pytest.raises(ss.SpikeSegError, match="8 x 16"):
        network(torch.zeros(1, 3, 5, 13))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_takes_the_activation_that_is_configured_everywhere(name):
    network, _ = network_and_images(name, activation="clipped_relu")
    kinds = {type(m).__name__ for m in network.modules() if isinstance(m, AbstractActivation)}
    assert kinds == {"ClippedReLU"}


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r != "calibrated"])  # it adds biases
@pytest.mark.parametrize("name", NETWORKS)
def test_the_graph_with_analog_values_gives_the_network_s_logits_whatever_the_recipe(name, recipe):
    network, images = network_and_images(name)
    graph = ss.convert(network, images, ss.ConversionConfig(recipes=(recipe,)))
    expected = network(images).detach()
    found = run_analog(graph, images)["output"]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_values_every_hidden_population_and_above_zero(recipe):
    network, images = network_and_images("unet")
    graph = ss.convert(network, images, ss.ConversionConfig(recipes=(recipe,)))
    assert len(graph.hidden) > 5
    assert all((p.spike_values > 0).all() for p in graph.hidden)


@pytest.mark.parametrize("name", MADE)
def test_a_dataset_that_is_made_gives_the_same_sample_twice(name):
    config = ss.DataConfig(name, num_images=5, image_size=64)
    first, second = (ss.load(config).train[1] for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.mask, second.mask)


@pytest.mark.parametrize("name", MADE)
def test_a_sample_has_the_promised_types_ranges_and_classes(name):
    data = ss.load(ss.DataConfig(name, num_images=5, image_size=64))
    sample = data.test[0]
    assert sample.image.dtype == np.float32
    assert sample.mask.dtype == np.uint8
    assert sample.image.shape == (data.in_channels, *sample.mask.shape)
    assert 0 <= sample.image.min() < sample.image.max() <= 1
    assert set(np.unique(sample.mask)) <= {*range(len(data.class_names)), 255}


@pytest.mark.parametrize("name", MADE)
def test_a_dataset_holds_out_the_block_that_is_asked_for(name):
    config = ss.DataConfig(name, num_images=5, image_size=64)
    whole = ss.load(config)
    moved = ss.load(ss.DataConfig(name, num_images=5, image_size=64, test="1-2"))
    assert [len(moved.train), len(moved.test)] == [3, 2]
    assert np.array_equal(moved.test[0].image, whole.train[1].image)


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_refuses_an_option_that_it_does_not_take(name):
    unused = {"num_images": 4} if name in NEEDS_FILES else {"root": "somewhere"}
    if name == "cifar_mnist":  # it reads files and makes images
        unused = {"protocol": "paper"}
    with pytest.raises(ConfigError, match=next(iter(unused))):
        ss.load(ss.DataConfig(name, **unused))
