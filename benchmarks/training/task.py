"""Images of noisy blobs, and the naive network trained on them, whose weights all contestants run.

Networks without training have no stable answer: one spike that rounding flips changes everything.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import Merged, UNet, load
from spikeseg.files import atomic_path

Weights = dict[str, Tensor]
_LEARNING_RATE, _STEPS, _BATCH, _SIZE = 1e-2, 60, 4, 64
_RATE, _PENALTY = 0.13, 20.0  # every layer is drawn to this share of neurons that fire in a step


def blobs(num_images: int, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return images (B, 1, size, size) in 0..1 and their masks (B, size, size) of 0 and 1."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randn(num_images, 1, size // 8, size // 8, generator=random)
    smooth = F.interpolate(coarse, scale_factor=8, mode="bilinear")
    masks = (smooth > 0.1).long()[:, 0]
    noise = 0.25 * torch.randn(num_images, 1, size, size, generator=random)
    return (0.35 + 0.3 * masks[:, None] + noise).clamp(0, 1), masks


def watch_rates(network: UNet) -> dict[str, Tensor]:
    """Return what holds, after each forward pass, the mean spikes a step of each layer."""
    rates: dict[str, Tensor] = {}
    for name, neuron in network.neurons.items():
        neuron.register_forward_hook(lambda *a, name=name: rates.update({name: a[2].mean()}))
    return rates


def train(steps: int = _STEPS, size: int = _SIZE, seed: int = 0) -> Weights:
    """Return the weights of the naive network after a short training with T = 4."""
    torch.manual_seed(seed)
    network = Merged(NaiveNeuron, 4)
    rates = watch_rates(network)
    optimizer = torch.optim.Adam(network.parameters(), _LEARNING_RATE)
    for step in range(steps):
        images, masks = blobs(_BATCH, size, step)
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), masks)
        for rate in rates.values():
            loss = loss + _PENALTY * (rate - _RATE) ** 2
        torch.autograd.backward(loss)
        optimizer.step()
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def stored_weights(path: Path) -> Weights:
    """Return the weights in a file; train and write them if there is none."""
    if not path.exists():
        weights = train()
        with atomic_path(path) as temporary:
            torch.save(weights, temporary)
    found: Weights = torch.load(path, weights_only=True)
    return found


def naive_rates(weights: Weights, images: Tensor, num_steps: int) -> dict[str, float]:
    """Return the share of neurons of each layer that fire in a step."""
    network = Merged(NaiveNeuron, num_steps)
    load(network, weights)
    rates = watch_rates(network)
    with torch.inference_mode():
        network.eval()(images)
    return {name: float(rate) for name, rate in rates.items()}
