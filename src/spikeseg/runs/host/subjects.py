"""What is timed on the host: each network as a function from images to masks."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from spikeseg.chips import ChipProgram
from spikeseg.emulation import emulate
from spikeseg.engine import simulate
from spikeseg.exporters.onnx import OnnxNetwork
from spikeseg.graph import SpikingGraph
from spikeseg.onchip import host_spikes
from spikeseg.runs.chip.running import read_out

Work = Callable[[], object]


@dataclass(frozen=True)
class Kind:
    """Which network, and how it is computed.

    Attributes:
        network: ``dense``, ``spiking`` (simulated in float) or ``chip`` (emulated).
        engine: ``torch``, ``onnxruntime`` or ``spikeseg``.
        precision: ``float32``, ``int8`` or ``integer``.
        device: ``cpu`` or ``cuda``.
        num_steps: time steps of an image; ``None`` of the dense network.
    """

    network: str
    engine: str
    precision: str
    device: str = "cpu"
    num_steps: int | None = None


@dataclass(frozen=True, eq=False)
class Subject:
    """A network that can be timed.

    Attributes:
        kind: which.
        prepare: takes (B, C, H, W) images and returns what makes their masks, once a call, and is
            done when it returns.
    """

    kind: Kind
    prepare: Callable[[Tensor], Work]


@dataclass(frozen=True)
class Absent:
    """A network that cannot be timed.

    Attributes:
        kind: which.
        reason: why not, and what to do.
    """

    kind: Kind
    reason: str


def torch_subject(network: nn.Module, device: str) -> Subject:
    """Return the dense network in torch."""

    def prepare(images: Tensor) -> Work:
        placed, moved = images.to(device), copy.deepcopy(network).to(device)

        def work() -> Tensor:
            with torch.inference_mode():
                return _finished(moved(placed).argmax(dim=1), device)

        return work

    return Subject(Kind("dense", "torch", "float32", device), prepare)


def onnx_subject(path: Path, precision: str, threads: int) -> Subject:
    """Return the dense network in ONNX Runtime."""
    network = OnnxNetwork(path, threads)

    def prepare(images: Tensor) -> Work:
        given = images.numpy()
        return lambda: network(given).argmax(axis=1)

    return Subject(Kind("dense", "onnxruntime", precision), prepare)


def spiking_subject(graph: SpikingGraph, num_steps: int, readout: float, device: str) -> Subject:
    """Return the spiking network, simulated without early exit."""

    def prepare(images: Tensor) -> Work:
        placed = images.to(device)

        def work() -> Tensor:
            found = simulate(graph, placed, num_steps, readout=readout)
            return _finished(found.masks[-1], device)

        return work

    return Subject(Kind("spiking", "torch", "float32", device, num_steps), prepare)


def chip_subject(
    program: ChipProgram, graph: SpikingGraph, num_steps: int, threads: int
) -> Subject:
    """Return the program of a chip, emulated, with the host's layers before it."""

    def prepare(images: Tensor) -> Work:
        def work() -> np.ndarray:
            spikes = {k: v.numpy() for k, v in host_spikes(graph, images, num_steps).items()}
            return read_out(program, emulate(program, spikes, threads=threads))

        return work

    return Subject(Kind("chip", "spikeseg", "integer", num_steps=num_steps), prepare)


def _finished(masks: Tensor, device: str) -> Tensor:
    """Return the masks once the device has made them."""
    if device == "cuda":
        torch.cuda.synchronize()
    return masks
