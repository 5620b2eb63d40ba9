"""The U-Net as ``spikeseg train`` makes it: `make_network`, and nothing of the engine by hand."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from benchmarks.training.contestant import Builder, Case, Step, Weights
from benchmarks.training.naive import DECAY, THRESHOLD
from benchmarks.training.network import CHANNELS, NUM_CLASSES
from benchmarks.training.task import blobs
from benchmarks.training.torch_steps import IMAGE_SEED, inference, training_step
from spikeseg.config import NetworkConfig, SpikingConfig
from spikeseg.networks import make_network
from spikeseg.spiking import SpikingNetwork

SPIKING = SpikingConfig(
    decay=DECAY, v_threshold=THRESHOLD, reset="hard", surrogate="arctan", norm="batch"
)
UNITS = {
    "c1": "stem",
    "c2": "encoder.0",
    "d1": "down.0",
    "c3": "encoder.1",
    "d2": "down.1",
    "c4": "encoder.2",
    "u1": "merge.1",
    "u2": "merge.0",
}
BELOW = {"u1": "c4", "u2": "u1"}  # whose channels the contestants put first, and our U-Net last


def our_unet(num_steps: int, weights: Weights) -> SpikingNetwork:
    """Return the package's U-Net without the second units of its decoder, with these weights."""
    spiking = replace(SPIKING, num_steps=num_steps)
    config = NetworkConfig("unet", depth=2, width=16, spiking=spiking)
    network = make_network(config, in_channels=1, num_classes=NUM_CLASSES)
    assert isinstance(network, SpikingNetwork)
    network.inner.decoder = nn.ModuleList([nn.Identity(), nn.Identity()])
    network.inner.load_state_dict(dict(_renamed(name, value) for name, value in weights.items()))
    return network


def _renamed(name: str, value: Tensor) -> tuple[str, Tensor]:
    """Return a weight under the name, and with the order of channels, of the package's U-Net."""
    part, _, rest = name.partition(".")
    if part == "head":
        return name, value
    block, _, field = rest.partition(".")
    if part == "convs" and block in BELOW:
        value = value.roll(-CHANNELS[BELOW[block]][1], 1)
    return f"{UNITS[block]}.{part.removesuffix('s')}.{field}", value


def our_builder(bf16: bool = False, recompute: bool = False) -> Builder:
    """Return the builder of training steps and of inference.

    Args:
        bf16: as by ``training.precision bfloat16``.
        recompute: as by ``training.recompute``.
    """

    def prepare(case: Case, weights: Weights) -> Step:
        network = our_unet(case.num_steps, weights).train(case.mode == "train")
        network.clock.recompute = recompute
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images, masks = blobs(case.batch, case.size, IMAGE_SEED)
        images = images.contiguous(memory_format=torch.channels_last)
        step = training_step if case.mode == "train" else inference
        return step(network, images, masks, bf16)

    return prepare
