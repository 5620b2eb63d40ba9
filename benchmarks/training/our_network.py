"""The U-Net on our engine: time in the batch, channels_last, norm and neurons in one scan."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.training.contestant import Builder, Case, Step, Weights
from benchmarks.training.naive import DECAY, THRESHOLD
from benchmarks.training.network import UNet
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import (
    IMAGE_SEED,
    Setting,
    inference,
    make_network,
    training_step,
)
from spikeseg.engine.added import add_maps, needed_twice
from spikeseg.engine.bits import normalized_rates
from spikeseg.engine.doubled import convolve_doubled
from spikeseg.engine.dynamics import Dynamics
from spikeseg.engine.norm import Norm
from spikeseg.engine.normalized import normalized_leaky_scan
from spikeseg.engine.time_mean import time_mean

DYNAMICS = Dynamics(THRESHOLD, reset="hard", surrogate="arctan")


class OurUNet(UNet):
    """Spikes (T, B, C, H, W); the first convolution and the head see every image once.

    Args:
        num_steps: T.
        dtype: of convolutions and spikes; weights, norms and potentials are float32.
    """

    def __init__(self, num_steps: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(nn.Identity, num_steps)
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, (B, 2, H, W)."""
        once = self._convolved("c1", image.to(self.dtype, memory_format=torch.channels_last))
        first = self._block("c2", self._fired("c1", once, self.num_steps))
        first, skip = needed_twice(first)
        second = self._block("c3", self._block("d1", first))
        second, lower_skip = needed_twice(second)
        third = self._block("c4", self._block("d2", second))
        second = self._fired("u1", self._joined("u1", third, lower_skip))
        rates = self._rates(self._split(self._joined("u2", second, skip)))
        assert self.head.bias is not None
        weight, bias = self.head.weight.to(self.dtype), self.head.bias.to(self.dtype)
        return F.conv2d(rates, weight, bias).float()

    def _rates(self, current: Tensor) -> Tensor:
        how = norm_of(self, "u2")
        if torch.is_grad_enabled() or current.is_cuda:
            return time_mean(normalized_leaky_scan(current, how, DECAY, DYNAMICS))
        return normalized_rates(current, how, DECAY, DYNAMICS)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(self.num_steps, -1, *x.shape[1:])

    def _block(self, name: str, x: Tensor) -> Tensor:
        return self._fired(name, self._convolved(name, x))

    def _convolved(self, name: str, x: Tensor, first: int = 0) -> Tensor:
        """Convolve with the weights from an input channel on."""
        conv = convolution(self, name)
        weight = conv.weight[:, first:].to(self.dtype, memory_format=torch.channels_last)
        return F.conv2d(x, weight, None, conv.stride, 1)

    def _joined(self, name: str, low: Tensor, skip: Tensor) -> Tensor:
        """Convolve the enlarged low map and the skip connection."""
        wide = low.shape[1]
        found = convolve_doubled(low, convolution(self, name).weight[:, :wide])
        return add_maps(found, self._convolved(name, skip, wide))

    def _fired(self, name: str, current: Tensor, num_steps: int | None = None) -> Tensor:
        steps = current if num_steps else self._split(current)
        how = norm_of(self, name)
        return normalized_leaky_scan(steps, how, DECAY, DYNAMICS, num_steps).flatten(0, 1)


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


def our_builder(dtype: torch.dtype) -> Builder:
    """Return the builder of training steps and of inference."""

    def prepare(case: Case, weights: Weights) -> Step:
        network = make_network(
            lambda steps: OurUNet(steps, dtype), case, weights, Setting(channels_last=True)
        )
        images, masks = blobs(case.batch, case.size, IMAGE_SEED)
        step = training_step if case.mode == "train" else inference
        return step(network, images, masks, bf16=False)

    return prepare
