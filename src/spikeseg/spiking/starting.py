"""Training that starts from the weights of an analog network of the same shape."""

import torch
from torch import Tensor, nn

from spikeseg.errors import ConfigError
from spikeseg.spiking.network import SpikingNetwork
from spikeseg.spiking.readout import Readout


@torch.no_grad()
def start_from(network: SpikingNetwork, analog: nn.Module) -> None:
    """Give a spiking network the weights of an analog one, as far as both have the same.

    Integer neurons are then the activations, rounded: their output of 1 stands for an activation of
    ``levels * v_threshold``, by which all weights are multiplied but those that hear the image or a
    `Readout`. (In ``fcn_vgg9``, two that hear one are multiplied, too; its analog decoder has no
    activations, so that it is no such start anyway.) Other neurons start from the weights as they
    are (Rathi et al. 2020, arXiv:2005.01807: training through spikes that starts from a converted
    network).

    Args:
        network: not trained yet; its weights are changed in place.
        analog: made by the same settings, but for ``spiking``.

    Raises:
        ConfigError: a convolution has no counterpart.
    """
    own, given = network.inner.state_dict(), analog.state_dict()
    shared = {k: v for k, v in given.items() if k in own and own[k].shape == v.shape}
    missing = [name for name in _convolutions(network.inner) if name not in shared]
    if missing:
        raise ConfigError(
            f"direct_start is 'analog', but the analog network has no {missing[0]} of the twin's "
            "shape. Start from 'random'."
        )
    network.inner.load_state_dict(shared, strict=False)
    for weight in _hearing_spikes(network.inner):
        weight.mul_(network.config.worth)


def _convolutions(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights in the order of the network; the first hears the image."""
    return {
        f"{name}.weight": module.weight
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    }


def _hearing_spikes(network: nn.Module) -> list[Tensor]:
    """Return the weights that hear spikes: neither the image nor what a readout makes of them."""
    heard: list[Tensor] = []
    for module in network.modules():
        if isinstance(module, Readout):
            break
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            heard.append(module.weight)
    return heard[1:]
