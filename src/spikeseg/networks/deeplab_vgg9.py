"""The DeepLab of Kim et al. 2022: DeepLab-LargeFOV on a VGG of nine convolutions."""

from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.networks import NETWORKS, SizeGuard
from spikeseg.networks._blocks import Parts
from spikeseg.networks._plan import Plan, planned
from spikeseg.networks._vgg9 import chain, initialize, pooling

_DEFAULTS = Plan("deeplab_vgg9", 64)


class DeepLabVGG9(nn.Module):
    """Convolutions of w, 2 w, 4 w and 16 w channels, the last of them dilated by 2, 2 and 12.

    No convolution has a bias, and none but the last comes without norm and neurons. It gives scores
    at a quarter of the resolution, averaged over the steps, which are enlarged bilinearly with
    aligned corners. With width 64 and ``network.spiking`` as in the paper (norm ``bntt``, coding
    ``poisson``, 20 steps, decay 0.99) it is the Spiking-DeepLab of Kim et al. 2022
    (arXiv:2110.07742); without, its analog twin, whose batch norms have neither gain nor shift.
    Images of any size that 4 divides.

    Args:
        config: width (64); norm, activation or neurons.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: a setting that it does not take.

    Shape:
        (B, in_channels, H, W) to logits (B, num_classes, H, W).

    >>> import torch
    >>> net = DeepLabVGG9(NetworkConfig("deeplab_vgg9", width=2), in_channels=3, num_classes=21)
    >>> net(torch.zeros(1, 3, 12, 8)).shape
    torch.Size([1, 21, 12, 8])
    """

    def __init__(
        self, config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
    ) -> None:
        super().__init__()
        w = planned(config, _DEFAULTS).width
        parts = Parts(config, dt_ms, plain=True)
        self.guard = SizeGuard(4)
        self.first = chain(parts, in_channels, (w, w))
        self.second = chain(parts, w, (2 * w, 2 * w))
        self.third = nn.Sequential(
            parts.unit(2 * w, 4 * w),
            parts.unit(4 * w, 4 * w, dilation=2),
            parts.unit(4 * w, 4 * w, dilation=2),
            parts.unit(4 * w, 16 * w, dilation=12),
        )
        self.pool = pooling()
        self.readout = parts.readout()
        self.head = nn.Conv2d(16 * w, num_classes, 1, bias=False)
        self.enlarge = nn.Upsample(scale_factor=4, mode="bilinear", align_corners=True)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, num_classes, H, W).

        Raises:
            ShapeError: 4 does not divide the size; names the size to pad to.
        """
        x = self.pool(self.first(self.guard(x)))
        x = self.third(self.pool(self.second(x)))
        logits: Tensor = self.enlarge(self.head(self.readout(x)))
        return logits


NETWORKS.register("deeplab_vgg9")(DeepLabVGG9)
