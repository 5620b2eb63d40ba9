"""The strided encoder of ``deeplab`` and ``fcn``: residual blocks whose layers all send spikes."""

import itertools

from torch import Tensor, nn

from spikeseg.networks._blocks import Parts, SizeGuard
from spikeseg.networks._plan import Plan


class ResidualBlock(nn.Module):
    """Two convolutions; what enters is added to the current of the second's neurons.

    The shortcut ends in the membrane, before the neurons, so that they hear and send nothing but
    spikes of 0 and 1. (Adding spikes to spikes, as SEW-ResNet does, sends 2 too, which a chip
    cannot; a product of spikes is no sum of currents.) A chip needs one synapse a neuron for it.

    Args:
        parts: what it is made of.
        width: channels.
    """

    def __init__(self, parts: Parts, width: int) -> None:
        super().__init__()
        self.unit = parts.unit(width, width)
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=parts.bias)
        self.norm, self.neurons = parts.norm(width), parts.neurons()

    def forward(self, x: Tensor) -> Tensor:
        """Return what its last neurons send, of the shape of ``x``."""
        spikes: Tensor = self.neurons(self.norm(self.conv(self.unit(x))) + x)
        return spikes


class Encoder(nn.Module):
    """A stem, then levels of a strided convolution and residual blocks.

    Args:
        plan: depth, channels, units, stride of the stem.
        parts: what it is made of.
        in_channels: channels of the images.
    """

    def __init__(self, plan: Plan, parts: Parts, in_channels: int) -> None:
        super().__init__()
        self.guard = SizeGuard(plan.stem_stride * 2**plan.depth)
        self.stem = parts.unit(in_channels, plan.channels[0], plan.stem_stride)
        self.levels = nn.ModuleList(
            nn.Sequential(
                parts.unit(above, width, stride=2),
                *(ResidualBlock(parts, width) for _ in range(plan.units)),
            )
            for above, width in itertools.pairwise(plan.channels)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return what the stem and every level send.

        Raises:
            ShapeError: the strides do not divide the size; names the size to pad to.
        """
        found = [self.stem(self.guard(x))]
        for level in self.levels:
            found.append(level(found[-1]))
        return found


def enlarging(
    mode: str, cin: int, cout: int, factor: int, bias: bool, kernel: int = 3
) -> nn.Module:
    """Return an enlargement by a whole factor, and a convolution, as one chip kernel if it can be.

    Args:
        mode: ``nearest``, ``bilinear`` or ``transposed``.
        cin: channels of what comes in.
        cout: channels of what goes out.
        factor: of height and width; 1 leaves the convolution.
        bias: whether the convolution has one.
        kernel: size of the convolution, odd.
    """
    if mode == "transposed" and factor > 1:
        return nn.ConvTranspose2d(cin, cout, factor, stride=factor, bias=bias)
    conv = nn.Conv2d(cin, cout, kernel, padding=kernel // 2, bias=bias)
    if factor == 1:
        return conv
    corners = False if mode == "bilinear" else None
    return nn.Sequential(nn.Upsample(scale_factor=factor, mode=mode, align_corners=corners), conv)
