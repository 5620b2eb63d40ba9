"""Energy of a program on chips: exact counts of what its cores did, times tables of costs.

A `Counter` makes the `Ledger` of a program from an emulation (``counting``, ``loops``, ``nets``,
``receiving``, ``sources``, ``recordings``; ``writing`` for CSV), ``from_ledger`` the `NetworkWork`
of a mean image. Times the costs (``tables/*.toml``, read by ``costs``, checked by ``checking``) it
is an estimate, split and with a range (``accounting``), never measured and never without its table.
The dense network is counted (``dense``) and priced alike (``rivals``, ``precision``); ``verdict``
says who takes less, and ``reporting`` puts it all together. ``events`` prices what happens on a
chip, ``arithmetic`` and ``lemaire`` additions, multiplications and memory, ``timing`` the steps.
"""

from spikeseg.energy.accounting import EnergyEstimate, estimate
from spikeseg.energy.costs import Cost, CostTable, cost_names, load_costs
from spikeseg.energy.counting import Counter, count
from spikeseg.energy.dense import DenseLayer, DenseNetwork, count_dense
from spikeseg.energy.from_ledger import work_of
from spikeseg.energy.ledger import Ledger
from spikeseg.energy.ranges import Range
from spikeseg.energy.reporting import Account, EnergyReport, account_for, spiking_tables
from spikeseg.energy.rivals import Rival, price_rivals, rivals_under
from spikeseg.energy.timing import image_seconds, step_seconds
from spikeseg.energy.verdict import Verdict, break_even, decide, judge
from spikeseg.energy.work import NetworkWork, StepWork, Work
from spikeseg.energy.writing import write_ledger_csv

__all__ = [
    "Account",
    "Cost",
    "CostTable",
    "Counter",
    "DenseLayer",
    "DenseNetwork",
    "EnergyEstimate",
    "EnergyReport",
    "Ledger",
    "NetworkWork",
    "Range",
    "Rival",
    "StepWork",
    "Verdict",
    "Work",
    "account_for",
    "break_even",
    "cost_names",
    "count",
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
    "work_of",
    "write_ledger_csv",
]
