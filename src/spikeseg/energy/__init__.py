<<<<<<< HEAD
"""Energy of a spiking network, estimated from counts: never measured, never without its table.

Counts (`Work`) times costs (``tables/*.toml``, read by ``costs``) give an estimate, split and with
a range (``accounting``); the dense network is counted (``dense``) and priced alike (``rivals``);
``verdict`` says who takes less, and ``reporting`` puts it all together. ``events`` prices what
happens on a chip, ``arithmetic`` and ``lemaire`` additions, multiplications and memory,
``timing`` the steps.
"""

from spikeseg.energy.accounting import EnergyEstimate, estimate
from spikeseg.energy.costs import Cost, CostTable, cost_names, load_costs
from spikeseg.energy.dense import DenseLayer, DenseNetwork, count_dense
from spikeseg.energy.ranges import Range
from spikeseg.energy.reporting import Account, EnergyReport, account_for, spiking_tables
from spikeseg.energy.rivals import Rival, price_rivals, rivals_under
from spikeseg.energy.timing import image_seconds, step_seconds
from spikeseg.energy.verdict import Verdict, break_even, decide, judge
from spikeseg.energy.work import NetworkWork, StepWork, Work

__all__ = [
    "Account",
    "Cost",
    "CostTable",
    "DenseLayer",
    "DenseNetwork",
    "EnergyEstimate",
    "EnergyReport",
    "NetworkWork",
    "Range",
    "Rival",
    "StepWork",
    "Verdict",
    "Work",
    "account_for",
    "break_even",
    "cost_names",
    "count_dense",
    "decide",
    "estimate",
    "image_seconds",
    "judge",
    "load_costs",
    "price_rivals",
    "rivals_under",
    "spiking_tables",
    "step_seconds",
]
=======
"""What an emulated program costs: exact counts of what its cores did.

`Counter` makes a `Ledger` of a program, its input and an emulation's `Recording`.
"""

from spikeseg.energy.counting import Counter, count
from spikeseg.energy.ledger import Ledger
from spikeseg.energy.writing import write_ledger_csv

__all__ = ["Counter", "Ledger", "count", "write_ledger_csv"]
>>>>>>> ledger
