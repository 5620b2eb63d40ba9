"""Tables of what an event costs: data files in which every number has a source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from spikeseg.energy.checking import check_table, section_of
from spikeseg.energy.ranges import Range
from spikeseg.errors import ConfigError, UnknownNameError, nearest


@dataclass(frozen=True)
class Cost:
    """What one event costs.

    Attributes:
        range: joules, seconds or watts.
        source: where the number comes from.
    """

    range: Range
    source: str


@dataclass(frozen=True, eq=False)
class CostTable:
    """Costs of events, from one file.

    Attributes:
        name: of the file.
        title: in words.
        kind: ``chip`` (events of a spiking network), ``arithmetic`` (additions, multiplications,
            memory: spiking and dense networks) or ``device`` (dense networks).
        measured: whether its numbers were measured on the finished device.
        leaves_out: what it says nothing of, in sentences.
        rivals: tables that dense rivals are priced with, beside this one if it can.
        memory: ``none``, the entry that each access to memory costs, or ``by_size``.
        energy: joules.
        time: seconds.
        barrier: seconds of the barrier at the end of a step, by tiles; ``chips``: several chips.
        power: watts.
    """

    name: str
    title: str
    kind: str
    measured: bool
    leaves_out: tuple[str, ...]
    rivals: tuple[str, ...]
    memory: str
    energy: Mapping[str, Cost]
    time: Mapping[str, Cost]
    barrier: Mapping[str, Cost]
    power: Mapping[str, Cost]

    @property
    def prices_spikes(self) -> bool:
        """Whether a spiking network can be accounted with it."""
        return self.kind != "device"

    @property
    def prices_dense(self) -> bool:
        """Whether a dense network can."""
        return self.kind == "arithmetic" or "mac" in self.energy

    def check_spikes(self) -> None:
        """Refuse a device that runs no spiking network.

        Raises:
            ConfigError: it prices dense networks only.
        """
        if not self.prices_spikes:
            raise ConfigError(
                f"cost table {self.name} is of kind device: it prices dense networks only. Take "
                "one of kind chip or arithmetic for a spiking network."
            )

    def joules(self, entry: str) -> Range:
        """Return the energy of one event."""
        return self.energy[entry].range

    def to_dict(self) -> dict[str, Any]:
        """Return what a reader must know of the table, for JSON."""
        sections = {"J": self.energy, "s": {**self.time, **self._barriers()}, "W": self.power}
        costs = [
            {"entry": key, "unit": unit, **cost.range.to_dict(), "source": cost.source}
            for unit, entries in sections.items()
            for key, cost in entries.items()
        ]
        return {
            "name": self.name,
            "title": self.title,
            "kind": self.kind,
            "measured": self.measured,
            "leaves_out": list(self.leaves_out),
            "memory": self.memory,
            "costs": costs,
        }

    def _barriers(self) -> dict[str, Cost]:
        return {f"barrier.{key}": cost for key, cost in self.barrier.items()}


def cost_names() -> tuple[str, ...]:
    """Return the names of the tables that come with the package.

    >>> "davies2018" in cost_names()
    True
    """
    files = resources.files("spikeseg.energy").joinpath("tables").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def load_costs(table: str | Path) -> CostTable:
    """Return a table by its name, or one of the user's own by the path of its TOML file.

    Raises:
        UnknownNameError: there is no such table.
        ConfigError: the file is no TOML in UTF-8, is called as a table of the package, has an
            unknown key, lacks an entry or a source, names a rival that prices no dense network, or
            has a number that is negative or outside of its own bounds.

    >>> load_costs("davies2018").joules("neuron_inactive").value
    5.2e-11
    """
    if str(table) in cost_names():
        return _packaged(str(table))
    path = Path(table)
    if path.suffix != ".toml":
        raise UnknownNameError(
            f"no cost table is called {str(table)!r}; there are: {', '.join(cost_names())}"
            f"{nearest(str(table), cost_names())}. For a table of your own give the path of its "
            ".toml file."
        )
    if not path.is_file():
        raise UnknownNameError(f"there is no file {path}; give the path of a cost table.")
    if path.stem in cost_names():
        raise ConfigError(
            f"cost table {path} has the name of a table of the package, {path.stem}; figures could "
            "not be told apart. Rename the file."
        )
    return _made(path.stem, _parsed(path.read_bytes(), str(path)), str(path))


@cache
def _packaged(name: str) -> CostTable:
    return _made(name, _stored(name), name)


def _stored(name: str) -> dict[str, Any]:
    """Return what the package's file of a table holds."""
    file = resources.files("spikeseg.energy") / "tables" / f"{name}.toml"
    return _parsed(file.read_bytes(), name)


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"cost table {where}: byte {error.start} is {text[error.start]:#04x}, which is no "
            "UTF-8; save the file as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"cost table {where}: {error}; correct the TOML.") from error


@cache
def _dense_names() -> tuple[str, ...]:
    """Return the package's tables that price dense networks, from the files: none is made yet."""
    stored = {name: _stored(name) for name in cost_names()}
    return tuple(
        name
        for name, table in stored.items()
        if table["kind"] == "arithmetic" or "mac" in table["energy"]
    )


def _made(name: str, stored: dict[str, Any], where: str) -> CostTable:
    stored = _extended(stored, where)
    check_table(stored, where, _dense_names())
    sections = {
        section: {key: _cost(entry) for key, entry in stored.get(section, {}).items()}
        for section in ("energy", "time", "barrier", "power")
    }
    return CostTable(
        name,
        stored["title"],
        stored["kind"],
        stored["measured"],
        tuple(stored["leaves_out"]),
        tuple(stored.get("rivals", ())),
        stored.get("memory", "none"),
        **sections,
    )


def _extended(stored: dict[str, Any], where: str) -> dict[str, Any]:
    """Return a table with the energies of the one that it extends, so that none is kept twice."""
    if "extends" not in stored:
        return stored
    parent = stored.pop("extends")
    if parent not in cost_names():
        raise ConfigError(
            f"cost table {where}: extends is {parent!r}; it must be one of "
            f"{', '.join(cost_names())}."
        )
    inherited = _extended(_stored(parent), parent)["energy"]
    return {**stored, "energy": {**inherited, **section_of(stored, "energy", where)}}


def _cost(entry: dict[str, Any]) -> Cost:
    value = float(entry["value"])
    bounds = Range(float(entry.get("low", value)), value, float(entry.get("high", value)))
    return Cost(bounds, entry["source"])
