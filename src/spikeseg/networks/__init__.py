"""Networks: a plug point, one file each. ``make_network`` builds one by its name.

A network is a torch module made of layers that a spiking graph can express. One class serves the
analog and the spiking network: the activation is the only spiking part.
"""

from collections.abc import Callable

from torch import nn

from spikeseg.config import NetworkConfig
from spikeseg.networks._blocks import SizeGuard
from spikeseg.registry import Registry

__all__ = ["NETWORKS", "SizeGuard", "make_network"]

Maker = Callable[[NetworkConfig, int, int, float], nn.Module]
NETWORKS: Registry[Maker] = Registry("network", "spikeseg.networks")


def make_network(
    config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
) -> nn.Module:
    """Return a new network with random weights.

    Args:
        config: what to build.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        UnknownNameError: no such network or activation.
    """
    return NETWORKS.get(config.name)(config, in_channels, num_classes, dt_ms)
