"""What a cost table must be: known entries, bounds in order, a source for each number."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from spikeseg.errors import ConfigError, nearest

EVENTS = (
    "neuron_access",
    "neuron_receiving",
    "neuron_active",
    "neuron_inactive",
    "spike",
    "synaptic_operation",
    "packet",
    "spike_within_tile",
    "hop_east_west",
    "hop_north_south",
    "inter_chip_packet",
)
DENSE = ("mac", "output")
NUMBERS = ("fp32", "fp16", "int32", "int8")
ARITHMETIC = tuple(f"{operation}_{n}" for operation in ("add", "multiply") for n in NUMBERS)
MEMORIES = ("sram_8kb", "sram_32kb", "sram_1mb", "dram")
SRAM = MEMORIES[:3]
ENTRIES = {
    "energy": ("J", (*EVENTS, *DENSE, *ARITHMETIC, *MEMORIES)),
    "time": ("s", (*EVENTS[:4], "synaptic_operation", "packet_in")),
    "barrier": ("s", ("chips",)),
    "power": ("W", ("chip",)),
}
REQUIRED = {
    "chip": ("synaptic_operation",),
    "arithmetic": ARITHMETIC,
    "device": ("mac",),
}
ENDS = ("low", "value", "high")
HEADER = {"title": str, "kind": str, "measured": bool, "leaves_out": list}
OPTIONAL = {"rivals": list, "memory": str}


def check_table(stored: Mapping[str, Any], where: str, tables: Collection[str]) -> None:
    """Check what was read of a cost table.

    Args:
        stored: the TOML as a dictionary.
        where: name or path, for messages.
        tables: names of the tables that price dense networks, which rivals may name.

    Raises:
        ConfigError: names the entry, what was found, and what is allowed.
    """
    _check_header(stored, where)
    for section in ENTRIES:
        for key, entry in section_of(stored, section, where).items():
            _check_key(section, key, where)
            _check_entry(section, entry, f"{where}: [{section}] {key}")
    _check_complete(stored, where)
    unknown = [name for name in stored.get("rivals", ()) if name not in tables]
    if unknown:
        raise ConfigError(
            f"cost table {where}: rivals names {unknown[0]!r}, which is no table that prices a "
            f"dense network; these do: {', '.join(tables)}{nearest(str(unknown[0]), tables)}."
        )


def _check_header(stored: Mapping[str, Any], where: str) -> None:
    known = (*HEADER, *OPTIONAL, *ENTRIES, "extends")
    for key in stored:
        if key not in known:
            raise ConfigError(
                f"cost table {where}: unknown key {key!r}{nearest(key, known)}; known are "
                f"{', '.join(known)}."
            )
    for key, kind in (HEADER | OPTIONAL).items():
        if key in HEADER and key not in stored:
            raise ConfigError(f"cost table {where}: {key} is missing; add it at the top.")
        if not isinstance(stored.get(key, kind()), kind):
            raise ConfigError(
                f"cost table {where}: {key} is {stored[key]!r}; it must be a {kind.__name__}."
            )
    if stored["kind"] not in REQUIRED:
        raise ConfigError(
            f"cost table {where}: kind is {stored['kind']!r}; it must be one of "
            f"{', '.join(REQUIRED)}."
        )


def section_of(stored: Mapping[str, Any], section: str, where: str) -> Mapping[str, Any]:
    """Return the entries of a section, none if it is absent; `ConfigError` if it is no table."""
    entries = stored.get(section, {})
    if not isinstance(entries, dict):
        raise ConfigError(f"cost table {where}: {section} is {entries!r}; write it as [{section}].")
    return entries


def _check_key(section: str, key: str, where: str) -> None:
    known = ENTRIES[section][1]
    if key in known or (section == "barrier" and key.isdecimal() and int(key) > 0):
        return
    more = ", and numbers of tiles" if section == "barrier" else ""
    raise ConfigError(
        f"cost table {where}: [{section}] has the unknown entry {key!r}{nearest(key, known)}; "
        f"known are {', '.join(known)}{more}."
    )


def _check_entry(section: str, entry: object, where: str) -> None:
    unit = ENTRIES[section][0]
    parts = ("value", "low", "high", "unit", "source")
    if not isinstance(entry, dict) or not set(entry) <= set(parts) or "value" not in entry:
        raise ConfigError(
            f"cost table {where} is {entry!r}; it must be a table with value, unit and source, "
            "and low and high if there is a range."
        )
    if entry.get("unit") != unit:
        raise ConfigError(
            f"cost table {where} has the unit {entry.get('unit')!r}; give it in {unit!r}."
        )
    if not isinstance(entry.get("source"), str) or not entry["source"].strip():
        raise ConfigError(f"cost table {where} has no source; say where the number comes from.")
    _check_numbers(entry, where)


def _check_numbers(entry: Mapping[str, Any], where: str) -> None:
    numbers = {key: entry.get(key, entry["value"]) for key in ("value", "low", "high")}
    for key, number in numbers.items():
        right = isinstance(number, int | float) and not isinstance(number, bool)
        if not right or not math.isfinite(number) or number < 0:
            raise ConfigError(f"cost table {where}: {key} is {number!r}; give a number, 0 or more.")
    if not numbers["low"] <= numbers["value"] <= numbers["high"]:
        raise ConfigError(
            f"cost table {where} has low {numbers['low']}, value {numbers['value']}, high "
            f"{numbers['high']}; they must ascend."
        )


def _check_complete(stored: Mapping[str, Any], where: str) -> None:
    kind, energy = stored["kind"], stored.get("energy", {})
    memory = stored.get("memory", "none")
    if memory not in ("none", "by_size", *MEMORIES):
        raise ConfigError(
            f"cost table {where}: memory is {memory!r}; it must be none, by_size or one of "
            f"{', '.join(MEMORIES)}."
        )
    if memory != "none" and kind != "arithmetic":
        raise ConfigError(
            f"cost table {where}: memory is {memory!r}, which only a table of kind arithmetic "
            f"can have; this one is of kind {kind}. Leave it out."
        )
    needed = list(REQUIRED[kind])
    needed += SRAM if memory == "by_size" else [memory] if memory != "none" else []
    for key in needed:
        if key not in energy:
            raise ConfigError(
                f"cost table {where}: [energy] {key} is missing; a table of kind {kind} needs "
                f"{', '.join(needed)}."
            )
    _check_neurons(kind, energy, where)
    for section in ("energy", "time"):
        _check_order(stored, section, where)
    _check_times(stored, where)


def _check_neurons(kind: str, energy: Mapping[str, Any], where: str) -> None:
    whole, parted = "neuron_access" in energy, ("neuron_active", "neuron_inactive")
    found = [key for key in parted if key in energy]
    if kind == "chip" and (len(found) != (0 if whole else 2)):
        raise ConfigError(
            f"cost table {where}: [energy] prices an update of a neuron by "
            f"{['neuron_access'] * whole + found or 'nothing'}; give neuron_access (and "
            "neuron_receiving for what receiving adds), or neuron_active and neuron_inactive."
        )


def _check_order(stored: Mapping[str, Any], section: str, where: str) -> None:
    """Check that receiving makes no update cheaper, so that energy never falls with spikes."""
    entries = stored.get(section, {})
    if not {"neuron_active", "neuron_inactive"} <= set(entries):
        return
    active, inactive = entries["neuron_active"], entries["neuron_inactive"]
    if any(_bound(active, end) < _bound(inactive, end) for end in ENDS):
        raise ConfigError(
            f"cost table {where}: [{section}] neuron_active is below neuron_inactive; an active "
            "update costs at least as much. Exchange them."
        )


def _bound(entry: Mapping[str, Any], end: str) -> float:
    return float(entry.get(end, entry["value"]))


def _check_times(stored: Mapping[str, Any], where: str) -> None:
    """Check that a table with times can time a step."""
    times = stored.get("time", {})
    if not times:
        return
    updates = "neuron_access" in times or {"neuron_active", "neuron_inactive"} <= set(times)
    tiles = [key for key in stored.get("barrier", {}) if key != "chips"]
    if not updates or "synaptic_operation" not in times or not tiles:
        raise ConfigError(
            f"cost table {where}: [time] has {', '.join(times)} and [barrier] has {tiles}; to time "
            "a step give synaptic_operation, neuron_access (or neuron_active and neuron_inactive), "
            "and a barrier for one number of tiles or more. Or leave out all times."
        )
