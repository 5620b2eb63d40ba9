"""Populations, connections and the graph that they form."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ConfigError, ShapeError
from spikeseg.graph.gates import MaxPooling
from spikeseg.graph.scales import IMAGE, Scale, scale_after
from spikeseg.graph.support import fan_out
from spikeseg.graph.transforms import Shape, Transform, output_shape
from spikeseg.neurons import Neuron


@dataclass(frozen=True)
class Population:
    """Neurons of one kind on a (C, H, W) grid.

    Attributes:
        name: unique in the graph; the traced network's own name for its activation.
        shape: (C, H, W).
        neuron: what they are; ``None`` for the input (its values are constant currents), for the
            output (its potential accumulates and is read out; it never fires) and for a gate.
        spike_value: the activation that one spike in every step stands for, in the units of the
            traced network; one number, or one for each channel. It is already folded into the
            weights.
        ceiling: the largest activation, in the units of the traced network, of an activation that
            is clipped, as ReLU6 is; ``None`` where it is not.
        pooling: for a gate, which pools the spikes of one other population.
    """

    name: str
    shape: Shape
    neuron: Neuron | None = None
    spike_value: float | tuple[float, ...] = 1.0
    ceiling: float | None = None
    pooling: MaxPooling | None = None

    @property
    def spike_values(self) -> NDArray[np.float64]:
        """``spike_value`` of each channel, (C, 1, 1)."""
        values = np.empty((self.shape[0], 1, 1))
        values[:, 0, 0] = self.spike_value
        return values

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True, eq=False)
class Connection:
    """A linear map, with a bias, from one population into the current of another.

    Attributes:
        source: name of the population whose spikes enter.
        target: name of the population that receives the current.
        transforms: applied in order; their composition is the map.
    """

    source: str
    target: str
    transforms: tuple[Transform, ...]


@dataclass(frozen=True, eq=False)
class SpikingGraph:
    """A feed-forward spiking network: populations in topological order, and connections.

    The first population is the input, the last one the output. A population receives the sum of
    its connections. A spike acts in the step in which it is fired (no delay).

    Attributes:
        populations: input, hidden populations, output.
        connections: every one leads downwards in the order of ``populations``.
        dt_ms: length of a time step in milliseconds.

    Raises:
        ConfigError: a name is unknown or used twice, a connection leads backwards, a population
            has no connection, or has a neuron where none belongs (or none where one does), or a
            gate has more than one connection, one with transforms, or one from the input.
        ShapeError: a connection does not fit the shape of its target.
    """

    populations: tuple[Population, ...]
    connections: tuple[Connection, ...]
    dt_ms: float = 1.0

    def __post_init__(self) -> None:
        for i, population in enumerate(self.populations):
            if self._index[population.name] != i:
                raise ConfigError(
                    f"two populations share the name {population.name!r}; names are unique in a "
                    "graph. Rename one."
                )
        for connection in self.connections:
            self._check(connection)
        if len(self.populations) < 2:
            raise ConfigError("a graph has an input and an output; list at least two populations.")
        for population in self.populations:
            self._check_role(population)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {p.name: i for i, p in enumerate(self.populations)}

    def _check(self, connection: Connection) -> None:
        ends = (connection.source, connection.target)
        for name in ends:
            if name not in self._index:
                raise ConfigError(
                    f"connection {ends[0]} -> {ends[1]}: no population is called {name!r}; "
                    f"there are: {', '.join(self._index)}."
                )
        if self._index[ends[0]] >= self._index[ends[1]]:
            raise ConfigError(
                f"connection {ends[0]} -> {ends[1]} leads backwards; list the source first."
            )
        found = self._arriving(connection, self[ends[0]].shape)
        if found != self[ends[1]].shape:
            raise ShapeError(
                f"connection {ends[0]} -> {ends[1]} gives shape {found}, but {ends[1]} has shape "
                f"{self[ends[1]].shape}. Use an image size that the network's strides divide."
            )

    def _arriving(self, connection: Connection, shape: Shape) -> Shape:
        """Return the shape of what a connection from a population of ``shape`` gives its target."""
        shape = output_shape(connection.transforms, shape)
        pooling = self[connection.target].pooling
        return shape if pooling is None else pooling.output_shape(shape)

    def _check_gate(self, population: Population) -> None:
        into = self.into(population.name)
        source = self[into[0].source] if len(into) == 1 and not into[0].transforms else self.input
        if population.neuron is not None or population is self.output or source is self.input:
            raise ConfigError(
                f"population {population.name!r} pools spikes; such a gate has no neuron, is not "
                "the output, and has one connection without transforms, from a population that "
                "fires."
            )

    def _check_role(self, population: Population) -> None:
        if population.pooling is not None:
            return self._check_gate(population)
        is_end = population in (self.input, self.output)
        if is_end == (population.neuron is not None):
            raise ConfigError(
                f"population {population.name!r} has {'a' if is_end else 'no'} neuron; the input "
                "and the output have none, all populations between them have one."
            )
        if population is not self.input and not self.into(population.name):
            raise ConfigError(
                f"no connection leads into population {population.name!r}; all but the input need "
                "one. Connect it or leave it out."
            )
        return None

    def __getitem__(self, name: str) -> Population:
        return self.populations[self._index[name]]

    @property
    def input(self) -> Population:
        """The input population."""
        return self.populations[0]

    @property
    def hidden(self) -> tuple[Population, ...]:
        """The populations that fire."""
        return self.populations[1:-1]

    @property
    def output(self) -> Population:
        """The output population."""
        return self.populations[-1]

    @property
    def stride(self) -> int:
        """The multiple that the height and width of images must be of.

        Every resolution on the way, also inside of a connection, is a whole share of the image.
        Adaptive pooling fixes the image size, so what comes after it does not count.
        """
        scales: dict[str, Scale] = {self.input.name: IMAGE}
        passed = set(IMAGE)
        for connection in sorted(self.connections, key=lambda c: self._index[c.source]):
            scale = scales.get(connection.source)
            for transform in (*connection.transforms, self[connection.target].pooling):
                scale = scale_after(scale, transform)
                passed |= set(scale or ())
            if scale or connection.target not in scales:
                scales[connection.target] = scale
        return lcm(*(share.denominator for share in passed))

    @property
    def num_neurons(self) -> int:
        """Number of neurons that fire."""
        return sum(p.size for p in self.hidden)

    @property
    def num_synapses(self) -> int:
        """Number of synapses, including those of the input."""
        return sum(int(self.connection_fan_out(c).sum()) for c in self.connections)

    def into(self, name: str) -> tuple[Connection, ...]:
        """Return the connections into a population."""
        return tuple(c for c in self.connections if c.target == name)

    def out_of(self, name: str) -> tuple[Connection, ...]:
        """Return the connections out of a population."""
        return tuple(c for c in self.connections if c.source == name)

    def fan_out(self, name: str) -> NDArray[np.int64]:
        """Return the number of synapses of each neuron of a population, (C, H, W)."""
        shape = self[name].shape
        counts = np.zeros(shape, np.int64)
        for connection in self.out_of(name):
            counts += self.connection_fan_out(connection)
        return counts

    def connection_fan_out(self, connection: Connection) -> NDArray[np.int64]:
        """Return the number of a connection's synapses of each neuron of its source, (C, H, W).

        A gate has one synapse for each input of each of its windows.
        """
        shape, pooling = self[connection.source].shape, self[connection.target].pooling
        return pooling.fan_out(shape) if pooling else fan_out(connection.transforms, shape)

    def resized(self, height: int, width: int) -> "SpikingGraph":
        """Return the same graph for images of another size.

        Raises:
            ShapeError: the strides do not divide the size.
        """
        if self.input.shape[1:] == (height, width):
            return self
        shapes: dict[str, Shape] = {self.input.name: (self.input.shape[0], height, width)}
        for population in self.populations[1:]:
            first = self.into(population.name)[0]
            shapes[population.name] = self._arriving(first, shapes[first.source])
        populations = tuple(replace(p, shape=shapes[p.name]) for p in self.populations)
        return replace(self, populations=populations)
