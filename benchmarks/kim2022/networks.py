"""The networks of a run that are compared: what each does with a batch of images, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.kim2022.work import Work, work_of_analog, work_of_graph, work_of_spiking
from spikeseg.config import ConversionConfig, RunConfig
from spikeseg.conversion import convert, spiking_graph
from spikeseg.data import SegmentationData
from spikeseg.engine import simulate
from spikeseg.graph import SpikingGraph
from spikeseg.runs import RunFolder, calibration_images, load_network
from spikeseg.runs.spiking import forming
from spikeseg.spiking import SpikingNetwork

CONVERSIONS = {
    "converted, layer-wise maximum": ConversionConfig(recipes=("maximum",), granularity="layer"),
    "converted, channel-wise maximum": ConversionConfig(
        recipes=("maximum",), granularity="channel"
    ),
    "converted, our recipe": ConversionConfig(
        recipes=("percentile", "half_threshold", "signed"), granularity="channel", percentile=99.5
    ),
}
"""Thresholds of Kim et al. 2022 (the largest value of a layer, of a channel), and our best."""

STEPS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Seen:
    """What a network did with a batch.

    Attributes:
        masks: (S, B, H, W) uint8 after each of ``steps``.
        work: of the batch after the last step.
    """

    masks: Tensor
    work: Work


@dataclass(frozen=True)
class Contestant:
    """A network of the comparison.

    Attributes:
        name: for the results.
        kind: ``ann``, ``converted`` or ``direct``.
        steps: after which masks are looked at.
        run: a batch (B, C, H, W) and a number of steps to masks and work.
        coding: how the image enters.
        bits: of its weights.
        parts: binary steps that one of its steps is, of integer-valued neurons.
    """

    name: str
    kind: str
    steps: tuple[int, ...]
    run: Callable[[Tensor, int], Seen]
    coding: str = "direct"
    bits: int = 32
    parts: int = 1


def contestants(
    folder: RunFolder, config: RunConfig, data: SegmentationData
) -> Iterator[Contestant]:
    """Yield the networks of a run: the analog one, its conversions, the twin if there is one."""
    trained = load_network(folder.require("network.safetensors"))
    images = calibration_images(config, data.train)
    analog = convert(trained.network, images[:1], replace(config.conversion, recipes=("trained",)))
    yield Contestant("ANN", "ann", (1,), _analog(trained.network, analog))
    for name, conversion in CONVERSIONS.items():
        graph = convert(trained.network, images, conversion, dt_ms=config.dt_ms)
        yield Contestant(name, "converted", STEPS, _converted(graph))
    if folder.direct.file("network.safetensors").exists():
        twin = load_network(folder.direct.require("network.safetensors")).network
        assert isinstance(twin, SpikingNetwork)
        yield direct_contestant(twin, images)


def direct_contestant(twin: SpikingNetwork, images: Tensor) -> Contestant:
    """Return a network that was trained through its spikes, after each of its steps."""
    spiking = twin.config
    name = f"trained directly ({spiking.neuron}, {spiking.norm})"
    steps = tuple(range(1, spiking.num_steps + 1))
    run = _direct(twin, spiking_graph(twin, images[:1]))
    return Contestant(name, "direct", steps, run, spiking.coding, parts=spiking.parts)


def _analog(network: torch.nn.Module, graph: SpikingGraph) -> Callable[[Tensor, int], Seen]:
    def run(images: Tensor, num_steps: int) -> Seen:
        with torch.inference_mode():
            masks = network(images).argmax(dim=1).to(torch.uint8)[None]
        return Seen(masks, work_of_analog(graph, images))

    return run


def _converted(graph: SpikingGraph) -> Callable[[Tensor, int], Seen]:
    def run(images: Tensor, num_steps: int) -> Seen:
        wanted = [step for step in STEPS if step <= num_steps]
        found = simulate(graph, images, num_steps, mask_steps=wanted)
        return Seen(found.masks, work_of_graph(graph, images, found.spike_counts))

    return run


def _direct(twin: SpikingNetwork, graph: SpikingGraph) -> Callable[[Tensor, int], Seen]:
    def run(images: Tensor, num_steps: int) -> Seen:
        with torch.inference_mode():
            logits, counts = twin.counted(images, binary=True)
        return Seen(forming(logits), work_of_spiking(twin.config, graph, images, counts))

    return run
