"""Networks of spiking neurons: every neuron, norm and coding; spikes between all layers."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from spikeseg.config import NetworkConfig, SpikingConfig
from spikeseg.errors import ConfigError
from spikeseg.networks import NETWORKS, make_network
from spikeseg.spiking import SpikingNetwork, StepNorm

STEPS = 3
CHOICES = [
    *({"neuron": neuron} for neuron in ("lif", "plif", "ilif", "alif")),
    *({"norm": norm} for norm in ("batch", "bntt", "none")),
    *({"coding": coding} for coding in ("poisson", "steps")),
]


def built(name: str, **spiking: Any) -> SpikingNetwork:
    torch.manual_seed(0)
    depth = None if "vgg9" in name else 2
    config = NetworkConfig(name, depth, 4, spiking=SpikingConfig(num_steps=STEPS, **spiking))
    network = make_network(config, in_channels=2 * STEPS, num_classes=3)
    assert isinstance(network, SpikingNetwork)
    return network


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 2 * STEPS, 8, 16, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("choice", CHOICES, ids=lambda c: "-".join(map(str, *c.items())))
@pytest.mark.parametrize("name", NETWORKS.names())
def test_every_network_spikes_with_every_neuron_norm_and_coding(
    name: str, choice: dict[str, Any], images: Tensor
) -> None:
    network = built(name, **choice)
    logits = network(images)
    assert logits.shape == (2, 3, 8, 16)
    (logits - 1).square().mean().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key


@pytest.mark.parametrize("name", NETWORKS.names())
def test_the_answer_is_the_mean_of_the_steps(name: str, images: Tensor) -> None:
    network = built(name, norm="batch").eval()
    with torch.inference_mode():
        found, steps = network(images), network.in_steps(images)
    assert len(steps) == STEPS
    torch.testing.assert_close(found, steps.mean(dim=0), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS.names())
def test_norms_of_steps_serve_no_more_steps_than_were_trained(name: str, images: Tensor) -> None:
    network = built(name, norm="bntt")
    assert any(isinstance(m, StepNorm) for m in network.modules())
    assert len(network.in_steps(images, num_steps=STEPS - 1)) == STEPS - 1
    with pytest.raises(ConfigError, match=f"num_steps is {STEPS + 1}.* norms for {STEPS} steps"):
        network.in_steps(images, num_steps=STEPS + 1)


@pytest.mark.parametrize("name", ["unet", "deeplab", "fcn"])
def test_every_convolution_hears_spikes_of_0_and_1(name: str, images: Tensor) -> None:
    network, heard = built(name), {}

    def listen(key: str, x: Tensor) -> None:
        heard[key] = set(x.unique().tolist())

    for key, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_pre_hook(lambda _, x, key=key: listen(key, x[0]))
    with torch.no_grad():
        network.in_steps(images)  # every step alone, so that nothing is averaged before the end
    stem = [key for key in heard if ".stem." in f".{key}"]
    assert len(stem) == 1
    others = {key: values for key, values in heard.items() if key not in stem}
    assert len(others) >= 8
    assert all(values <= {0.0, 1.0} for values in others.values())
    assert sum(values == {0.0, 1.0} for values in others.values()) > 5


def test_the_fcn_of_the_paper_sums_over_the_steps(images: Tensor) -> None:
    network = built("fcn_vgg9").eval()
    with torch.inference_mode():
        summed = network(images)
        network.inner.total = nn.Identity()
        torch.testing.assert_close(summed, STEPS * network(images))
