"""JSON objects that say where they come from when a value is not what it should be."""

import csv
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikeseg.errors import CorruptFileError, FormatVersionError
from spikeseg.files import read_json

FORMAT = 1
"""The format of run folder files that this version reads."""


class Record:
    """One JSON object of a run folder's file.

    Args:
        path: the file.
        value: the object, as parsed.
        place: where it stands in the file, such as ``stages.ann``; empty for the whole file.
    """

    def __init__(self, path: Path, value: Any, place: str = "") -> None:
        self.path = path
        self.place = place
        if not isinstance(value, Mapping):
            raise self._error(f"{self.place or 'the file'} is {_brief(value)}", "an object")
        self.values: Mapping[str, Any] = value

    def _error(self, found: str, allowed: str) -> CorruptFileError:
        return CorruptFileError(
            f"{self.path}: {found}; it must be {allowed}. The file is damaged or was edited; "
            "run the stage that writes it again."
        )

    def _at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def _get(self, key: str, allowed: str, accept: Callable[[Any], bool]) -> Any:
        if key not in self.values:
            raise self._error(f"{self._at(key)} is missing", allowed)
        if not accept(self.values[key]):
            raise self._error(f"{self._at(key)} is {_brief(self.values[key])}", allowed)
        return self.values[key]

    def number(self, key: str) -> float:
        """Return a finite number."""
        return float(self._get(key, "a finite number", _is_number))

    def whole(self, key: str) -> int:
        """Return a whole number."""
        return int(self._get(key, "a whole number", lambda v: _is_number(v) and v == int(v)))

    def optional(self, key: str) -> float | None:
        """Return a finite number, or None where it is null or absent."""
        return None if self.values.get(key) is None else self.number(key)

    def text(self, key: str) -> str:
        """Return a text."""
        return str(self._get(key, "a text", lambda v: isinstance(v, str)))

    def flag(self, key: str) -> bool:
        """Return true or false."""
        return bool(self._get(key, "true or false", lambda v: isinstance(v, bool)))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self._get(key, "a list of texts", _is_list_of(lambda v: isinstance(v, str))))

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        return tuple(self._get(key, "a list of finite numbers", _is_list_of(_is_number)))

    def optionals(self, key: str) -> tuple[float | None, ...]:
        """Return a list of finite numbers or nulls."""
        accept = _is_list_of(lambda v: v is None or _is_number(v))
        return tuple(self._get(key, "a list of finite numbers or null", accept))

    def record(self, key: str) -> "Record":
        """Return the object under ``key``."""
        value = self._get(key, "an object", lambda v: isinstance(v, Mapping))
        return Record(self.path, value, self._at(key))

    def optional_record(self, key: str) -> "Record | None":
        """Return the object under ``key``, or None where it is null or absent."""
        return None if self.values.get(key) is None else self.record(key)

    def records(self, key: str) -> tuple["Record", ...]:
        """Return a list of objects."""
        values = self._get(key, "a list of objects", lambda v: isinstance(v, list))
        return tuple(Record(self.path, v, f"{self._at(key)}[{i}]") for i, v in enumerate(values))


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)


def _is_list_of(accept: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(accept(item) for item in value)


def read_record(path: Path) -> Record:
    """Read a JSON file of a run folder.

    Raises:
        CorruptFileError: it is not a JSON object.
        FormatVersionError: its ``format`` is not the one that is read here.
    """
    record = Record(path, read_json(path))
    if record.values.get("format") != FORMAT:
        raise FormatVersionError(
            f"{path} has format {record.values.get('format')!r}; this version reads {FORMAT}. "
            "Use the spikeseg version that wrote it, or run the stage again with this one."
        )
    return record


def read_columns(path: Path) -> dict[str, tuple[float, ...]]:
    """Read a CSV file of numbers with a header, as columns.

    Raises:
        CorruptFileError: a cell is not a number, or a row is short; names the line.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [_numbers(path, reader.line_num, row) for row in reader]
            names = list(reader.fieldnames or [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorruptFileError(
            f"{path} is not a CSV file ({error}). It must be comma-separated numbers under a "
            "header; run the stage that writes it again."
        ) from error
    return {name: tuple(row[name] for row in rows) for name in names}


def _numbers(path: Path, line: int, row: Mapping[str, Any]) -> dict[str, float]:
    try:
        return {name: float(value) for name, value in row.items()}
    except (TypeError, ValueError) as error:
        raise CorruptFileError(
            f"{path}, line {line}: {_brief(dict(row))} is not one number for each column. The "
            "file may be cut short; run the stage that writes it again."
        ) from error


def read_arrays(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray[Any, Any]]:
    """Read the arrays ``names`` of an ``.npz`` file (pickled objects are refused).

    Raises:
        CorruptFileError: it is not a whole npz file, or lacks an array.
    """
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in names}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise CorruptFileError(
            f"{path} cannot be read ({error}). It must be an npz file with the arrays "
            f"{', '.join(names)}; run the stage that writes it again."
        ) from error
