"""The reader of the map of cores in ``energy.json``."""

from collections.abc import Callable
from typing import Any

from spikeseg.errors import CorruptFileError
from spikeseg.report.energy_results import ChipMap, Pair, PlacedCore
from spikeseg.report.records import Record


def read_chip_map(record: Record, positions: int) -> ChipMap:
    """Read where the cores lie and what goes between them.

    Args:
        record: ``map`` of ``energy.json``.
        positions: how many cores a chip has room for.

    Raises:
        CorruptFileError: a row is not what it should be, or names a chip or a core that is not
            there.
    """
    between = _rows(record, "between_chips", "packets from each chip to each", _is_packets)
    chips = len(between)
    if not chips or any(len(row) != chips for row in between):
        raise _damaged(record, "between_chips", "a square of packets from each chip to each")
    if "cores" not in record.values:
        return ChipMap(_floats(between), (), ())

    def is_core(row: list[Any]) -> bool:
        is_named = len(row) == 3 and type(row[0]) is str
        return is_named and _below(row[1], chips) and _below(row[2], positions)

    cores = _rows(record, "cores", "rows of layer, chip and position", is_core)

    def is_pair(row: list[Any]) -> bool:
        ends = all(_below(end, len(cores)) for end in row[:2])
        apart = ends and cores[row[0]][1] != cores[row[1]][1]
        return len(row) == 3 and apart and _is_packets(row[2:])

    pairs = _rows(
        record, "pairs", "rows of two cores on different chips and their packets", is_pair
    )
    return ChipMap(
        _floats(between),
        tuple(PlacedCore(*row) for row in cores),
        tuple(Pair(one, other, float(packets)) for one, other, packets in pairs),
    )


def _rows(
    record: Record, key: str, allowed: str, accept: Callable[[list[Any]], bool]
) -> list[list[Any]]:
    rows = record.values.get(key)
    if not isinstance(rows, list) or not all(isinstance(r, list) and accept(r) for r in rows):
        raise _damaged(record, key, allowed)
    return rows


def _damaged(record: Record, key: str, allowed: str) -> CorruptFileError:
    found = f"{record.path}: {record.place}.{key} is {str(record.values.get(key))[:60]}"
    return CorruptFileError(
        f"{found}; it must be {allowed}. Run `spikeseg energy {record.path.parent}` again."
    )


def _below(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _is_packets(row: list[Any]) -> bool:
    return all(type(value) in (int, float) and 0 <= value < float("inf") for value in row)


def _floats(rows: list[list[Any]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in rows)
