"""The table of verdicts: a row for each table of costs, a column for each rival."""

from dataclasses import dataclass

from spikeseg.report.energy_results import Energy, Judged, TableAccount
from spikeseg.report.energy_words import spread
from spikeseg.report.words import HARD, plain, quantity, times

STYLES = {"wins": "better", "loses": "worse", "undecided": ""}
SHORT = {"fp32": "FP32", "fp16": "FP16", "int8": "INT8", "sparse_int8": "INT8 that skips zeros"}


@dataclass(frozen=True)
class RivalCell:
    """The outcome against one rival: in words, its energy, the whole sentence."""

    style: str
    outcome: str
    energy: str
    spread: str
    sentence: str


@dataclass(frozen=True)
class AccountRow:
    """The spiking network under one table, and a cell for each column of rivals.

    Attributes:
        priced_by: tables that price the rivals of the columns without a device.
        cells: for each column those of the rival; none where the table has no such rival.
        break_even: spikes per neuron and step against INT8.
    """

    name: str
    title: str
    priced_by: str
    energy: str
    spread: str
    seconds: str
    cells: tuple[tuple[RivalCell, ...], ...]
    break_even: str


@dataclass(frozen=True)
class AccountTable:
    """All of it."""

    heads: tuple[str, ...]
    rows: tuple[AccountRow, ...]


def account_table(energy: Energy) -> AccountTable:
    """Lay out the verdicts."""
    columns: dict[tuple[str, str], None] = {}
    for account in energy.accounts:
        columns |= dict.fromkeys((v.rival, v.title) for v in account.verdicts)
    heads = tuple(SHORT.get(key, title.removeprefix("dense network on ")) for key, title in columns)
    rows = tuple(_row(account, list(columns)) for account in energy.accounts)
    return AccountTable(heads, rows)


def _row(account: TableAccount, columns: list[tuple[str, str]]) -> AccountRow:
    tables = dict.fromkeys(v.table for v in account.verdicts if v.rival != "dense")
    cells = tuple(
        tuple(_cell(v) for v in account.verdicts if (v.rival, v.title) == column)
        for column in columns
    )
    return AccountRow(
        name=account.name,
        title=account.title,
        priced_by=", ".join(tables),
        energy=quantity(account.total.value),
        spread=spread(account.total),
        seconds=quantity(account.seconds.value, "s") if account.seconds else "not known",
        cells=cells,
        break_even=" / ".join(map(_break_even, account.against("int8"))) or "no INT8",
    )


def _cell(verdict: Judged) -> RivalCell:
    factor = verdict.factor
    by = "" if factor is None else f" ×{HARD}{times(max(factor, 1 / factor))}"
    sign = {"wins": by, "loses": by, "undecided": ""}[verdict.outcome]
    return RivalCell(
        STYLES[verdict.outcome],
        f"{verdict.outcome}{sign}",
        quantity(verdict.energy.value),
        spread(verdict.energy),
        verdict.sentence,
    )


def _break_even(verdict: Judged) -> str:
    even = verdict.break_even
    if even is None:
        return "none"
    return "any up to 1" if even >= 1 else plain(even)
