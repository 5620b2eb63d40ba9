"""A user's folder, as the tests of ``spikeseg convert FILE.py:NAME`` need it."""

from pathlib import Path
from textwrap import dedent

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from spikeseg.own import build_network, parse_target

HELPER = """
from torch import nn


def block(inside, outside):
    convolution = nn.Conv2d(inside, outside, 3, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(outside), nn.ReLU())
"""

NETS = """
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from pieces import block

print("a user's file may print")


class MyNet(nn.Module):
    def __init__(self, width, channels=1, classes=3):
        super().__init__()
        self.fine = block(channels, width)
        self.coarse = block(width, width)
        self.head = nn.Conv2d(2 * width, classes, 1)

    def forward(self, x):
        fine = self.fine(x)
        coarse = self.coarse(F.avg_pool2d(fine, 2))
        coarse = F.interpolate(coarse, scale_factor=2, mode="nearest")
        return self.head(torch.cat([fine, coarse], 1))


def factory(width=2, channels=1):
    import pieces
    return nn.Sequential(pieces.block(channels, width), nn.Conv2d(width, 2, 1))


torch.manual_seed(5)
READY = factory(3)


def one_channel():
    return nn.Sequential(block(1, 3), nn.Conv2d(3, 1, 1))


def pooled():
    return nn.Sequential(block(1, 2), nn.Softplus(), nn.Conv2d(2, 2, 1))


def halved():
    return nn.Sequential(block(1, 2), nn.Conv2d(2, 2, 2, stride=2))


def flat():
    return nn.Sequential(block(1, 2), nn.Flatten())


def broken():
    raise RuntimeError("the width is odd")


class Failing(nn.Module):
    def forward(self, x):
        return x + undefined


class Warns(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(block(1, 2), nn.Conv2d(2, 2, 1))

    def forward(self, x):
        warnings.warn("beware of the edges")
        return self.layers(x)


class NoNetwork:
    pass


def no_network():
    return 3
"""


def write_files(folder: Path, nets: str = NETS) -> Path:
    """Write the user's file and its neighbor; return the file."""
    (folder / "pieces.py").write_text(dedent(HELPER))
    file = folder / "nets.py"
    file.write_text(dedent(nets))
    return file


def made(text: str, **arguments: object) -> torch.nn.Module:
    """Return a network with weights that are not those of a fresh one."""
    target = parse_target(text)
    assert target is not None
    network = build_network(target, dict(arguments))
    generator = torch.Generator().manual_seed(0)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            drawn = torch.randn(value.shape, generator=generator)
            value.copy_(drawn.abs() + 0.5 if "var" in name else 0.4 * drawn)
    return network


def save(network: torch.nn.Module, path: Path) -> Path:
    """Write weights as safetensors."""
    save_file(network.state_dict(), path)
    return path


def write_images(folder: Path, *sizes: tuple[int, ...]) -> Path:
    """Write images of noise, of (H, W) or (H, W, 3) pixels."""
    folder.mkdir()
    for i, size in enumerate(sizes):
        pixels = np.random.default_rng(i).integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder
