"""The state of a simulation between two chunks of steps, and how a chunk is run."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from spikeseg.engine.choosing import Engine, Numbers
from spikeseg.engine.currents import Current
from spikeseg.engine.early_exit import Watch
from spikeseg.engine.layers import Gate, Layer
from spikeseg.engine.paths import make_path
from spikeseg.engine.readout import Readout
from spikeseg.engine.scan import Counts
from spikeseg.engine.sparse import Sparse, make_sparse
from spikeseg.engine.spikes import Spikes
from spikeseg.graph import Population, SpikingGraph

_SMALL = 1 << 15  # neurons of all images that are not worth the compilation of an event layer


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
        engine: how it is calculated.
        watch: looks at the masks, if images may leave early.
        layers: by population.
        kept: spikes by population, in chunks.
        operations: (T, B), in chunks.
    """

    graph: SpikingGraph
    images: Tensor
    wanted: Wanted
    engine: Engine
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
        self.sparse = {p.name: s for p in self.graph.hidden if (s := self._sparse(p))}
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
        return Layer(
            population.neuron,
            paths,
            self._constant_current(population.name),
            self._form(population),
            self.images.dtype,
            counts,
            self.sparse.get(population.name),
            self.engine.events == "always",
        )

    def _sparse(self, population: Population) -> Sparse | None:
        """Return how to compute a population event by event, where that can be and may pay."""
        heard = [c for c in self.graph.into(population.name) if c.source != self.graph.input.name]
        is_known = self.images.dtype == torch.float32 and self.images.device.type == "cpu"
        if not (is_known and heard) or population.neuron is None or self.engine.events == "never":
            return None
        if population.size * len(self.images) < _SMALL and self.engine.events == "measured":
            return None
        sources = [self.graph[c.source] for c in heard]
        if any(_levels(self.graph, source) != (0, 1) for source in sources):
            return None
        return make_sparse(heard, population.neuron, [source.shape for source in sources])

    def _numbers(self, source: str) -> Numbers:
        """Return what a connection from a population is calculated in: bytes are for 0 and 1."""
        numbers = self.engine.numbers
        is_binary = _levels(self.graph, self.graph[source]) == (0, 1)
        return numbers if is_binary or numbers != "int8" else "bf16"

    def _form(self, population: Population) -> torch.dtype | Literal["bits"]:
        """Return what a population writes: bits if somebody may want them, and rows are words."""
        readers = {c.target for c in self.graph.out_of(population.name)}
        if readers & set(self.sparse) and population.shape[0] * population.shape[2] % 64 == 0:
            return "bits"
        names = {"fp32": self.images.dtype, "bf16": torch.bfloat16, "int8": torch.uint8}
        return names[self._numbers(population.name)]

    def _counts(self, population: Population) -> Counts:
        shape = (len(self.images), *population.shape)
        net = torch.zeros_like(
            self.images.new_empty(()).expand(shape), memory_format=torch.channels_last
        )
        is_signed = min(_levels(self.graph, population)) < 0
        return Counts(net, net.clone() if is_signed else None)

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

    def described(self) -> str:
        """Return what is calculated in which way, in a line."""
        many = sum(isinstance(layer, Layer) and layer.is_sparse for layer in self.layers.values())
        of_all = f"; {many} of {len(self.layers)} populations event by event in fp32"
        return self.engine.reason + (of_all if self.sparse else "")

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


def _levels(graph: SpikingGraph, population: Population) -> tuple[int, ...]:
    """Return the values of a population's spikes; those of a gate are its source's."""
    if population.neuron is None:
        return _levels(graph, graph[graph.into(population.name)[0].source])
    return population.neuron.spike_levels
