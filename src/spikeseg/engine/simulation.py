"""A spiking graph over time, population by population.

The graph is feed-forward and a spike acts in the step in which it is fired, so a population can
run over many steps at once before the next one starts; that is exact. Long simulations go through
the whole graph in chunks of steps, and the neurons' states are carried over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from spikeseg.engine.currents import Current
from spikeseg.engine.scan import initial_state, scan
from spikeseg.errors import ConfigError, DataError, ShapeError
from spikeseg.graph import Population, SpikingGraph
from spikeseg.neurons import State

_CHUNK_VALUES = 2**24  # spikes and currents of one population that are held at once


@dataclass(frozen=True)
class Simulation:
    """What a spiking graph did with a batch of images.

    Attributes:
        num_steps: T, the steps simulated.
        potential: (B, K, H, W) mean output current over the steps that are read out, the
            counterpart of the network's logits.
        mask_steps: S steps, counted from 1, after which a mask was read out.
        masks: (S, B, H, W) uint8, the class of the largest potential.
        spike_counts: for each hidden population, spikes fired in all steps, (B, C, H, W).
        net_counts: the same with negative spikes taken off: what the spikes stand for.
        spikes: for each hidden population, (T, B, C, H, W) int8, if they were asked for.
    """

    num_steps: int
    potential: Tensor
    mask_steps: tuple[int, ...]
    masks: Tensor
    spike_counts: dict[str, Tensor]
    net_counts: dict[str, Tensor]
    spikes: dict[str, Tensor]


def simulate(
    graph: SpikingGraph,
    images: Tensor,
    num_steps: int,
    *,
    mask_steps: Sequence[int] | None = None,
    readout: float = 1.0,
    keep_spikes: bool = False,
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
        keep_spikes: also return every spike.
        progress: called with the number of steps done since the last call.

    Raises:
        ConfigError: no steps, no mask step, one outside of 1..T, or a read-out outside of (0, 1].
        DataError: the images are not float32 or float64.
        ShapeError: the images do not fit the graph.
    """
    steps = tuple(mask_steps) if mask_steps is not None else (num_steps,)
    _check_steps(num_steps, steps)
    if not 0 < readout <= 1:
        raise ConfigError(f"readout is {readout}; it must be in (0, 1], a share of the steps.")
    _check_images(graph, images)
    graph = graph.resized(images.shape[2], images.shape[3])
    with torch.inference_mode():
        windows = _windows([*steps, num_steps], readout)
        walk = _Walk(graph, images, frozenset(steps), windows, keep_spikes)
        chunk = _chunk_steps(graph, images.shape[0])
        for start in range(0, num_steps, chunk):
            count = min(chunk, num_steps - start)
            walk.advance(start, count)
            if progress:
                progress(count)
        return walk.result(num_steps)


def _windows(steps: Sequence[int], readout: float) -> dict[int, int]:
    """Return, for each mask step, the step after which its output counts.

    >>> _windows([1, 4], 0.5)
    {1: 0, 4: 2}
    """
    return {step: min(step - 1, int(step * (1 - readout) + 0.5)) for step in sorted(set(steps))}


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


