"""Converts a user's network, and checks that the graph is the same function."""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, fx, nn

from spikeseg.config import ConversionConfig
from spikeseg.conversion import convert, trace
from spikeseg.engine import run_analog
from spikeseg.errors import SpikeSegError, UnsupportedLayerError
from spikeseg.graph import ChannelPadding, Connection, SpikingGraph
from spikeseg.own.calibration import Pictures
from spikeseg.own.fitting import ChannelError, check_images, check_logits, sizes_to_try
from spikeseg.own.normalization import Normalization

LARGEST_DIFFERENCE = 1e-3
"""How far graph and network may differ, over the largest logit; what rounding does is below."""


@dataclass(frozen=True, eq=False)
class Converted:
    """A converted network and what it was converted on.

    Attributes:
        graph: with one output channel for each class, two at least.
        images: (B, C, H, W) calibration images, normalized.
        logits: (B, K, H, W), the network's own on them.
        difference: largest difference between the graph with analog values and the network, over
            the network's largest logit.
        notes: what should be known, in words, warnings of the user's own file among it.
    """

    graph: SpikingGraph
    images: Tensor
    logits: Tensor
    difference: float
    notes: tuple[str, ...]


def convert_own(
    network: nn.Module,
    pictures: Pictures,
    file: Path,
    config: ConversionConfig,
    *,
    dt_ms: float = 1.0,
    size: tuple[int, int] | None = None,
    normalization: Normalization | None = None,
) -> Converted:
    """Convert a user's network on calibration images.

    Args:
        network: in evaluation mode.
        pictures: the calibration images.
        file: where the network comes from, for messages.
        config: how to convert.
        dt_ms: length of a time step in milliseconds.
        size: height and width of the graph. If not given: the smallest of the images, or the next
            smaller one that a power of 2 divides and that the network takes.
        normalization: what training did to the images.

    Raises:
        ShapeError: wrong channels, or an output that is no (B, K, H, W).
        UnsupportedLayerError: an operation that a spiking graph cannot express, or the graph gives
            other logits than the network.
        ConfigError: the network fails, or a recipe cannot work on it.
    """
    normalization = normalization or Normalization()
    normalization.check(pictures.channels)
    failure: SpikeSegError | None = None
    for height, width in [size] if size else sizes_to_try(pictures.smallest):
        images = normalization(pictures.at(height, width))
        try:
            found = _convert(network, images, file, config, dt_ms)
        except ChannelError:
            raise
        except SpikeSegError as error:
            failure = error
            continue
        return replace(found, notes=(*found.notes, *_size_notes(pictures, height, width)))
    assert failure is not None
    raise failure


def _convert(
    network: nn.Module, images: Tensor, file: Path, config: ConversionConfig, dt_ms: float
) -> Converted:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_images(network, images, file)
        traced = trace(network, images[:1])
        check_logits((1, *list(traced.shapes.values())[-1]), images)
        graph = convert(network, images, config, dt_ms=dt_ms)
    logits = _logits(traced.module, images)
    notes = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    if logits.shape[1] == 1:
        graph, logits = _two_classes(graph), torch.cat([torch.zeros_like(logits), logits], 1)
        notes += ("the network has one output channel: class 1 is where it is above 0",)
    return Converted(graph, images, logits, _difference(graph, images, logits), notes)


def _logits(module: fx.GraphModule, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.cat([module(image[None].clone()) for image in images])


def _two_classes(graph: SpikingGraph) -> SpikingGraph:
    """Put a channel of zeros before the only one, so that the larger of two is the class."""
    output = graph.output
    first = ChannelPadding(1, 0)
    connections = tuple(
        Connection(c.source, c.target, (*c.transforms, first)) if c.target == output.name else c
        for c in graph.connections
    )
    wider = replace(output, shape=(2, *output.shape[1:]), spike_value=1.0)
    return replace(graph, populations=(*graph.populations[:-1], wider), connections=connections)


def _difference(graph: SpikingGraph, images: Tensor, logits: Tensor) -> float:
    """Return how far apart graph and network are, on the first image.

    Raises:
        UnsupportedLayerError: too far, or the network's logits are not finite.
    """
    found = run_analog(graph, images[:1])[graph.output.name]
    largest = float(logits[:1].abs().max())
    difference = float((found - logits[:1]).abs().max()) / (largest or 1.0)
    if not difference <= LARGEST_DIFFERENCE:  # also if it is no number
        raise UnsupportedLayerError(
            f"the graph's analog logits differ from the network's by {difference:.2g}, relative to "
            f"the largest ({largest:.2g}); at most {LARGEST_DIFFERENCE:g} is rounding. Check that "
            "the weights are finite, and that the network does the same in every evaluation."
        )
    return difference


def _size_notes(pictures: Pictures, height: int, width: int) -> tuple[str, ...]:
    """Say if images were cropped or padded."""
    sizes = [p.shape[1:] for p in pictures.pixels]
    cropped = sum(h > height or w > width for h, w in sizes)
    padded = sum(h < height or w < width for h, w in sizes)
    done = [
        f"{count} of {len(sizes)} {what}"
        for count, what in ((cropped, "are cropped to their middle"), (padded, "are padded"))
        if count
    ]
    return (f"calibration at {height} x {width}: {', '.join(done)}",) if done else ()
