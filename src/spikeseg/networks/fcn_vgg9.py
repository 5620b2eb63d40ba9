"""The FCN of Kim et al. 2022: a VGG of nine convolutions, skip scores at strides 1, 2 and 4."""

import torch.nn.functional as F
from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.networks import NETWORKS, SizeGuard
from spikeseg.networks._blocks import Parts
from spikeseg.networks._plan import Plan, planned
from spikeseg.networks._vgg9 import chain, initialize, pooling

_DEFAULTS = Plan("fcn_vgg9", 64, upsampling="bilinear")


class FCNVGG9(nn.Module):
    """Convolutions of w, w | 2 w, 2 w | 4 w, 4 w, 4 w | 16 w, 16 w channels, pooled in between.

    Scores with a bias are taken of the neurons before each pooling, and of the last. From the
    coarsest, a transposed 3 x 3 convolution without bias makes 2 n + 1 pixels of n, which are
    resized to 2 n; the next finer scores are added, and neurons without a norm spike (none in the
    analog twin). The finest scores are *summed* over the steps, not averaged (see
    `spikeseg.spiking.Total`). With width 64 and ``network.spiking`` as in the paper it is the
    Spiking-FCN of Kim et al. 2022 (arXiv:2110.07742). Images of any size that 8 divides.

    Args:
        config: width (64); upsampling: ``bilinear`` as in the paper, or ``transposed``, in which
            the transposed convolution itself ends at 2 n pixels, as a graph needs it (no graph
            resizes 2 n + 1 pixels to 2 n); norm, activation or neurons.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: a setting that it does not take.

    Shape:
        (B, in_channels, H, W) to logits (B, num_classes, H, W).

    >>> import torch
    >>> net = FCNVGG9(NetworkConfig("fcn_vgg9", width=2), in_channels=2, num_classes=6)
    >>> net(torch.zeros(1, 2, 16, 8)).shape
    torch.Size([1, 6, 16, 8])
    """

    def __init__(
        self, config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
    ) -> None:
        super().__init__()
        plan = planned(config, _DEFAULTS, ("bilinear", "transposed"))
        w, k, parts = plan.width, num_classes, Parts(config, dt_ms, plain=True)
        self.guard, self.pool = SizeGuard(8), pooling()
        levels = [(w, w), (2 * w,) * 2, (4 * w,) * 3, (16 * w,) * 2]
        sources = [in_channels, w, 2 * w, 4 * w]
        self.encoder = nn.ModuleList(
            chain(parts, cin, widths) for cin, widths in zip(sources, levels, strict=True)
        )
        self.scores = nn.ModuleList(nn.Conv2d(widths[-1], k, 1) for widths in levels)
        cut = int(plan.upsampling == "transposed")
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(k, k, 3, 2, padding=cut, output_padding=cut, bias=False)
            for _ in range(3)
        )
        self.neurons = nn.ModuleList(parts.relay() for _ in range(2))
        self.readouts = nn.ModuleList(parts.readout() for _ in range(2))
        self.total = parts.total()
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, num_classes, H, W).

        Raises:
            ShapeError: 8 does not divide the size; names the size to pad to.
        """
        fine, half, quarter, deep = self._encoded(self.guard(x))
        x = self.neurons[0](self._raised(0, self.scores[3](deep), self.scores[2](quarter)))
        x = self.neurons[1](self._raised(1, x, self.scores[1](half)))
        x, fine = self.readouts[0](x), self.readouts[1](fine)
        logits: Tensor = self.total(self._raised(2, x, self.scores[0](fine)))
        return logits

    def _encoded(self, x: Tensor) -> list[Tensor]:
        """Return what the neurons before each pooling give, and the last."""
        levels: list[Tensor] = []
        for encode in self.encoder:
            levels.append(encode(self.pool(levels[-1]) if levels else x))
        return levels

    def _raised(self, level: int, coarse: Tensor, scores: Tensor) -> Tensor:
        """Return coarse values at twice the resolution, and scores of it added."""
        x: Tensor = self.up[level](coarse)
        if x.shape[-2:] != scores.shape[-2:]:
            x = F.interpolate(x, scores.shape[-2:], mode="bilinear", align_corners=True)
        return x + scores


NETWORKS.register("fcn_vgg9")(FCNVGG9)
