"""What the dense network would cost in the precisions that it could be run in."""

from collections.abc import Mapping
from dataclasses import dataclass

from spikeseg.energy.arithmetic import price_dense
from spikeseg.energy.costs import CostTable, load_costs
from spikeseg.energy.dense import DenseLayer, DenseNetwork
from spikeseg.energy.lemaire import price_dense_by_size
from spikeseg.energy.precision import FP16, FP32, INT8, Precision, matched
from spikeseg.energy.ranges import Range, total
from spikeseg.errors import ConfigError

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Rival:
    """A dense network under a table.

    Attributes:
        key: ``fp32``, ``fp16``, ``int8``, ``matched``, ``sparse_int8``, or ``dense`` where a table
            has one cost for all numbers.
        title: in words.
        table: that it is priced with.
        energy: joules for one image.
    """

    key: str
    title: str
    table: str
    energy: Range

    def to_dict(self) -> dict[str, str | dict[str, float]]:
        """Return it for JSON."""
        return {
            "key": self.key,
            "title": self.title,
            "table": self.table,
            "energy": self.energy.to_dict(),
        }


def rivals_under(
    dense: DenseNetwork, table: CostTable, num_steps: int, nonzero: Shares | None = None
) -> tuple[Rival, ...]:
    """Return the dense rivals of a spiking network that is accounted with ``table``.

    They are priced with the same table if that has costs of multiplications, and with those that
    it names as its rivals; `Rival.table` says with which.

    Args:
        dense: the dense network.
        table: of the spiking network.
        num_steps: of the spiking network; the matched precision follows from it.
        nonzero: for each population that a convolution reads, the share of its activations that
            are not zero in the dense network. Without it there is no sparsity-aware rival.

    Raises:
        ConfigError: a share is missing or not in 0..1.
    """
    tables = [table] * table.prices_dense + [load_costs(name) for name in table.rivals]
    return tuple(r for t in tables for r in price_rivals(dense, t, num_steps, nonzero))


def price_rivals(
    dense: DenseNetwork, table: CostTable, num_steps: int, nonzero: Shares | None = None
) -> tuple[Rival, ...]:
    """Return the rivals priced with one table; arguments and errors as of `rivals_under`."""
    if table.kind != "arithmetic":
        title = f"dense network on {table.title}"
        return (Rival("dense", title, table.name, _plain(dense, table)),)
    rivals = [
        _rival(dense, precision, table) for precision in (FP32, FP16, INT8, matched(num_steps))
    ]
    if nonzero is not None:
        shares = [_share(layer, nonzero) for layer in dense.layers]
        energy = _sum(dense, INT8, shares, table)
        rivals.append(Rival("sparse_int8", "INT8 that skips zeros", table.name, energy))
    return tuple(rivals)


def _plain(dense: DenseNetwork, table: CostTable) -> Range:
    outputs = sum(layer.outputs for layer in dense.layers)
    output = table.joules("output") if "output" in table.energy else Range.exactly(0.0)
    return table.joules("mac") * float(dense.macs) + output * float(outputs)


def _rival(dense: DenseNetwork, precision: Precision, table: CostTable) -> Rival:
    energy = _sum(dense, precision, [1.0] * len(dense.layers), table)
    return Rival(precision.key, precision.title, table.name, energy)


def _sum(dense: DenseNetwork, precision: Precision, shares: list[float], table: CostTable) -> Range:
    price = price_dense_by_size if table.memory == "by_size" else price_dense
    pairs = zip(dense.layers, shares, strict=True)
    return total(price(layer, precision, share, table) for layer, share in pairs)


def _share(layer: DenseLayer, nonzero: Shares) -> float:
    share = nonzero.get(layer.source)
    if share is None or not 0 <= share <= 1:
        raise ConfigError(
            f"the share of activations of {layer.source} that are not zero is {share}; give a "
            "number in 0..1 for each population that a convolution reads."
        )
    return share
