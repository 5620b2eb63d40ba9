"""The trained U-Net on weights of eight bits and spikes of one byte."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.training.contestant import Case, Step, Weights
from benchmarks.training.naive import DECAY, THRESHOLD
from benchmarks.training.network import CHANNELS, UNet
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import IMAGE_SEED, Setting, inference, make_network
from spikeseg.engine.bits import (
    convolve_bytes,
    join_doubled,
    normalized_bits,
    normalized_rates,
    pack_bytes,
)
from spikeseg.engine.dynamics import Dynamics
from spikeseg.engine.normalized import Norm

DYNAMICS = Dynamics(THRESHOLD, reset="hard", surrogate="arctan")


class ByteUNet(UNet):
    """For evaluation. The first convolution sees numbers and is bfloat16, as all currents are."""

    def __init__(self, num_steps: int) -> None:
        super().__init__(nn.Identity, num_steps)

    def pack(self) -> None:
        """Round the weights, once."""
        self.packed = {}
        for name in list(CHANNELS)[1:]:
            conv = convolution(self, name)
            self.packed[name] = pack_bytes(conv.weight, (conv.stride[0], conv.stride[1]), (1, 1))
        self.first = convolution(self, "c1").weight.detach().bfloat16()

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, (B, 2, H, W)."""
        once = F.conv2d(image.bfloat16(), self.first, padding=1)
        how = norm_of(self, "c1")
        spikes = normalized_bits(once, how, DECAY, DYNAMICS, self.num_steps).flatten(0, 1)
        first = self._block("c2", spikes)
        second = self._block("c3", self._block("d1", first))
        third = self._block("c4", self._block("d2", second))
        second = self._block("u1", join_doubled(third, second))
        current = self._current("u2", join_doubled(second, first))
        rates = normalized_rates(current, norm_of(self, "u2"), DECAY, DYNAMICS)
        assert self.head.bias is not None
        return F.conv2d(rates, self.head.weight.bfloat16(), self.head.bias.bfloat16()).float()

    def _current(self, name: str, x: Tensor) -> Tensor:
        found = convolve_bytes(x, self.packed[name], torch.bfloat16)
        return found.view(self.num_steps, -1, *found.shape[1:])

    def _block(self, name: str, x: Tensor) -> Tensor:
        current = self._current(name, x)
        return normalized_bits(current, norm_of(self, name), DECAY, DYNAMICS).flatten(0, 1)


def byte_builder(case: Case, weights: Weights) -> Step:
    """Make ready for inference."""
    network = make_network(ByteUNet, case, weights, Setting(channels_last=True))
    assert isinstance(network, ByteUNet)
    network.pack()
    images, masks = blobs(case.batch, case.size, IMAGE_SEED)
    return inference(network, images, masks, bf16=False)


def convolution(network: UNet, name: str) -> nn.Conv2d:
    """Return the convolution of a block."""
    found = network.convs[name]
    assert isinstance(found, nn.Conv2d)
    return found


def norm_of(network: UNet, name: str) -> Norm:
    """Return what the engine needs of the batch norm of a block."""
    norm = network.norms[name]
    assert isinstance(norm, nn.BatchNorm2d)
    mean, variance, momentum = norm.running_mean, norm.running_var, norm.momentum
    assert mean is not None
    assert variance is not None
    assert momentum is not None
    return Norm(norm.weight, norm.bias, mean, variance, norm.training, momentum, norm.eps)
