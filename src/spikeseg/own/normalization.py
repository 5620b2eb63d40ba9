"""What a user's training did to images in 0..1: subtract a mean, divide by a deviation."""

import math
from dataclasses import dataclass

from torch import Tensor

from spikeseg.errors import ConfigError


@dataclass(frozen=True)
class Normalization:
    """``(image - mean) / std``, as ``torchvision.transforms.Normalize`` does.

    Attributes:
        mean: one number, or one for each channel.
        std: as ``mean``; positive.

    Raises:
        ConfigError: a number is not finite, or ``std`` not positive.

    >>> import torch
    >>> Normalization((0.5,), (0.25,))(torch.ones(1, 1, 1, 2)).tolist()
    [[[[2.0, 2.0]]]]
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if not self.mean or not all(map(math.isfinite, self.mean)):
            raise ConfigError(f"--mean is {list(self.mean)}; pass finite numbers.")
        if not self.std or not all(math.isfinite(s) and s > 0 for s in self.std):
            raise ConfigError(f"--std is {list(self.std)}; pass positive numbers.")

    def check(self, channels: int) -> None:
        """Check that it fits images of so many channels.

        Raises:
            ConfigError: it does not.
        """
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, channels):
                raise ConfigError(
                    f"--{name} has {len(values)} numbers, but the images have {channels} "
                    f"channel(s); pass {' or '.join(map(str, sorted({1, channels})))}."
                )

    def __call__(self, images: Tensor) -> Tensor:
        """Return (B, C, H, W) images as the network was trained on them."""
        mean, std = (images.new_tensor(v).view(-1, 1, 1) for v in (self.mean, self.std))
        return (images - mean) / std
