"""The whole account of a spiking network: every table, its rivals, and the verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spikeseg.energy.accounting import EnergyEstimate, estimate
from spikeseg.energy.costs import CostTable, cost_names, load_costs
from spikeseg.energy.dense import DenseNetwork
from spikeseg.energy.rivals import Rival, Shares, rivals_under
from spikeseg.energy.verdict import Verdict, judge
from spikeseg.energy.work import NetworkWork
from spikeseg.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Account:
    """A spiking network and its rivals under one table.

    Attributes:
        table: the costs.
        estimate: energy of the spiking network.
        rivals: energies of the dense network.
        verdicts: one for each rival.
    """

    table: CostTable
    estimate: EnergyEstimate
    rivals: tuple[Rival, ...]
    verdicts: tuple[Verdict, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "table": self.table.name,
            "estimate": self.estimate.to_dict(),
            "rivals": [rival.to_dict() for rival in self.rivals],
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
        }


@dataclass(frozen=True, eq=False)
class EnergyReport:
    """The account under every table. All energies are estimates, in joules for one image.

    Attributes:
        num_steps: of an image.
        chips: that the network runs on.
        spike_rate: mean spikes per neuron and step.
        dense: the dense network, counted.
        accounts: one for each table.
    """

    num_steps: int
    chips: int
    spike_rate: float
    dense: DenseNetwork
    accounts: tuple[Account, ...]

    @property
    def tables(self) -> dict[str, CostTable]:
        """Every table that a figure comes from, those of the rivals too."""
        tables = {account.table.name: account.table for account in self.accounts}
        rivals = {name for table in tables.values() for name in table.rivals}
        return tables | {name: load_costs(name) for name in sorted(rivals - set(tables))}

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "num_steps": self.num_steps,
            "chips": self.chips,
            "spike_rate": self.spike_rate,
            "dense": self.dense.to_list(),
            "tables": {name: table.to_dict() for name, table in self.tables.items()},
            "accounts": [account.to_dict() for account in self.accounts],
        }


def spiking_tables() -> tuple[CostTable, ...]:
    """Return all tables of the package that a spiking network can be accounted with."""
    tables = map(load_costs, cost_names())
    return tuple(table for table in tables if table.prices_spikes)


def account_for(
    work: NetworkWork,
    dense: DenseNetwork,
    tables: Sequence[CostTable] | None = None,
    nonzero: Shares | None = None,
) -> EnergyReport:
    """Return the account of a spiking network beside its dense rivals.

    Args:
        work: of the spiking network.
        dense: the dense network, of the same layers and the same image size.
        tables: of kind ``chip`` or ``arithmetic``; all of the package if not given.
        nonzero: as of `rivals_under`.

    Raises:
        ConfigError: a table prices dense networks only, two have one name, or a share is missing
            or not in 0..1.
    """
    chosen = spiking_tables() if tables is None else tables
    _check_names([table.name for table in chosen])
    accounts = tuple(_account(work, dense, table, nonzero) for table in chosen)
    return EnergyReport(work.num_steps, work.chips, work.spike_rate, dense, accounts)


def _check_names(names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(
            f"two cost tables are called {twice}, so their figures could not be told apart. Give "
            "each table once, and rename the file if it is another one."
        )


def _account(
    work: NetworkWork, dense: DenseNetwork, table: CostTable, nonzero: Shares | None
) -> Account:
    rivals = rivals_under(dense, table, work.num_steps, nonzero)
    return Account(table, estimate(work, table), rivals, judge(work, table, rivals))
