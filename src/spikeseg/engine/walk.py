"""The state of a simulation between two chunks of steps, and how a chunk is run."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from spikeseg.engine.choosing import Numbers
from spikeseg.engine.currents import Current
from spikeseg.engine.early_exit import Watch
from spikeseg.engine.layers import Gate, Layer
from spikeseg.engine.paths import make_path
from spikeseg.engine.readout import Readout
from spikeseg.engine.scan import Counts
from spikeseg.engine.spikes import Spikes
from spikeseg.graph import Population, SpikingGraph


@dataclass(frozen=True)
class Wanted:
    """What a simulation is asked for besides the potential.

    Attributes:
        mask_steps: steps after which masks are read out.
        windows: for each step whose output may be looked at, the step after which it counts.
        counts: spikes of every neuron.
        spikes: every spike.
        output: the output's current in every step.
        operations: synaptic operations in every step.
    """

    mask_steps: frozenset[int]
    windows: dict[int, int]
    counts: bool
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
        numbers: what connections are calculated in.
        watch: looks at the masks, if images may leave early.
        layers: by population.
        kept: spikes by population, in chunks.
        operations: (T, B), in chunks.
    """

    graph: SpikingGraph
    images: Tensor
    wanted: Wanted
    numbers: Numbers
    watch: Watch | None
    kept: dict[str, list[Tensor]] = field(default_factory=dict)
    operations: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        wanted, output = self.wanted, self.graph.output.name
        spiking = [c for c in self.graph.into(output) if c.source != self.graph.input.name]
        self.readout = Readout(
            [make_path(c, "fp32", self.images) for c in spiking],
            self._constant_current(output),
            wanted.windows,
            wanted.mask_steps,
            wanted.output,
            self.watch,
        )
        read = {c.source for c in spiking} if self.readout.next_stop(0) else set()
        self.layers = {p.name: self._layer(p, p.name in read) for p in self.graph.hidden}
        self.last_use = {
            c.source: c.target for p in self.graph.populations for c in self.graph.into(p.name)
        }
        self.reach = {p.name: self._reach(p) for p in self.graph.hidden if wanted.operations}

    def _layer(self, population: Population, is_read: bool) -> Layer | Gate:
        counts = self._counts(population) if is_read or self.wanted.counts else None
        into = self.graph.into(population.name)
        if population.neuron is None:
            assert population.pooling is not None
            return Gate(population.pooling, into[0].source, counts)
        paths = [
            make_path(c, self._numbers(c.source), self.images)
            for c in into
            if c.source != self.graph.input.name
        ]
        constant = self._constant_current(population.name)
        exact = self.images.dtype
        return Layer(population.neuron, paths, constant, self._dtype(population), exact, counts)

    def _numbers(self, source: str) -> Numbers:
        """Return what a connection from a population is calculated in: bytes hold 0 and 1 only."""
        is_signed = _is_signed(self.graph, self.graph[source])
        return "bf16" if is_signed and self.numbers == "int8" else self.numbers

    def _dtype(self, population: Population) -> torch.dtype:
        names = {"fp32": self.images.dtype, "bf16": torch.bfloat16, "int8": torch.uint8}
        return names[self._numbers(population.name)]

    def _counts(self, population: Population) -> Counts:
        shape = (len(self.images), *population.shape)
        like = {"dtype": self.images.dtype, "device": self.images.device}
        net = torch.empty(shape, memory_format=torch.channels_last, **like).zero_()
        return Counts(net, net.clone() if _is_signed(self.graph, population) else None)

    def _constant_current(self, name: str) -> Tensor | None:
        """Sum what the image causes; it is the same in every step, so it is computed once."""
        source = self.graph.input.name
        into = [c for c in self.graph.into(name) if c.source == source]
        parts = [Current(c, self.images)(self.images) for c in into]
        return sum(parts[1:], parts[0]) if parts else None

    def _reach(self, population: Population) -> Tensor:
        """Return how many synapses each neuron has, (C, H, W); whole numbers, exact in float64."""
        return torch.from_numpy(self.graph.fan_out(population.name)).to(self.images.device).double()

    def advance(self, start: int, count: int, is_last: bool) -> None:
        """Run ``count`` more steps through the whole graph; the last ones, or not."""
        spikes: dict[str, Spikes] = {}
        self.operations.append(torch.zeros(count, len(self.images), dtype=torch.float64))
        for name, layer in self.layers.items():
            fired = layer.advance(spikes, count, is_last)
            self._release(spikes, name)
            self._record(name, fired)
            spikes[name] = fired
        if self.readout.next_stop(start) is None:
            self.readout.hear_steps(spikes, start, count)
        elif start + count in self.readout.stops:
            heard = {c.source: self.layers[c.source].counts for c in self.readout.paths}
            sums = {source: counts.net for source, counts in heard.items() if counts}
            self.readout.hear_sums(sums, start + count)

    def _release(self, spikes: dict[str, Spikes], name: str) -> None:
        """Forget spikes that nobody needs after this population."""
        for source in [s for s, target in self.last_use.items() if target == name]:
            spikes.pop(source, None)

    def _record(self, name: str, fired: Spikes) -> None:
        if self.wanted.spikes:
            self.kept.setdefault(name, []).append(fired.numbers().to(torch.int8))
        if self.wanted.operations:
            reach = self.reach[name]
            each = [torch.tensordot(now.abs().double(), reach, 3) for now in fired.numbers()]
            self.operations[-1] += torch.stack(each).cpu()

    def counts(self) -> dict[str, Counts]:
        """Return the spikes of each population so far, where they are counted."""
        return {name: layer.counts for name, layer in self.layers.items() if layer.counts}

    def keep(self, which: Tensor) -> None:
        """Go on with some of the images; ``which`` is (B,) bool."""
        self.images = self.images[which]
        for layer in self.layers.values():
            layer.keep(which)
        self.readout.keep(which)
        self.kept = {n: [c[:, which] for c in chunks] for n, chunks in self.kept.items()}
        self.operations = [chunk[:, which.cpu()] for chunk in self.operations]


def _is_signed(graph: SpikingGraph, population: Population) -> bool:
    """Tell whether a population takes spikes back; a gate does if its source does."""
    if population.neuron is None:
        return _is_signed(graph, graph[graph.into(population.name)[0].source])
    return min(population.neuron.spike_levels) < 0
