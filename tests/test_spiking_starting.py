"""Direct training that starts from the weights of an analog network."""

import pytest
import torch
from torch import nn

import spikeseg as ss
from spikeseg.errors import ConfigError
from spikeseg.spiking import start_from


def analog_network(width=4):
    """Return a network whose norms are not trivial, in evaluation."""
    torch.manual_seed(0)
    network = ss.make_network(ss.NetworkConfig(depth=2, width=width), in_channels=3, num_classes=4)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.3, 0.5)
    network.train()
    for _ in range(20):
        network(torch.rand(4, 3, 16, 16))
    return network.eval()


def twin(width=4, **spiking):
    config = ss.SpikingConfig(**{"norm": "batch", **spiking})
    network = ss.NetworkConfig(depth=2, width=width, spiking=config)
    return ss.make_network(network, in_channels=3, num_classes=4).eval()


@torch.no_grad()
def test_integer_neurons_with_fine_levels_are_the_analog_network():
    analog, images = analog_network(), torch.rand(2, 3, 16, 16)
    expected = analog(images)
    errors = []
    for levels in (64, 4096):
        threshold = 16.0 / levels  # no activation is above 16
        spiking = twin(neuron="ilif", num_steps=1, levels=levels, decay=1.0, v_threshold=threshold)
        start_from(spiking, analog)
        errors.append(float((spiking(images) - expected).abs().max()))
    assert errors[1] < 0.01 * float(expected.abs().max())
    assert errors[1] < errors[0] / 4


def test_other_neurons_start_from_the_weights_as_they_are():
    analog, spiking = analog_network(), twin()
    start_from(spiking, analog)
    own, given = spiking.inner.state_dict(), analog.state_dict()
    assert set(given) <= set(own)
    assert all(torch.equal(own[name], given[name]) for name in given)


def test_a_network_of_another_shape_is_refused():
    with pytest.raises(ConfigError, match=r"has no stem\.conv\.weight of the twin's shape"):
        start_from(twin(width=2), analog_network(width=4))
