"""The dense network that a spiking graph stands for, counted layer by layer."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from spikeseg.errors import ConfigError
from spikeseg.graph import (
    Connection,
    Convolution,
    SpikingGraph,
    TransposedConvolution,
    num_multiplications,
)
from spikeseg.graph.transforms import Shape, output_shape


@dataclass(frozen=True)
class DenseLayer:
    """One convolution of the dense network, for one image.

    Attributes:
        source: population that the numbers come from.
        target: population that they go to.
        macs: multiply-accumulates; zeros at borders are not counted.
        weights: weights, biases not counted.
        kernel: weights that one input channel meets.
        inputs: activations read.
        outputs: activations written; 0 where another convolution into the same target counts them.
    """

    source: str
    target: str
    macs: int
    weights: int
    kernel: int
    inputs: int
    outputs: int


@dataclass(frozen=True, eq=False)
class DenseNetwork:
    """The dense network, for one image.

    Attributes:
        layers: its convolutions, in order.
    """

    layers: tuple[DenseLayer, ...]

    @property
    def macs(self) -> int:
        """All multiply-accumulates."""
        return sum(layer.macs for layer in self.layers)

    def to_list(self) -> list[dict[str, str | int]]:
        """Return the counts for JSON."""
        return [asdict(layer) for layer in self.layers]


def count_dense(graph: SpikingGraph, on_host: Collection[str] = ()) -> DenseNetwork:
    """Return the dense network whose activations the populations of a graph stand for.

    Poolings and enlargements have no multiplications and are not counted.

    Args:
        graph: of the size of the images.
        on_host: populations that the host computes. If the spiking network's work leaves these
            out, the dense network must too: both compute them alike, once for an image.

    Raises:
        ConfigError: a name of ``on_host`` is no population, or nothing is left to count.
    """
    unknown = set(on_host) - {p.name for p in graph.populations}
    if unknown:
        raise ConfigError(
            f"on_host names {sorted(unknown)[0]!r}; the populations are: "
            f"{', '.join(p.name for p in graph.populations)}."
        )
    layers: list[DenseLayer] = []
    for connection in graph.connections:
        if connection.target not in on_host:
            written = any(layer.target == connection.target for layer in layers)
            layers += _layers(connection, graph[connection.source].shape, written)
    if not layers:
        raise ConfigError(
            f"the graph has no convolution into a population that is not on the host "
            f"({', '.join(on_host)}); there is nothing to compare with. Leave some off the host."
        )
    return DenseNetwork(tuple(layers))


def _layers(connection: Connection, shape: Shape, written: bool) -> list[DenseLayer]:
    """Return the convolutions of a connection; the last writes the target, unless written."""
    layers: list[DenseLayer] = []
    transforms = connection.transforms
    weighted = [t for t in transforms if isinstance(t, Convolution | TransposedConvolution)]
    for transform in transforms:
        after = output_shape((transform,), shape)
        if isinstance(transform, Convolution | TransposedConvolution):
            weights = int(transform.weight.size)
            last = transform is weighted[-1]
            layers.append(
                DenseLayer(
                    connection.source,
                    connection.target,
                    num_multiplications((transform,), shape),
                    weights,
                    weights // shape[0],
                    _size(shape),
                    0 if last and written else _size(after),
                )
            )
        shape = after
    return layers


def _size(shape: Shape) -> int:
    return shape[0] * shape[1] * shape[2]
