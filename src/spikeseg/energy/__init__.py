"""What an emulated program costs: exact counts of what its cores did.

`Counter` makes a `Ledger` of a program, its input and an emulation's `Recording`.
"""

from spikeseg.energy.counting import Counter, count
from spikeseg.energy.ledger import Ledger
from spikeseg.energy.writing import write_ledger_csv

__all__ = ["Counter", "Ledger", "count", "write_ledger_csv"]
