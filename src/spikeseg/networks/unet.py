"""U-Net (Ronneberger et al. 2015, arXiv:1505.04597) from layers that a spiking graph expresses."""

import itertools

from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.networks import NETWORKS, SizeGuard
from spikeseg.networks._blocks import Parts
from spikeseg.networks._plan import Plan, planned
from spikeseg.spiking import merged, twice

_DEFAULTS = Plan(
    "unet", 16, depth=3, downsampling="stride", upsampling="nearest", units=2, stem_stride=1
)


class UNet(nn.Module):
    """An encoder, a decoder, and skip connections between them.

    Level i works at 1 / 2^i of the resolution of the first, with ``width * 2^i`` channels (or
    ``widths[i]``), in units of 3 x 3 convolution, norm and activation. The first level works at the
    resolution of the images, or at half of it if the stem strides. Images of any size that
    ``stem_stride * 2^depth`` divides.

    Args:
        config: depth (3), width (16) or widths, units (2), stem_stride (1), downsampling
            (``stride``), upsampling (``nearest``), dropout (0); norm, activation or neurons.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: a setting that it does not take.

    Shape:
        (B, in_channels, H, W) to logits (B, num_classes, H, W).

    >>> import torch
    >>> net = UNet(NetworkConfig(depth=1, width=2), in_channels=1, num_classes=3)
    >>> net(torch.zeros(1, 1, 6, 4)).shape
    torch.Size([1, 3, 6, 4])
    """

    def __init__(
        self, config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
    ) -> None:
        super().__init__()
        self._plan, self._parts = planned(config, _DEFAULTS), Parts(config, dt_ms)
        plan, widths = self._plan, self._plan.channels
        pairs = list(itertools.pairwise(widths))
        self.guard = SizeGuard(plan.stem_stride * 2**plan.depth)
        self.stem = self._parts.unit(in_channels, widths[0], plan.stem_stride)
        self.encoder = nn.ModuleList(self._second(w) for w in widths)
        self.down = nn.ModuleList(self._down(w, below) for w, below in pairs)
        self.dropout = nn.Dropout2d(plan.dropout)
        self.up = nn.ModuleList(self._up(below, w) for w, below in pairs)
        self.merge = nn.ModuleList(
            self._parts.unit(self._merged(w, below), w) for w, below in pairs
        )
        self.decoder = nn.ModuleList(self._second(w) for w in widths[:-1])
        self.readout = self._parts.readout()
        self.head = self._head(widths[0], num_classes)

    def _second(self, width: int) -> nn.Module:
        return self._parts.unit(width, width) if self._plan.units == 2 else nn.Identity()

    def _down(self, width: int, below: int) -> nn.Module:
        if self._plan.downsampling == "stride":
            return self._parts.unit(width, below, stride=2)
        return nn.Sequential(nn.AvgPool2d(2), self._parts.unit(width, below))

    def _up(self, cin: int, cout: int) -> nn.Module:
        if self._plan.upsampling == "transposed":
            conv = nn.ConvTranspose2d(cin, cout, 2, stride=2, bias=self._parts.bias)
            return self._parts.joined(conv, cout)
        return self._enlarged()

    def _enlarged(self) -> nn.Upsample:
        if self._plan.upsampling == "nearest":
            return nn.Upsample(scale_factor=2, mode="nearest")
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)

    def _merged(self, width: int, below: int) -> int:
        """Return the channels after the skip connection is concatenated."""
        return width + (width if self._plan.upsampling == "transposed" else below)

    def _head(self, width: int, num_classes: int) -> nn.Module:
        """Return the linear layer of the logits, which also undoes the stride of the stem."""
        if self._plan.stem_stride == 1:
            return nn.Conv2d(width, num_classes, 1)
        if self._plan.upsampling == "transposed":
            return nn.ConvTranspose2d(width, num_classes, 2, stride=2)
        return nn.Sequential(self._enlarged(), nn.Conv2d(width, num_classes, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, num_classes, H, W).

        Raises:
            ShapeError: the strides do not divide the size; names the size to pad to.
        """
        x = self.stem(self.guard(x))
        skips = []
        for encode, down in zip(self.encoder, self.down, strict=False):
            skip, x = twice(encode(x))
            skips.append(skip)
            x = down(x)
        x = self.dropout(self.encoder[-1](x))
        for level in reversed(range(len(skips))):
            x = merged(self.merge[level], skips[level], x, self.up[level])
            x = self.decoder[level](x)
        logits: Tensor = self.head(self.readout(x))
        return logits


NETWORKS.register("unet")(UNet)
