"""Convert a torch network of your own, simulate it, and compare it with what it came from.

The network uses plain torch: a functional ReLU, a concatenation, average pooling. It knows nothing
of spikes. Run it with ``python examples/own_network.py``.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import spikeseg as ss


class SmallNet(nn.Module):
    """Two scales, joined by a concatenation; (B, 1, H, W) to logits (B, 2, H, W), H and W even."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.fine = nn.Conv2d(1, width, 3, padding=1)
        self.coarse = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(2 * width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        fine = F.relu(self.fine(x))
        coarse = F.relu(self.norm(self.coarse(F.avg_pool2d(fine, 2))))
        coarse = F.interpolate(coarse, scale_factor=2.0, mode="nearest")
        logits: Tensor = self.head(torch.cat([fine, coarse], dim=1))
        return logits


class Comparison(NamedTuple):
    """How far the spiking network is from the analog one.

    Attributes:
        relative_error: norm of the difference of the logits, over that of the logits.
        same_class: share of the pixels with the same class.
    """

    relative_error: float
    same_class: float


def compare(network: nn.Module, images: Tensor, num_steps: int) -> Comparison:
    """Convert ``network`` on (B, C, H, W) ``images`` and compare the logits after ``num_steps``.

    >>> _ = torch.manual_seed(0)
    >>> net, images = SmallNet(2).eval(), torch.rand(1, 1, 8, 8)
    >>> compare(net, images, 256).relative_error < compare(net, images, 4).relative_error
    True
    """
    graph = ss.convert(network, images, ss.ConversionConfig(percentile=100.0))
    simulation = ss.simulate(graph, images, num_steps)
    with torch.inference_mode():
        logits = network.eval()(images)
    error = (simulation.potential - logits).norm() / logits.norm()
    same = (simulation.masks[-1] == logits.argmax(dim=1)).float().mean()
    return Comparison(float(error), float(same))


def main() -> None:
    """Print the comparison for more and more steps."""
    torch.manual_seed(0)
    data = ss.load(ss.DataConfig("cells", num_images=2, image_size=64))
    images = torch.from_numpy(data.train[0].image)[None]
    network = SmallNet().eval()
    for num_steps in (4, 16, 64, 256):
        found = compare(network, images, num_steps)
        print(
            f"{num_steps:4d} steps: logits differ by {found.relative_error:.1%}, "
            f"same class in {found.same_class:.1%} of the pixels"
        )


if __name__ == "__main__":
    main()
