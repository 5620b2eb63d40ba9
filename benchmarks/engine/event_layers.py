"""The spike-driven layers of the benchmark's U-Net event by event, against torch, by turns.

``OMP_NUM_THREADS=1 python -m benchmarks.engine.event_layers`` prints milliseconds of process CPU
time, the median of some rounds: each layer event by event, as float32 convolution in channels_last
memory and compiled scan, and what a whole naive inference and a dense pass of the ReLU twin take.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.training.naive import DECAY, THRESHOLD, NaiveNeuron
from benchmarks.training.network import CHANNELS, Dense, Merged, UNet, load
from benchmarks.training.task import blobs, stored_weights
from spikeseg.engine.currents import Current
from spikeseg.engine.event.bit_map import BitMap
from spikeseg.engine.event.layer import EventLayer
from spikeseg.engine.scan import initial_state, scan
from spikeseg.graph import Connection, Convolution, Upsampling
from spikeseg.neurons import Neuron

NEURON = Neuron("lif_hard", v_threshold=THRESHOLD, decay_v=DECAY)
_LOW = {"u1": 64, "u2": 32}  # channels that are enlarged before they are concatenated


class Heard(NamedTuple):
    """A layer, what it hears, and what the naive network's neurons answer, (T * B, C, H, W)."""

    connections: list[Connection]
    spikes: list[Tensor]
    answer: Tensor


def connections_of(network: UNet, name: str) -> list[Connection]:
    """Return the connections into a block, batch norm folded; a concatenation is two of them."""
    convolution, norm = network.convs[name], network.norms[name]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = (convolution.weight * gain.view(-1, 1, 1, 1)).detach().numpy()
    bias = (norm.bias - norm.running_mean * gain).detach().numpy()
    stride, low = CHANNELS[name][2], _LOW.get(name, 0)

    def part(weight: np.ndarray, bias: np.ndarray | None) -> Convolution:
        return Convolution(np.ascontiguousarray(weight), bias, (stride,) * 2, (1, 1, 1, 1))

    plain = Connection("skip", name, (part(weight[:, low:], None if low else bias),))
    if not low:
        return [plain]
    return [Connection("low", name, (Upsampling((2, 2)), part(weight[:, :low], bias))), plain]


def heard_by_layers(network: UNet, images: Tensor, num_steps: int) -> dict[str, Heard]:
    """Return what each layer but the first hears in a naive inference."""
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, Tensor] = {}
    for name in CHANNELS:
        network.convs[name].register_forward_hook(
            lambda *a, name=name: inputs.update({name: a[1][0]})
        )
        network.neurons[name].register_forward_hook(
            lambda *a, name=name: outputs.update({name: a[2].flatten(0, 1)})
        )
    network(images)
    found = {}
    for name in list(CHANNELS)[1:]:
        x, low = inputs[name].view(num_steps, -1, *inputs[name].shape[1:]), _LOW.get(name, 0)
        parts = [x[:, :, :low, ::2, ::2], x[:, :, low:]] if low else [x]
        found[name] = Heard(connections_of(network, name), parts, outputs[name])
    return found


def dense_layer(heard: Heard) -> Callable[[], Tensor]:
    """Return what runs a layer by torch's convolutions and the compiled scan."""
    maps = [s.flatten(0, 1).contiguous(memory_format=torch.channels_last) for s in heard.spikes]
    currents = [Current(c, maps[0]) for c in heard.connections]
    steps = len(heard.spikes[0])

    def run() -> Tensor:
        total = sum(c(x) for c, x in zip(currents, maps, strict=True))
        assert isinstance(total, Tensor)
        x = total.view(steps, -1, *total.shape[1:])
        return scan(NEURON, x, initial_state(NEURON, x))[0]

    return run


def event_layer(heard: Heard) -> Callable[[], Tensor]:
    """Return what runs a layer event by event; it counts spikes, too."""
    shapes = [(s.shape[2], s.shape[3], s.shape[4]) for s in heard.spikes]
    layer = EventLayer(heard.connections, NEURON, shapes)
    maps = [BitMap.of(s) for s in heard.spikes]
    counts = torch.zeros(maps[0].shape[1], *layer.shape).to(memory_format=torch.channels_last)

    def run() -> Tensor:
        return layer(maps, counts=counts, keep_state=False)[0].words

    flips = (layer(maps)[0].dense(torch.uint8).flatten(0, 1) != heard.answer).float().mean()
    assert flips < 1e-4, "events and naive loop differ by more than rounding"
    return run


def network_of(kind: type[UNet], make: Callable[[], nn.Module], num_steps: int) -> UNet:
    """Return a trained network of the benchmark; its weights are trained once a machine."""
    network = kind(make, num_steps)
    load(network, stored_weights(Path(tempfile.gettempdir()) / "spikeseg-event-layers.pt"))
    return network.eval()


def timed(jobs: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of process CPU time of jobs that take turns."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for round_number in range(rounds + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if round_number:
                times[name].append(time.process_time() - start)
    return {name: 1e3 * median(found) for name, found in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("steps", 4), ("batch", 4), ("size", 128), ("rounds", 9)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    images, _ = blobs(given.batch, given.size, seed=99)
    with torch.inference_mode():
        heard = heard_by_layers(network_of(Merged, NaiveNeuron, given.steps), images, given.steps)
        naive = network_of(Merged, NaiveNeuron, given.steps)
        twin = network_of(Dense, nn.ReLU, 1)
        jobs = {f"event {name}": event_layer(h) for name, h in heard.items()}
        jobs |= {f"torch {name}": dense_layer(h) for name, h in heard.items()}
        jobs |= {"naive": lambda: naive(images), "twin": lambda: twin(images)}
        report(timed(jobs, given.rounds), heard)


def report(times: dict[str, float], heard: dict[str, Heard]) -> None:
    """Print a line for each layer, and one for all."""
    for name, h in heard.items():
        rates = ", ".join(f"{float(s.mean()):.3f}" for s in h.spikes)
        event, dense = times[f"event {name}"], times[f"torch {name}"]
        print(f"{name}: rate {rates}; {event:.2f} ms, torch {dense:.2f} ms: {event / dense:.3f}")
    total = sum(times[f"event {name}"] for name in heard)
    print(
        f"all: {total:.1f} ms, of the naive loop {total / times['naive']:.3f}, "
        f"of a dense pass of the twin {total / times['twin']:.3f}"
    )


if __name__ == "__main__":
    main()
