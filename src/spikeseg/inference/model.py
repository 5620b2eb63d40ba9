"""A network as a function from an image of any size to its mask."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikeseg.engine import EarlyExit, Precision, simulate
from spikeseg.errors import ShapeError
from spikeseg.graph import SpikingGraph
from spikeseg.inference.tiles import Predict, segment_tiled
from spikeseg.networks import size_multiple
from spikeseg.spiking import SpikingNetwork

KINDS = {1: "grey images", 3: "RGB images"}
"""What images of so many channels are; those of events have two for each step."""


@dataclass(frozen=True)
class Segmenter:
    """Segments (C, H, W) images, values in 0..1, of any size.

    Attributes:
        predict: (1, C, h, w) images to (1, h, w) uint8 class indices.
        channels: C.
        multiple: what h and w must be multiples of.
        device: where ``predict`` computes.
        tile: largest height and width that ``predict`` is given.
        overlap: pixels that neighboring tiles share.
    """

    predict: Predict
    channels: int
    multiple: int
    device: str = "cpu"
    tile: int = 1024
    overlap: int = 128

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the (H, W) class indices.

        Raises:
            ShapeError: the image has another number of channels than the network takes.
            ConfigError: ``tile`` is not larger than ``overlap``.
        """
        if image.ndim != 3 or image.shape[0] != self.channels:
            raise ShapeError(
                f"the image has shape {image.shape}; this network takes ({self.channels}, H, W), "
                f"{KINDS.get(self.channels, 'the views of events it was trained on')}. Convert the "
                "image first."
            )
        tensor = torch.from_numpy(image).to(self.device)
        mask = segment_tiled(
            tensor, self.predict, multiple=self.multiple, tile=self.tile, overlap=self.overlap
        )
        return mask.numpy()

    def with_tile(self, tile: int) -> "Segmenter":
        """Return the same segmenter with another tile size."""
        return replace(self, tile=tile)


def spiking_segmenter(
    graph: SpikingGraph,
    num_steps: int,
    *,
    readout: float = 1.0,
    early_exit: EarlyExit | None = None,
    precision: Precision = "float32",
    device: str = "cpu",
    tell_steps: Callable[[int], None] = lambda steps: None,
) -> Segmenter:
    """Return a segmenter that simulates a spiking graph.

    Args:
        graph: the network.
        num_steps: for how many steps, at most.
        readout: share of the steps, from the end, whose output makes the mask.
        early_exit: when a piece of an image is done before.
        precision: how exact weights and currents must be at least.
        device: where to compute.
        tell_steps: is called with the steps that each piece of an image took.
    """

    def predict(image: Tensor) -> Tensor:
        found = simulate(
            graph,
            image,
            num_steps,
            readout=readout,
            early_exit=early_exit,
            precision=precision,
            keep_counts=False,
        )
        tell_steps(int(found.steps_used[0]))
        return found.masks[-1]

    return Segmenter(predict, graph.input.shape[0], graph.stride, device)


def analog_segmenter(
    network: nn.Module, channels: int, multiple: int, device: str = "cpu"
) -> Segmenter:
    """Return a segmenter that runs a torch network of logits."""
    network = network.to(device).eval()

    def predict(image: Tensor) -> Tensor:
        with torch.inference_mode():
            logits: Tensor = network(image)
            return logits.argmax(dim=1).to(torch.uint8)

    return Segmenter(predict, channels, multiple, device)


def trained_spiking_segmenter(
    network: SpikingNetwork,
    channels: int,
    device: str = "cpu",
    num_steps: int | None = None,
) -> Segmenter:
    """Return a segmenter that runs a network that was trained through its spikes.

    Args:
        network: as it was trained.
        channels: of its images.
        device: where to compute.
        num_steps: as many as were trained if not given.
    """
    network = network.to(device).eval()

    def predict(image: Tensor) -> Tensor:
        with torch.inference_mode():
            logits = network.in_steps(image, num_steps, binary=True)
            return logits.mean(dim=0).argmax(dim=1).to(torch.uint8)

    return Segmenter(predict, channels, size_multiple(network), device)
