"""The state of a simulation between two chunks of steps, and how a chunk is run."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from spikeseg.engine.currents import Current
from spikeseg.engine.early_exit import Watch
from spikeseg.engine.gates import pool_spikes
from spikeseg.engine.scan import initial_state, scan
from spikeseg.graph import Population, SpikingGraph
from spikeseg.neurons import State


@dataclass(frozen=True)
class Wanted:
    """What a simulation is asked for besides counts and the potential.

    Attributes:
        mask_steps: steps after which masks are read out.
        windows: for each step whose output may be looked at, the step after which it counts.
        spikes: every spike.
        output: the output's current in every step.
        operations: synaptic operations in every step.
    """

    mask_steps: frozenset[int]
    windows: dict[int, int]
    spikes: bool
    output: bool
    operations: bool


@dataclass
class Walk:
    """A batch of images on its way through the steps.

    Attributes:
        graph: sized to the images.
        images: (B, C, H, W).
        wanted: what is kept.
        watch: looks at the masks, if images may leave early.
        counts, net: spikes by population, (B, C, H, W), without and with their sign.
        kept: spikes by population, in chunks.
        masks: (B, H, W) each, one for every mask step passed.
        output: (T, B, K, H, W), in chunks.
        operations: (T, B), in chunks.
    """

    graph: SpikingGraph
    images: Tensor
    wanted: Wanted
    watch: Watch | None
    states: dict[str, State] = field(default_factory=dict)
    pooled: dict[str, Tensor] = field(default_factory=dict)
    counts: dict[str, Tensor] = field(default_factory=dict)
    net: dict[str, Tensor] = field(default_factory=dict)
    kept: dict[str, list[Tensor]] = field(default_factory=dict)
    masks: list[Tensor] = field(default_factory=list)
    output: list[Tensor] = field(default_factory=list)
    operations: list[Tensor] = field(default_factory=list)
    total: Tensor | None = None
    earlier: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [p.name for p in self.graph.populations[1:]]
        self.currents = {
            name: [Current(c, self.images) for c in self.graph.into(name)] for name in names
        }
        self.last_use = {c.source: name for name in names for c in self.currents[name]}
        self.constant = {name: self._constant_current(name) for name in names}
        self.reach = {p.name: self._reach(p) for p in self.graph.hidden if self.wanted.operations}

    def _constant_current(self, name: str) -> Tensor | None:
        """Sum what the image causes; it is the same in every step, so it is computed once."""
        source = self.graph.input.name
        parts = [c(self.images) for c in self.currents[name] if c.source == source]
        return sum(parts[1:], parts[0]) if parts else None

    def _reach(self, population: Population) -> Tensor:
        """Return how many synapses each neuron has, (C, H, W); whole numbers, exact in float64."""
        return torch.from_numpy(self.graph.fan_out(population.name)).to(self.images.device).double()

    def advance(self, start: int, count: int) -> None:
        """Run ``count`` more steps through the whole graph."""
        spikes: dict[str, Tensor] = {}
        self.operations.append(torch.zeros(count, len(self.images), dtype=torch.float64))
        for population in self.graph.populations[1:]:
            name = population.name
            if population.pooling is not None:
                fired = self._gate(population, spikes)
            else:
                current = self._current(name, spikes, count)
            for source in [s for s, target in self.last_use.items() if target == name]:
                spikes.pop(source, None)
            if population is self.graph.output:
                self._read_out(current, start)
                continue
            if population.neuron is not None:
                state = self.states.get(name) or initial_state(population.neuron, current)
                fired, self.states[name] = scan(population.neuron, current, state)
            spikes[name] = fired
            self._record(population, fired)

    def _gate(self, population: Population, spikes: dict[str, Tensor]) -> Tensor:
        """Return the spikes of a gate, (T, B, C, H, W)."""
        name = population.name
        assert population.pooling is not None
        source = spikes[self.currents[name][0].source]
        fired, self.pooled[name] = pool_spikes(population.pooling, source, self.pooled.get(name))
        return fired

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
        net = spikes.sum(dim=0)
        self.net[name] = self.net[name] + net if name in self.net else net
        if self._is_signed(population):
            fired = spikes.abs().sum(dim=0)
            self.counts[name] = self.counts[name] + fired if name in self.counts else fired
        if self.wanted.spikes:
            self.kept.setdefault(name, []).append(spikes.to(torch.int8))
        if self.wanted.operations:
            reach = self.reach[name]
            each = [torch.tensordot(now.abs().double(), reach, 3) for now in spikes]
            self.operations[-1] += torch.stack(each).cpu()

    def _is_signed(self, population: Population) -> bool:
        """Tell whether a population takes spikes back; a gate does if its source does."""
        if population.neuron is None:
            return self._is_signed(self.graph[self.currents[population.name][0].source])
        return min(population.neuron.spike_levels) < 0

    def _read_out(self, current: Tensor, start: int) -> None:
        """Accumulate the output current; read masks where they were asked for."""
        windows, starts = self.wanted.windows, set(self.wanted.windows.values())
        if self.wanted.output:
            self.output.append(current.clone())
        for t, now in enumerate(current, start=start + 1):
            self.total = now.clone() if self.total is None else self.total.add_(now)
            if t in starts:
                self.earlier[t] = self.total.clone()
            if t in self.wanted.mask_steps:
                self.masks.append(self._mask(t))
            if self.watch and t % self.watch.rule.check_every == 0:
                self.watch.look(self._mask(t))
            if t in windows:
                needed = min(first for step, first in windows.items() if step >= t)
                self.earlier = {k: p for k, p in self.earlier.items() if k >= needed}

    def _mask(self, step: int) -> Tensor:
        return self._window(step).argmax(dim=1).to(torch.uint8)

    def _window(self, step: int) -> Tensor:
        """Return the output current summed over the steps that a mask looks at."""
        assert self.total is not None
        first = self.wanted.windows[step]
        return self.total - self.earlier[first] if first else self.total

    def potential(self, step: int) -> Tensor:
        """Return the mean output current over the steps read out after ``step``, now."""
        return self._window(step) / (step - self.wanted.windows[step])

    def all_masks(self, step: int) -> Tensor:
        """Return a mask for every mask step, (S, B, H, W); those after ``step`` are as now."""
        missing = len(self.wanted.mask_steps) - len(self.masks)
        return torch.stack(self.masks + ([self._mask(step)] * missing if missing else []))

    def keep(self, which: Tensor) -> None:
        """Go on with some of the images; ``which`` is (B,) bool."""
        self.images = self.images[which]
        self.constant = {n: None if c is None else c[which] for n, c in self.constant.items()}
        self.states = {n: State(*(a[which] for a in s)) for n, s in self.states.items()}
        self.pooled = {n: c[which] for n, c in self.pooled.items()}
        self.counts = {n: c[which] for n, c in self.counts.items()}
        self.net = {n: c[which] for n, c in self.net.items()}
        self.kept = {n: [c[:, which] for c in chunks] for n, chunks in self.kept.items()}
        self.output = [chunk[:, which] for chunk in self.output]
        self.operations = [chunk[:, which.cpu()] for chunk in self.operations]
        self.masks = [mask[which] for mask in self.masks]
        self.earlier = {step: total[which] for step, total in self.earlier.items()}
        self.total = None if self.total is None else self.total[which]
        if self.watch:
            self.watch.keep(which)


def _own(current: Current, spikes: Tensor) -> Tensor:
    """Return a current that may be added to: an empty chain would give the spikes themselves."""
    part = current(spikes)
    return part.clone() if part.data_ptr() == spikes.data_ptr() else part
