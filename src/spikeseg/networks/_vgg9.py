"""What both networks of Kim et al. 2022 share: pooling, pairs of convolutions, first weights."""

from torch import nn

from spikeseg.networks._blocks import Parts


def pooling() -> nn.AvgPool2d:
    """Return average pooling whose windows overlap: neither binary nor for a chip."""
    return nn.AvgPool2d(3, stride=2, padding=1)


def chain(parts: Parts, cin: int, widths: tuple[int, ...]) -> nn.Sequential:
    """Return 3 x 3 convolutions, each with norm and neurons."""
    pairs = zip((cin, *widths), widths, strict=False)
    return nn.Sequential(*(parts.unit(before, after) for before, after in pairs))


def initialize(network: nn.Module) -> None:
    """Draw all weights from Xavier's uniform distribution with a gain of 2; biases are 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(module.weight, gain=2.0)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
