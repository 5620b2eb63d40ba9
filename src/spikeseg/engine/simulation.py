"""A spiking graph over time, population by population.

The graph is feed-forward and a spike acts in the step in which it is fired, so a population can
run over many steps at once before the next one starts; that is exact. Long simulations go through
the whole graph in chunks of steps, and the neurons' states are carried over.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from spikeseg.engine.choosing import Engine, Precision, choose_engine
from spikeseg.engine.currents import Current
from spikeseg.engine.early_exit import EarlyExit, Watch
from spikeseg.engine.gates import max_pool
from spikeseg.engine.outcome import Simulation, joined, picked
from spikeseg.engine.through_time.folded import in_channels_last
from spikeseg.engine.walk import Walk, Wanted
from spikeseg.errors import ConfigError, DataError, ShapeError
from spikeseg.graph import Population, SpikingGraph

_CHUNK_VALUES = 2**24  # spikes and currents of one population that are held at once


def simulate(
    graph: SpikingGraph,
    images: Tensor,
    num_steps: int,
    *,
    mask_steps: Sequence[int] | None = None,
    readout: float = 1.0,
    early_exit: EarlyExit | None = None,
    precision: Precision | Engine = "float32",
    keep_counts: bool = True,
    keep_spikes: bool = False,
    keep_output: bool = False,
    count_operations: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Run a graph on images that are presented as constant currents.

    Args:
        graph: the network; it is resized to the images.
        images: (B, C, H, W); their device and dtype are used throughout.
        num_steps: T, how many steps.
        mask_steps: steps after which masks are read out; the last one if not given.
        readout: share of the steps, from the end, whose output is read. The first spikes need time
            to come through; with 0.5, a mask after k steps looks at the later half of them only.
        early_exit: when an image is done before T; no work is spent on it from then on. What is
            found for it is what a simulation of just so many steps finds.
        precision: how exact weights and currents must be at least; the fastest of what is as exact
            is taken, on this processor (`choose_engine`). Images of float64 are always exact.
        keep_counts: return the spikes of each neuron.
        keep_spikes: also return every spike.
        keep_output: also return the output's current in every step.
        count_operations: also return the synaptic operations of every step.
        progress: called with the number of steps done since the last call; the steps that early
            exit saves count as done at the end.

    Raises:
        ConfigError: no steps, no mask step, one outside of 1..T, a read-out outside of (0, 1], or
            an engine that these images cannot have.
        DataError: the images are not float32 or float64.
        ShapeError: the images do not fit the graph.
    """
    steps = tuple(mask_steps) if mask_steps is not None else (num_steps,)
    _check_steps(num_steps, steps)
    if not 0 < readout <= 1:
        raise ConfigError(f"readout is {readout}; it must be in (0, 1], a share of the steps.")
    _check_images(graph, images)
    graph = graph.resized(images.shape[2], images.shape[3])
    looks = early_exit.looks(num_steps) if early_exit else ()
    windows = {step: window_start(step, readout) for step in sorted({*steps, *looks, num_steps})}
    kept = (keep_counts, keep_spikes, keep_output, count_operations)
    wanted = Wanted(frozenset(steps), windows, *kept)
    engine = precision
    if not isinstance(engine, Engine):
        engine = choose_engine(engine, images.device.type, images.dtype)
    _check_engine(engine, images)
    with torch.inference_mode():
        watch = Watch(early_exit) if early_exit else None
        walk = Walk(graph, in_channels_last(images), wanted, engine, watch)
        return _walked(walk, num_steps, progress or (lambda done: None))


def _check_engine(engine: Engine, images: Tensor) -> None:
    is_float, is_here = images.dtype == torch.float32, images.device.type == "cpu"
    if (engine.numbers != "fp32" or engine.events == "always") and not is_float:
        raise ConfigError(
            f"{engine.numbers}, events {engine.events!r}, is asked for with images of float64, "
            "which are always exact. Give float32 images, or ask for fp32 and no events."
        )
    if (engine.numbers == "int8" or engine.events == "always") and not is_here:
        raise ConfigError(
            f"{engine.numbers}, events {engine.events!r}, is asked for on {images.device}, where "
            "there are neither bytes nor events. Ask for fp32 or bf16 and no events."
        )


def window_start(step: int, readout: float) -> int:
    """Return the step after which the output counts for a mask after ``step``.

    >>> window_start(1, 0.5), window_start(4, 0.5), window_start(4, 1.0)
    (0, 2, 0)
    """
    return min(step - 1, int(step * (1 - readout) + 0.5))


