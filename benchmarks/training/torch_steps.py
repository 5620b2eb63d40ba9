"""Steps of torch modules: training and inference, plain or channels_last, bfloat16 and compiled."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.training.contestant import Builder, Case, Step, Weights
from benchmarks.training.network import Outer, UNet, load
from benchmarks.training.peers import DoubledNorms
from benchmarks.training.task import blobs

LEARNING_RATE = 1e-4
IMAGE_SEED = 12345


@dataclass(frozen=True)
class Setting:
    """What a user of torch can switch on without writing code.

    Attributes:
        channels_last: order of the memory of images and weights.
        bf16: torch's autocast.
        compiled: what torch.compile is given: one time step (the loop stays in Python), the whole
            network, or nothing.
    """

    channels_last: bool = False
    bf16: bool = False
    compiled: Literal["step", "whole", ""] = ""


STOCK = Setting()


def builder(make: Callable[[int], UNet], setting: Setting = STOCK) -> Builder:
    """Return the builder of a torch network, made for a number of steps, in a setting."""

    def prepare(case: Case, weights: Weights) -> Step:
        network = make_network(make, case, weights, setting)
        images, masks = blobs(case.batch, case.size, IMAGE_SEED)
        if setting.channels_last:
            images = images.to(memory_format=torch.channels_last)
        return (training_step if case.mode == "train" else inference)(
            network, images, masks, setting.bf16
        )

    return prepare


def make_network(
    make: Callable[[int], UNet], case: Case, weights: Weights, setting: Setting = STOCK
) -> nn.Module:
    """Return the network, with its weights, in the mode and setting asked for."""
    network = make(case.num_steps)
    load(network, weights)
    if isinstance(network, DoubledNorms):
        network.double_norms()
    network.train(case.mode == "train")
    if setting.channels_last:
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if setting.compiled == "whole":
        network.compile(dynamic=False)
    elif setting.compiled:
        assert isinstance(network, Outer)
        network.run_step = torch.compile(network.step, dynamic=False)
    return network


def training_step(network: nn.Module, images: Tensor, masks: Tensor, bf16: bool) -> Step:
    """Return a step: forward, cross-entropy, backward, SGD."""
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, LEARNING_RATE)

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        with _precision(images.device.type, bf16):
            logits = network(images)
        loss = F.cross_entropy(logits.float(), masks)
        torch.autograd.backward(loss)
        optimizer.step()
        return loss.detach()

    return step


def inference(network: nn.Module, images: Tensor, masks: Tensor, bf16: bool) -> Step:
    """Return a forward pass without gradients."""

    def step() -> Tensor:
        with torch.inference_mode(), _precision(images.device.type, bf16):
            logits: Tensor = network(images)
        return logits

    return step


def _precision(device: str, bf16: bool) -> contextlib.AbstractContextManager[object]:
    return torch.autocast(device, torch.bfloat16) if bf16 else contextlib.nullcontext()
