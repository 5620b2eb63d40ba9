"""Runs a user's network on images: of the channels it takes, at a size that it takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spikeseg.errors import ShapeError
from spikeseg.own.blame import blaming

_MULTIPLES = (2, 4, 8, 16, 32, 64)


def sizes_to_try(smallest: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield a size, then the next smaller ones that 2, 4, ..., 64 divide, while there are any.

    >>> list(sizes_to_try((41, 20)))
    [(41, 20), (40, 20), (40, 16), (32, 16)]
    """
    seen = smallest
    yield smallest
    for multiple in _MULTIPLES:
        size = (smallest[0] // multiple * multiple, smallest[1] // multiple * multiple)
        if 0 in size:
            return
        if size != seen:
            yield size
        seen = size


def check_images(network: nn.Module, images: Tensor, file: Path) -> None:
    """Run a network on one image, and check what it takes and returns.

    Args:
        network: in evaluation mode.
        images: (B, C, H, W).
        file: where the network comes from.

    Raises:
        ShapeError: its first convolution takes another number of channels, or it does not return
            (B, K, H, W) logits of the size of the images.
        ConfigError: it fails; names the lines.
    """
    first: list[tuple[str, nn.Conv2d]] = []
    hooks = [
        layer.register_forward_pre_hook(_noting(first, name, layer))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d)
    ]
    size = " x ".join(map(str, images.shape[1:]))
    try:
        with torch.inference_mode(), blaming(file, f"running the network on {size}"):
            found = network(images[:1].clone())
    except Exception:
        _check_channels(first, images)
        raise
    finally:
        for hook in hooks:
            hook.remove()
    if isinstance(found, Tensor):
        check_logits(tuple(found.shape), images)


def _noting(first: list[tuple[str, nn.Conv2d]], name: str, layer: nn.Conv2d) -> Any:
    def note(module: nn.Module, inputs: Any) -> None:
        if not first:
            first.append((name, layer))

    return note


def _check_channels(first: list[tuple[str, nn.Conv2d]], images: Tensor) -> None:
    channels = images.shape[1]
    if first and first[0][1].in_channels != channels:
        name, layer = first[0]
        raise ChannelError(
            f"the calibration images have {channels} channel(s) ({_color(channels)}), but the "
            f"network's first convolution, {name!r}, takes {layer.in_channels} "
            f"({_color(layer.in_channels)}). Convert the images first."
        )


class ChannelError(ShapeError):
    """Images with another number of channels than the network takes: no other size helps."""


def _color(channels: int) -> str:
    return {1: "grey", 3: "RGB"}.get(channels, "neither grey nor RGB, which are read")


def check_logits(shape: tuple[int, ...], images: Tensor) -> None:
    """Check the shape of what a network returned.

    Raises:
        ShapeError: it is no (B, K, H, W) with a class for each pixel of the images.
    """
    height, width = images.shape[-2:]
    if len(shape) != 4 or shape[-2:] != (height, width) or not 1 <= shape[1] <= 255:
        raise ShapeError(
            f"the network returns a tensor of shape {shape} for an image of {height} x {width}; it "
            f"must return logits (B, K, {height}, {width}) with 1 to 255 classes K. Let its "
            "forward end with them, for example by upsampling."
        )
