"""The U-Net that every contestant runs, its topology written once, in three layouts of time.

Eight blocks of 3x3 convolution without bias, batch norm and neuron: 1 to 16, 16, 32 (stride 2), 32,
64 (stride 2), 64, then nearest upsampling and concatenation to 32 and to 16 channels; a 1x1
convolution to two classes, averaged over the steps. An image is given unchanged in every step
(direct coding).
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = {  # of a block: in, out, stride
    "c1": (1, 16, 1),
    "c2": (16, 16, 1),
    "d1": (16, 32, 2),
    "c3": (32, 32, 1),
    "d2": (32, 64, 2),
    "c4": (64, 64, 1),
    "u1": (96, 32, 1),
    "u2": (48, 16, 1),
}
NUM_CLASSES = 2
Block = Callable[[str, Tensor], Tensor]


class UNet(nn.Module):
    """The layers; a subclass says how time runs through them.

    Args:
        make: makes the neuron of one block.
        num_steps: T.
    """

    def __init__(self, make: Callable[[], nn.Module], num_steps: int = 1) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.convs = nn.ModuleDict()
        self.norms = nn.ModuleDict()
        self.neurons = nn.ModuleDict()
        for name, (wide, out, stride) in CHANNELS.items():
            self.convs[name] = nn.Conv2d(wide, out, 3, stride, padding=1, bias=False)
            self.norms[name] = nn.BatchNorm2d(out)
            self.neurons[name] = make()
        self.head = nn.Conv2d(16, NUM_CLASSES, 1)

    def current(self, name: str, x: Tensor) -> Tensor:
        """Return what a block gives its neurons, (N, C, H, W)."""
        found: Tensor = self.norms[name](self.convs[name](x))
        return found

    def logits(self, image: Tensor, block: Block) -> Tensor:
        """Return logits (N, 2, H, W) of images (N, 1, H, W), each block computed by ``block``."""
        first = block("c2", block("c1", image))
        second = block("c3", block("d1", first))
        third = block("c4", block("d2", second))
        second = block("u1", torch.cat([_double(third), second], 1))
        first = block("u2", torch.cat([_double(second), first], 1))
        found: Tensor = self.head(first)
        return found


class Dense(UNet):
    """The dense twin: its neurons have no state, its image is seen once."""

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, (B, 2, H, W)."""
        return self.logits(image, lambda name, x: self.neurons[name](self.current(name, x)))


class Merged(UNet):
    """Convolutions and norms see all steps as one batch; a neuron takes (T, B, C, H, W)."""

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, (B, 2, H, W)."""
        steps = (self.num_steps, image.shape[0])

        def block(name: str, x: Tensor) -> Tensor:
            spikes: Tensor = self.neurons[name](_split(self.current(name, x), *steps))
            return spikes.flatten(0, 1)

        return _split(self.logits(image.repeat(self.num_steps, 1, 1, 1), block), *steps).mean(0)


class BatchFirst(UNet):
    """As `Merged`, but the steps of an image lie side by side; a neuron takes (B * T, C, H, W)."""

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, (B, 2, H, W)."""
        images = image.repeat_interleave(self.num_steps, 0)
        logits = self.logits(images, lambda name, x: self.neurons[name](self.current(name, x)))
        return _split(logits, image.shape[0], self.num_steps).mean(1)


class Outer(UNet):
    """One step after the other; a neuron takes current and state, and returns spikes and state."""

    def __init__(self, make: Callable[[], nn.Module], num_steps: int = 1) -> None:
        super().__init__(make, num_steps)
        self.run_step = self.step  # may be compiled

    def forward(self, image: Tensor) -> Tensor:
        """Return logits, (B, 2, H, W)."""
        total, states = self.run_step(image, dict.fromkeys(CHANNELS))
        for _ in range(self.num_steps - 1):
            logits, states = self.run_step(image, states)
            total = total + logits
        return total / self.num_steps

    def step(self, image: Tensor, before: dict[str, Any]) -> tuple[Tensor, dict[str, Any]]:
        """Return the logits of one step, and the states after it."""
        states: dict[str, Any] = {}

        def block(name: str, x: Tensor) -> Tensor:
            spikes: Tensor
            spikes, states[name] = self.neurons[name](self.current(name, x), before[name])
            return spikes

        return self.logits(image, block), states


def load(network: UNet, weights: dict[str, Tensor]) -> None:
    """Give a network the weights of convolutions and norms; neurons keep their own constants."""
    missing, unknown = network.load_state_dict(weights, strict=False)
    wrong = [name for name in missing if not name.startswith("neurons.")] + unknown
    if wrong:
        raise ValueError(f"these weights do not belong to the U-Net, or are missing: {wrong}.")


def _split(x: Tensor, first: int, second: int) -> Tensor:
    return x.reshape(first, second, *x.shape[1:])


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