def _walked(walk: Walk, num_steps: int, progress: Callable[[int], None]) -> Simulation:
    """Run all steps; images that are done leave on the way."""
    present = torch.arange(len(walk.images), device=walk.images.device)
    parts: list[tuple[Tensor, Simulation]] = []
    step = 0
    while len(present):
        count = min(_chunk_steps(walk.graph, len(present)), num_steps - step)
        if walk.watch:
            count = min(count, walk.watch.next_exit(step) - step)
        stop = walk.readout.next_stop(step)
        count = count if stop is None else min(count, stop - step)
        walk.advance(step, count, step + count == num_steps)
        step += count
        progress(count)
        done = _leaving(walk, step, num_steps)
        if done is None or not done.any():
            continue
        parts.append((present[done], picked(_result(walk, step, num_steps), done)))
        present = present[~done]
        walk.keep(~done)
    if step < num_steps:
        progress(num_steps - step)
    return joined(parts)


def _leaving(walk: Walk, step: int, num_steps: int) -> Tensor | None:
    if step == num_steps:
        return torch.ones(len(walk.images), dtype=torch.bool, device=walk.images.device)
    return walk.watch.done(step) if walk.watch else None


def _check_steps(num_steps: int, steps: Sequence[int]) -> None:
    if num_steps < 1:
        raise ConfigError(f"num_steps is {num_steps}; it must be at least 1.")
    if not steps or any(not 1 <= step <= num_steps for step in steps):
        raise ConfigError(
            f"mask_steps are {list(steps)}; they must lie in 1..{num_steps}, at least one."
        )


def _check_images(graph: SpikingGraph, images: Tensor) -> None:
    if images.dtype not in (torch.float32, torch.float64):
        raise DataError(
            f"images are {images.dtype}; they must be float32 or float64, with values as in "
            "training (usually 0..1). Convert them first."
        )
    if images.ndim != 4 or not len(images) or images.shape[1] != graph.input.shape[0]:
        raise ShapeError(
            f"images have shape {tuple(images.shape)}; the network takes "
            f"(B, {graph.input.shape[0]}, H, W) with at least one image."
        )


def _chunk_steps(graph: SpikingGraph, batch: int) -> int:
    largest = max((p.size for p in graph.populations[1:]), default=1) * batch
    return max(1, _CHUNK_VALUES // largest)


def _result(walk: Walk, step: int, num_steps: int) -> Simulation:
    """Return what was found after ``step`` for all images that are still there."""

    def whole(chunks: list[Tensor]) -> Tensor:
        found = torch.cat(chunks)
        return F.pad(found, (0, 0) * (found.ndim - 1) + (0, num_steps - step))

    readout, wanted = walk.readout, walk.wanted
    counts = walk.counts() if wanted.counts else {}
    return Simulation(
        num_steps=num_steps,
        steps_used=torch.full((len(walk.images),), step),
        engine=walk.described(),
        potential=readout.potential(step),
        mask_steps=tuple(sorted(wanted.mask_steps)),
        masks=readout.all_masks(step),
        spike_counts={n: c.net if c.fired is None else c.fired for n, c in counts.items()},
        net_counts={name: c.net for name, c in counts.items()},
        spikes={name: whole(parts) for name, parts in walk.kept.items()},
        output=whole(readout.output) if wanted.output else None,
        operations=whole(walk.operations) if wanted.operations else None,
    )


def run_analog(
    graph: SpikingGraph, images: Tensor, activation: Callable[[Tensor], Tensor] = torch.relu
) -> dict[str, Tensor]:
    """Run a graph with analog values in place of spikes: the network that it came from.

    Args:
        graph: the network; it is resized to the images.
        images: (B, C, H, W).
        activation: what a neuron does, in spikes per step.

    Returns:
        For each population its values, (B, C, H, W), in the units of the traced network.

    Raises:
        DataError: the images are not float32 or float64.
        ShapeError: the images do not fit the graph.
    """
    _check_images(graph, images)
    graph = graph.resized(images.shape[2], images.shape[3])
    values = {graph.input.name: images}
    for population in graph.populations[1:]:
        parts = [Current(c, images)(values[c.source]) for c in graph.into(population.name)]
        current = sum(parts[1:], parts[0])
        values[population.name] = _analog(population, current, activation)
    return {p.name: values[p.name] * _worth(p, images) for p in graph.populations}


def _worth(population: Population, like: Tensor) -> Tensor:
    return torch.as_tensor(population.spike_values, dtype=like.dtype, device=like.device)


def _analog(
    population: Population, current: Tensor, activation: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return what a population does with an analog current."""
    if population.pooling is not None:
        return max_pool(population.pooling, current)
    if population.neuron is None:
        return current
    value = activation(current)
    if population.ceiling is None:
        return value
    return torch.minimum(value, population.ceiling / _worth(population, current))
