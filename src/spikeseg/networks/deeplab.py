"""DeepLab (Chen et al. 2018, arXiv:1802.02611) from layers that a spiking graph expresses."""

import torch
from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.networks import NETWORKS
from spikeseg.networks._blocks import Parts
from spikeseg.networks._plan import Plan, planned
from spikeseg.networks._residual import Encoder, enlarging

_DEFAULTS = Plan(
    "deeplab", 16, depth=3, upsampling="nearest", units=1, stem_stride=1, dilations=(2, 4, 8)
)


class DeepLab(nn.Module):
    """A strided residual encoder, dilated convolutions side by side, a light decoder with one skip.

    The deepest level is heard by a 1 x 1 and by dilated 3 x 3 convolutions (ASPP), whose spikes are
    mixed by a 1 x 1 convolution, enlarged to the level that is half as fine as the first, and
    merged with a 1 x 1 convolution of that level's spikes. There is no branch for the whole image:
    its graph would hold for one size of image only. Images of any size that
    ``stem_stride * 2^depth`` divides. With ``nearest``, a chip can hold it.

    Args:
        config: depth (3), width (16) or widths, units (1 residual block a level), stem_stride (1),
            dilations (2, 4, 8), upsampling (``nearest``, or ``bilinear``), dropout (0); norm,
            activation or neurons.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: a setting that it does not take.

    Shape:
        (B, in_channels, H, W) to logits (B, num_classes, H, W).

    >>> net = DeepLab(NetworkConfig("deeplab", depth=2, width=2), in_channels=1, num_classes=3)
    >>> net(torch.zeros(1, 1, 8, 12)).shape
    torch.Size([1, 3, 8, 12])
    """

    def __init__(
        self, config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
    ) -> None:
        super().__init__()
        plan = planned(config, _DEFAULTS, ("nearest", "bilinear"))
        parts = Parts(config, dt_ms)
        self.skip_level = min(1, plan.depth - 1)
        width, deep = plan.channels[self.skip_level], plan.channels[-1]
        self.encoder = Encoder(plan, parts, in_channels)
        self.dropout = nn.Dropout2d(plan.dropout)
        self.branches = nn.ModuleList([parts.unit(deep, width, kernel=1)])
        self.branches.extend(parts.unit(deep, width, dilation=d) for d in plan.dilations)
        self.mix = parts.unit(len(self.branches) * width, width, kernel=1)
        factor = 2 ** (plan.depth - self.skip_level)
        corners = False if plan.upsampling == "bilinear" else None
        self.up = nn.Upsample(scale_factor=factor, mode=plan.upsampling, align_corners=corners)
        self.skip = parts.unit(width, width, kernel=1)
        self.merge = parts.unit(2 * width, width)
        self.readout = parts.readout()
        last = plan.stem_stride * 2**self.skip_level
        self.head = enlarging(plan.upsampling, width, num_classes, last, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, num_classes, H, W).

        Raises:
            ShapeError: the strides do not divide the size; names the size to pad to.
        """
        levels = self.encoder(x)
        deep = self.dropout(levels[-1])
        mixed = self.mix(torch.cat([branch(deep) for branch in self.branches], dim=1))
        merged = torch.cat([self.skip(levels[self.skip_level]), self.up(mixed)], dim=1)
        logits: Tensor = self.head(self.readout(self.merge(merged)))
        return logits


NETWORKS.register("deeplab")(DeepLab)