@dataclass
class _Walk:
    """The state of a simulation between two chunks."""

    graph: SpikingGraph
    images: Tensor
    mask_steps: frozenset[int]
    windows: dict[int, int]
    keep_spikes: bool
    states: dict[str, State] = field(default_factory=dict)
    counts: dict[str, Tensor] = field(default_factory=dict)
    net: dict[str, Tensor] = field(default_factory=dict)
    kept: dict[str, list[Tensor]] = field(default_factory=dict)
    masks: list[Tensor] = field(default_factory=list)
    total: Tensor | None = None
    earlier: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [p.name for p in self.graph.populations[1:]]
        self.currents = {
            name: [Current(c, self.images) for c in self.graph.into(name)] for name in names
        }
        self.last_use = {c.source: name for name in names for c in self.currents[name]}
        self.constant = {name: self._constant_current(name) for name in names}

    def _constant_current(self, name: str) -> Tensor | None:
        """Sum what the image causes; it is the same in every step, so it is computed once."""
        source = self.graph.input.name
        parts = [c(self.images) for c in self.currents[name] if c.source == source]
        return sum(parts[1:], parts[0]) if parts else None

    def advance(self, start: int, count: int) -> None:
        """Run ``count`` more steps through the whole graph."""
        spikes: dict[str, Tensor] = {}
        for population in self.graph.populations[1:]:
            name = population.name
            current = self._current(name, spikes, count)
            for source in [s for s, target in self.last_use.items() if target == name]:
                spikes.pop(source, None)
            if population.neuron is None:
                self._read_out(current, start)
                continue
            state = self.states.get(name) or initial_state(population.neuron, current)
            spikes[name], self.states[name] = scan(population.neuron, current, state)
            self._record(population, spikes[name])

    def _current(self, name: str, spikes: dict[str, Tensor], count: int) -> Tensor:
        """Return the current into a population, (T, B, C, H, W)."""
        total: Tensor | None = None
        for current in self.currents[name]:
            if current.source in spikes:
                part = _own(current, spikes[current.source].flatten(0, 1))
                total = part if total is None else total.add_(part)
        constant = self.constant[name]
        if total is None:
            assert constant is not None
            return constant.expand(count, *constant.shape)
        total = total.view(count, -1, *total.shape[1:])
        return total if constant is None else total.add_(constant)

    def _record(self, population: Population, spikes: Tensor) -> None:
        name = population.name
        assert population.neuron is not None
        net = spikes.sum(dim=0)
        self.net[name] = self.net[name] + net if name in self.net else net
        if min(population.neuron.spike_levels) < 0:
            fired = spikes.abs().sum(dim=0)
            self.counts[name] = self.counts[name] + fired if name in self.counts else fired
        if self.keep_spikes:
            self.kept.setdefault(name, []).append(spikes.to(torch.int8))

    def _read_out(self, current: Tensor, start: int) -> None:
        """Accumulate the output current; read masks where they were asked for."""
        starts = set(self.windows.values())
        for t, now in enumerate(current, start=start + 1):
            self.total = now.clone() if self.total is None else self.total.add_(now)
            if t in starts:
                self.earlier[t] = self.total.clone()
            if t in self.mask_steps:
                self.masks.append(self._window(t).argmax(dim=1).to(torch.uint8))
            if t in self.windows:
                needed = min(first for step, first in self.windows.items() if step >= t)
                self.earlier = {k: p for k, p in self.earlier.items() if k >= needed}

    def _window(self, step: int) -> Tensor:
        """Return the output current summed over the steps that a mask looks at."""
        assert self.total is not None
        first = self.windows[step]
        return self.total - self.earlier[first] if first else self.total

    def result(self, num_steps: int) -> Simulation:
        potential = self._window(num_steps) / (num_steps - self.windows[num_steps])
        return Simulation(
            num_steps=num_steps,
            potential=potential,
            mask_steps=tuple(sorted(self.mask_steps)),
            masks=torch.stack(self.masks),
            spike_counts=self.net | self.counts,
            net_counts=self.net,
            spikes={name: torch.cat(parts) for name, parts in self.kept.items()},
        )


def _own(current: Current, spikes: Tensor) -> Tensor:
    """Return a current that may be added to: an empty chain would give the spikes themselves."""
    part = current(spikes)
    return part.clone() if part.data_ptr() == spikes.data_ptr() else part


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
        values[population.name] = current if population.neuron is None else activation(current)
    return {p.name: values[p.name] * _worth(p, images) for p in graph.populations}


def _worth(population: Population, like: Tensor) -> Tensor:
    return torch.as_tensor(population.spike_values, dtype=like.dtype, device=like.device)
