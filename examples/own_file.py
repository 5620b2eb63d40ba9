"""A network of your own, trained by you, from your own file to a folder that segments.

``SmallNet`` and its training are plain torch and know nothing of spikes. The command line does the
rest: ``spikeseg convert own_file.py:SmallNet --weights ... --calibration ...``. Run it with
``python examples/own_file.py``; it writes the folder ``runs/own-file``.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

import spikeseg as ss
from spikeseg.cli import main as spikeseg

MEAN, STD = 0.5, 0.25


class SmallNet(nn.Module):
    """Two scales; (B, 1, H, W) to logits (B, 2, H, W), H and W even."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fine = nn.Conv2d(1, width, 3, padding=1)
        self.coarse = nn.Conv2d(width, width, 3, padding=1)
        self.head = nn.Conv2d(2 * width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits."""
        fine = F.relu(self.fine(x))
        coarse = F.relu(self.coarse(F.avg_pool2d(fine, 2)))
        coarse = F.interpolate(coarse, scale_factor=2.0, mode="nearest")
        logits: Tensor = self.head(torch.cat([fine, coarse], dim=1))
        return logits


def train(network: nn.Module, images: Tensor, masks: Tensor, steps: int) -> None:
    """Train on (B, 1, H, W) images in 0..1 and (B, H, W) masks."""
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(network((images - MEAN) / STD), masks).backward()
        optimizer.step()


def main() -> None:
    """Train, save what anybody would save, then convert and segment with two commands."""
    torch.manual_seed(0)
    data = ss.load(ss.DataConfig("cells", num_images=5, image_size=64))
    samples = [data.train[i] for i in range(4)]
    images = torch.stack([torch.from_numpy(s.image) for s in samples])
    masks = torch.stack([torch.from_numpy(s.mask).long() for s in samples])
    network = SmallNet(width=6)
    train(network, images, masks, steps=40)

    folder = Path("runs/own-file")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    for number, image in enumerate(images):
        pixels = (image[0] * 255).round().to(torch.uint8).numpy()
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")

    weights, model = folder / "weights.safetensors", folder / "small-net"
    calibration, out = folder / "images", folder / "mask.png"
    options = f"--weights {weights} --calibration {calibration} --mean {MEAN} --std {STD}".split()
    target = ["convert", f"{Path(__file__)}:SmallNet", "--arguments", '{"width": 6}']
    spikeseg([*target, *options, "--out", str(model), "--overwrite"])
    image = calibration / "0.png"
    spikeseg(f"segment {image} --model {model} --out {out} --num_steps 16".split())


if __name__ == "__main__":
    main()
