"""Spiking networks in which every layer fires: others are equal for want of anything to compare."""

import copy
import functools
from typing import Any

import torch
from torch import Tensor, nn

from spikeseg.config import NetworkConfig, SpikingConfig
from spikeseg.networks import make_network
from spikeseg.spiking import SpikingNetwork, StepNorm, Timed

STEPS = 3


def images(batch: int = 2, channels: int = 6, size: int = 8, seed: int = 1) -> Tensor:
    """Return (B, C, H, W) in 0..1; 6 channels are 3 steps of 2."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, channels, size, size, generator=generator)


def asleep(name: str = "unet", channels: int = 6, **spiking: Any) -> SpikingNetwork:
    """Return a small network as it is made."""
    torch.manual_seed(0)
    fields = {"num_steps": STEPS} | spiking
    depth = None if "vgg9" in name else 2
    config = NetworkConfig(name, depth, 4, spiking=SpikingConfig(**fields))
    network = make_network(config, in_channels=channels, num_classes=3)
    assert isinstance(network, SpikingNetwork)
    return network


def awake(name: str = "unet", channels: int = 6, size: int = 8, **spiking: Any) -> SpikingNetwork:
    """Return a small network in evaluation, all of whose layers fire, and none always."""
    return copy.deepcopy(_awake(name, channels, size, **spiking))


@functools.cache
def _awake(name: str, channels: int, size: int, **spiking: Any) -> SpikingNetwork:
    network = asleep(name, channels, **spiking)
    generator = torch.Generator().manual_seed(3)
    threshold = network.config.v_threshold
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d | StepNorm):
                module.weight.uniform_(1.0, 2.5, generator=generator).mul_(threshold)
            if isinstance(module, nn.BatchNorm2d):
                module.bias.uniform_(-0.3, 0.9, generator=generator).mul_(threshold)
            elif isinstance(module, nn.Conv2d) and network.config.norm == "none":
                module.weight.mul_(3.0 * threshold)
                assert module.bias is not None
                module.bias.uniform_(0.0, 0.8, generator=generator).mul_(threshold)
        for seed in range(20 if network.config.norm != "none" else 0):
            network(images(4, channels, size, seed=100 + seed))
    network.eval()
    assert_awake(network, images(4, channels, size))
    return network


def assert_awake(network: SpikingNetwork, x: Tensor) -> None:
    """Check that every layer fires, and none in every step."""
    with torch.no_grad():
        counts = network.counted(x)[1]
    neurons = [m for m in network.inner.modules() if isinstance(m, Timed) and hasattr(m, "fire")]
    assert len(counts) == len(neurons) > 0
    for name, count in counts.items():
        most = count.numel() * network.config.num_steps
        most *= network.config.levels if network.config.neuron == "ilif" else 1
        assert 0 < count.sum() < most, name
