"""FCN (Long et al. 2015, arXiv:1411.4038) from layers that a spiking graph expresses."""

from torch import Tensor, nn

from spikeseg.config import NetworkConfig
from spikeseg.networks import NETWORKS
from spikeseg.networks._blocks import Parts
from spikeseg.networks._plan import Plan, planned
from spikeseg.networks._residual import Encoder, enlarging

_DEFAULTS = Plan("fcn", 16, depth=3, upsampling="nearest", units=1, stem_stride=1)


class FCN(nn.Module):
    """A strided residual encoder; scores of all levels are enlarged and summed, level by level.

    Where the sum is taken, it is a current of neurons, one population a level, of as many channels
    as the first level: spikes go up, not scores. The finest sum has no neurons and is the logits.
    Images of any size that ``stem_stride * 2^depth`` divides. With ``nearest`` or ``transposed``, a
    chip can hold it.

    Args:
        config: depth (3), width (16) or widths, units (1 residual block a level), stem_stride (1),
            upsampling (``nearest``, ``transposed`` or ``bilinear``), dropout (0); norm, activation
            or neurons.
        in_channels: channels of the images.
        num_classes: classes, one output channel each.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: a setting that it does not take.

    Shape:
        (B, in_channels, H, W) to logits (B, num_classes, H, W).

    >>> import torch
    >>> net = FCN(NetworkConfig("fcn", depth=2, width=2), in_channels=1, num_classes=3)
    >>> net(torch.zeros(1, 1, 8, 12)).shape
    torch.Size([1, 3, 8, 12])
    """

    def __init__(
        self, config: NetworkConfig, in_channels: int, num_classes: int, dt_ms: float = 1.0
    ) -> None:
        super().__init__()
        plan, parts = planned(config, _DEFAULTS), Parts(config, dt_ms)
        width, mode, stem = plan.channels[0], plan.upsampling, plan.stem_stride
        between = plan.channels[1:-1]
        self.encoder = Encoder(plan, parts, in_channels)
        self.dropout = nn.Dropout2d(plan.dropout)
        self.deepest = parts.unit(plan.channels[-1], width, kernel=1)
        self.scores = nn.ModuleList(nn.Conv2d(w, width, 1, bias=False) for w in between)
        self.up = nn.ModuleList(enlarging(mode, width, width, 2, parts.bias) for _ in between)
        self.norms = nn.ModuleList(parts.norm(width) for _ in between)
        self.neurons = nn.ModuleList(parts.neurons() for _ in between)
        self.readouts = nn.ModuleList(parts.readout() for _ in range(2))
        self.last_score = enlarging(mode, width, num_classes, stem, bias=True)
        self.last_up = enlarging(mode, width, num_classes, 2 * stem, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, num_classes, H, W).

        Raises:
            ShapeError: the strides do not divide the size; names the size to pad to.
        """
        levels = self.encoder(x)
        x = self.deepest(self.dropout(levels[-1]))
        for i in reversed(range(len(self.scores))):
            current = self.up[i](x) + self.scores[i](levels[i + 1])
            x = self.neurons[i](self.norms[i](current))
        fine, coarse = self.readouts[0](levels[0]), self.readouts[1](x)
        logits: Tensor = self.last_score(fine) + self.last_up(coarse)
        return logits


NETWORKS.register("fcn")(FCN)
