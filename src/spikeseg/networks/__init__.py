"""Networks: a plug point, one file each. ``make_network`` builds one by its name.

A network is a torch module made of layers that a spiking graph can express. One class serves the
analog and the spiking network: `Parts` gives it activations, or neurons that spike, and norms.
"""

from collections.abc import Callable

from torch import nn

from spikeseg.config import NetworkConfig
from spikeseg.networks._blocks import Parts, SizeGuard, size_multiple
from spikeseg.networks._plan import Plan, planned
from spikeseg.registry import Registry
from spikeseg.spiking import SpikingNetwork, channels_of_a_step
from spikeseg.surrogates import SURROGATES

__all__ = [
    "NETWORKS",
    "Parts",
    "Plan",
    "SizeGuard",
    "make_network",
    "planned",
    "size_multiple",
]

Maker = Callable[[NetworkConfig, int, int, float], nn.Module]
NETWORKS: Registry[Maker] = Registry("network", "spikeseg.networks")


def make_network(
    config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
) -> nn.Module:
    """Return a new network with random weights; a `SpikingNetwork` if the settings say so.

    Args:
        config: what to build.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        UnknownNameError: no such network, activation or surrogate.
        ConfigError: a setting that this network does not take.
        ShapeError: the channels cannot be cut into the steps that the network takes.
    """
    make, spiking = NETWORKS.get(config.name), config.spiking
    if spiking is None:
        return make(config, in_channels, num_classes, dt_ms)
    SURROGATES.get(spiking.surrogate)
    channels = channels_of_a_step(spiking, in_channels)
    return SpikingNetwork(make(config, channels, num_classes, dt_ms), spiking)
