"""Run in the environment that has SpikingJelly: its spikes belong where the benchmark puts them."""

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.conversion.rivals import Converted, convert, plain_copy, present
from benchmarks.conversion.settings import SETTINGS, Setting
from benchmarks.conversion.work import reach, synaptic_operations
from spikeseg import convert as own_convert
from spikeseg.config import ActivationConfig, ConversionConfig, NetworkConfig
from spikeseg.conversion import trace
from spikeseg.engine import simulate
from spikeseg.errors import ConfigError
from spikeseg.networks.unet import UNet

STEPS = 16
BY_NAME = {setting.name: setting for setting in SETTINGS}


@pytest.fixture(scope="module", params=["nearest", "bilinear", "transposed"])
def network(request: pytest.FixtureRequest) -> UNet:
    torch.manual_seed(1)
    made = UNet(NetworkConfig(depth=2, width=4, upsampling=request.param), 1, 3)
    made.train()
    with torch.no_grad():
        for _ in range(20):  # statistics for the batch norms
            made(torch.rand(4, 1, 16, 16))
    return made.eval()


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(2))


def converted_by(setting: Setting, network: UNet, image: Tensor) -> Converted:
    return convert(network, trace(network, image), setting, [image])


def test_maximum_thresholds_fire_as_often_as_our_own_at_every_population(
    network: UNet, image: Tensor
) -> None:
    converted = converted_by(BY_NAME["rate coding Max, layer"], network, image)
    *_, (_, total, count) = present(converted, image, STEPS)
    own = ConversionConfig(recipes=("maximum",), granularity="layer")
    simulation = simulate(own_convert(network, image, own), image, STEPS)
    spikes = count()
    assert set(spikes) == set(simulation.spike_counts)
    for name, counts in spikes.items():
        expected = simulation.spike_counts[name][0].numpy()
        assert expected.sum() > 0
        difference = np.abs(counts - expected)  # rounding moves a spike now and then
        assert difference.mean() < 0.05 * expected.mean()
    torch.testing.assert_close(total / STEPS, simulation.potential[0], rtol=0, atol=0.1)


def test_maximum_thresholds_of_the_image_itself_give_the_analog_output_in_the_end(
    network: UNet, image: Tensor
) -> None:
    converted = converted_by(BY_NAME["rate coding Max, channel, half threshold"], network, image)
    *_, (_, total, _) = present(converted, image, 400)
    with torch.inference_mode():
        expected = network(image)[0]
    assert float((total / 400 - expected).abs().mean()) < 0.05 * float(expected.std())


def test_the_same_image_again_gives_the_same_spikes(network: UNet, image: Tensor) -> None:
    converted = converted_by(BY_NAME["rate coding Max, channel, half threshold"], network, image)
    reached = reach(trace(network, image))
    found = []
    for _ in range(2):
        *_, (_, _, count) = present(converted, image, 4)
        found.append(synaptic_operations(reached, count()))
    assert found[0] == found[1] > 0


def test_the_copy_for_spikingjelly_computes_the_same(network: UNet, image: Tensor) -> None:
    with torch.inference_mode():
        assert torch.equal(plain_copy(network)(image), network(image))


def test_an_activation_that_spikingjelly_would_not_convert_is_refused() -> None:
    network = UNet(
        NetworkConfig(depth=1, width=2, activation=ActivationConfig("clipped_relu")), 1, 2
    )
    with pytest.raises(ConfigError, match="converts ReLU only"):
        plain_copy(network)
