"""The networks of Kim et al. 2022, against the tables of their layers and a slow twin."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spikeseg.config import NetworkConfig, SpikingConfig
from spikeseg.layers import AbstractActivation
from spikeseg.networks import make_network
from spikeseg.spiking import SpikingNetwork, StepNorm

PAPER = SpikingConfig(num_steps=20, decay=0.99, norm="bntt", coding="poisson")
VOC, DDD17 = (3, 21), (2, 6)
BACKBONE = [36_864, 73_728, 147_456, 294_912, 589_824, 589_824]  # conv2 to conv7, of both
TABLES = {
    ("deeplab_vgg9", VOC): [1_728, *BACKBONE, 2_359_296, 21_504],
    ("deeplab_vgg9", DDD17): [1_152, *BACKBONE, 2_359_296, 6_144],
    ("fcn_vgg9", VOC): [1_728, *BACKBONE, 2_359_296, 9_437_184, 1_365, 2_709, 5_397, 21_525]
    + 3 * [3_969],
    ("fcn_vgg9", DDD17): [1_152, *BACKBONE, 2_359_296, 9_437_184, 390, 774, 1_542, 6_150]
    + 3 * [324],
}
GAINS = {"deeplab_vgg9": 43_520, "fcn_vgg9": 64_000}
MILLIONS = {
    ("deeplab_vgg9", VOC): 4.159,
    ("fcn_vgg9", VOC): 13.638,
    ("deeplab_vgg9", DDD17): 4.143,
    ("fcn_vgg9", DDD17): 13.604,
}


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("name", "data"), TABLES, ids=str)
def test_the_network_has_the_parameters_of_its_table(name: str, data: tuple[int, int]) -> None:
    network = make_network(NetworkConfig(name, spiking=PAPER), *data)
    assert count(network) == sum(TABLES[name, data]) + GAINS[name]
    assert round(count(network) / 1e6, 3) == MILLIONS[name, data]
    sizes = [m.weight.numel() for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert sizes[:7] == TABLES[name, data][:7]


@pytest.mark.parametrize(("name", "data"), TABLES, ids=str)
def test_the_analog_twin_has_the_same_weights_and_norms_without_any(
    name: str, data: tuple[int, int]
) -> None:
    network = make_network(NetworkConfig(name), *data)
    assert count(network) == sum(TABLES[name, data])
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(m.eps, m.momentum, m.affine) for m in norms} == {(1e-4, 0.1, False)}


@pytest.mark.parametrize("spiking", [None, PAPER], ids=["analog", "spiking"])
@pytest.mark.parametrize("name", GAINS)
def test_first_weights_are_uniform_within_xavier_s_bound_with_a_gain_of_2(
    name: str, spiking: SpikingConfig | None
) -> None:
    network = make_network(NetworkConfig(name, width=16, spiking=spiking), *VOC)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            weight = module.weight.detach()
            fans = sum(weight.shape[:2]) * weight[0, 0].numel()
            bound = 2 * math.sqrt(6 / fans)
            assert 0.97 * bound < weight.abs().max() <= bound
            assert abs(float(weight.std()) / (bound / math.sqrt(3)) - 1) < 0.1
            assert module.bias is None or not module.bias.any()


def test_the_decoder_of_the_fcn_has_neurons_only_if_it_spikes() -> None:
    analog, spiking = (
        make_network(NetworkConfig("fcn_vgg9", width=2, spiking=s), *VOC) for s in (None, PAPER)
    )
    found = [
        sum(isinstance(m, AbstractActivation) for m in network.modules())
        for network in (analog, spiking)
    ]
    assert found == [9, 11]
    assert sum(isinstance(m, StepNorm) for m in spiking.modules()) == 9


Layer = Callable[[Tensor], Tensor]


class Twin:
    """One step of the drawn network at a time, from its weights in the order of the table."""

    def __init__(self, network: nn.Module, spiking: SpikingConfig | None) -> None:
        self.network, self.spiking = network, spiking
        self.states: dict[int, Tensor] = {}

    def step(self, x: Tensor, t: int) -> Tensor:
        self.t = t
        kinds = (nn.Conv2d, nn.ConvTranspose2d)
        modules = list(self.network.modules())
        self.convs: Iterator[nn.Module] = iter([m for m in modules if isinstance(m, kinds)])
        self.norms = iter([m for m in modules if isinstance(m, nn.BatchNorm2d | StepNorm)])
        self.number = 0
        return self.deeplab(x) if "DeepLab" in type(self.network).__name__ else self.fcn(x)

    def unit(self, x: Tensor, dilation: int = 1) -> Tensor:
        current = F.conv2d(x, next(self.convs).weight, padding=dilation, dilation=dilation)
        norm = next(self.norms)
        mean, var = norm.running_mean, norm.running_var
        if isinstance(norm, StepNorm):
            mean, var = mean[self.t], var[self.t]
        current = (current - mean[:, None, None]) / (var + 1e-4).sqrt()[:, None, None]
        if isinstance(norm, StepNorm):
            current = current * norm.weight[self.t][:, None, None]
        return self.fired(current)

    def fired(self, current: Tensor) -> Tensor:
        if self.spiking is None:
            return current.clamp(min=0)
        self.number += 1
        u = self.spiking.decay * self.states.get(self.number, torch.zeros(())) + current
        spike = (u > 1).to(u)
        self.states[self.number] = u - spike
        return spike

    def pool(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (1, 1, 1, 1))
        shifted = [
            x[..., i : i + height : 2, j : j + width : 2] for i in range(3) for j in range(3)
        ]
        return sum(shifted) / 9

    def deeplab(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        x = self.pool(self.unit(self.unit(x)))
        x = self.pool(self.unit(self.unit(x)))
        for dilation in (1, 2, 2, 12):
            x = self.unit(x, dilation)
        scores = F.conv2d(x, next(self.convs).weight)
        return F.interpolate(scores, size, mode="bilinear", align_corners=True)

    def fcn(self, x: Tensor) -> Tensor:
        found = []
        for units in (2, 2, 3, 2):
            x = self.pool(found[-1]) if found else x
            for _ in range(units):
                x = self.unit(x)
            found.append(x)
        scores = [F.conv2d(f, c.weight, c.bias) for f, c in zip(found, self.convs, strict=False)]
        ups = list(self.network.up)
        relay = self.fired if self.spiking else lambda x: x
        x = relay(self.up(scores[3], ups[0], scores[2]))
        x = relay(self.up(x, ups[1], scores[1]))
        return self.up(x, ups[2], scores[0])

    def up(self, x: Tensor, conv: nn.Module, scores: Tensor) -> Tensor:
        x = F.conv_transpose2d(x, conv.weight, stride=2)
        return F.interpolate(x, scores.shape[-2:], mode="bilinear", align_corners=True) + scores


def warmed(name: str, spiking: SpikingConfig | None, images: Tensor) -> nn.Module:
    """Return a sized-down network whose norms, gains and biases are not trivial."""
    torch.manual_seed(0)
    network = make_network(NetworkConfig(name, width=3, spiking=spiking), images.shape[1], 4)
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            if "bias" in key or isinstance(network.get_submodule(key[: key.rfind(".")]), StepNorm):
                parameter.uniform_(0.5, 1.5)
        for _ in range(20):
            network(images)
    return network.double().eval()


@pytest.mark.parametrize("name", GAINS)
def test_the_analog_network_is_that_of_the_table(name: str) -> None:
    images = torch.rand(2, 2, 16, 24)
    network = warmed(name, None, images)
    with torch.inference_mode():
        expected = Twin(network, None).step(images.double(), 0)
        torch.testing.assert_close(network(images.double()), expected)


@pytest.mark.parametrize(("name", "share"), [("deeplab_vgg9", 1 / 3), ("fcn_vgg9", 1.0)])
def test_the_spiking_network_is_that_of_the_table_step_by_step(name: str, share: float) -> None:
    config = SpikingConfig(num_steps=3, decay=0.99, norm="bntt", coding="steps")
    images = torch.rand(2, 6, 16, 24)
    network = warmed(name, config, images)
    assert isinstance(network, SpikingNetwork)
    twin = Twin(network.inner, config)
    with torch.inference_mode():
        steps = [twin.step(images.double()[:, 2 * t : 2 * t + 2], t) for t in range(3)]
        torch.testing.assert_close(network(images.double()), share * sum(steps))
    assert all(state.any() for state in twin.states.values())
