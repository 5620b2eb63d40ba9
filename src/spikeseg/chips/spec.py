"""Chips as data: limits and bit widths, each number with its source."""

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from spikeseg.errors import CompileError, UnknownNameError, nearest


@dataclass(frozen=True)
class ChipSpec:
    """A neuromorphic chip.

    Attributes:
        name: of the data file.
        title: in words.
        cores: on one chip.
        mesh: rows, columns of tiles on one chip.
        cores_per_tile: cores that share a router.
        compartments: neurons on one core.
        in_axons: axons that lead into one core.
        out_axons: slots of axons that lead out of one core.
        synapse_bits: synaptic memory of one core.
        atoms: channels of one population axon of 16 bits; one of 32 bits has no such limit.
        short_axons: input axons of a core that population axons of 16 bits can address.
        decay_max: largest decay.
        threshold_max: largest threshold.
        threshold_step: thresholds are multiples of it.
        bias_mantissa_max: a bias is a mantissa up to this, times a power of two.
        bias_exponent_max: the largest such power.
        refractory_max: longest refractory period in steps.
        weight_exponent_min: smallest weight exponent.
        weight_exponent_max: largest weight exponent.
        weight_bits: of the weight field, the sign counted apart.
        accumulator_bits: of the sum of weights ``q``, without its sign.
        current_bits: of ``u``, without its sign.
        v_min: lowest membrane potential.
        v_max: highest membrane potential.
        profiles: distinct (decay_u, decay_v, refractory) on one core.
        thresholds: distinct thresholds on one core.
    """

    name: str
    title: str
    cores: int
    mesh: tuple[int, int]
    cores_per_tile: int
    compartments: int
    in_axons: int
    out_axons: int
    synapse_bits: int
    atoms: int
    short_axons: int
    decay_max: int
    threshold_max: int
    threshold_step: int
    bias_mantissa_max: int
    bias_exponent_max: int
    refractory_max: int
    weight_exponent_min: int
    weight_exponent_max: int
    weight_bits: int
    accumulator_bits: int
    current_bits: int
    v_min: int
    v_max: int
    profiles: int
    thresholds: int

    @property
    def bias_max(self) -> int:
        """The largest bias.

        >>> load_chip("loihi1").bias_max
        524160
        """
        return self.bias_mantissa_max << self.bias_exponent_max

    def tile(self, position: int) -> tuple[int, int]:
        """Return the row and the column of the tile that holds a core, given its position.

        Positions fill one tile after the other, the tiles row by row.

        >>> load_chip("loihi1").tile(127)
        (3, 7)
        """
        row, column = divmod(position // self.cores_per_tile, self.mesh[1])
        return row, column

    def weight_range(self, exponent: int) -> tuple[int, int]:
        """Return the least and the greatest weight with a weight exponent, in accumulator units.

        >>> load_chip("loihi1").weight_range(0)
        (-16384, 16320)
        """
        unit = 2.0 ** (6 + exponent)
        return int(-(1 << self.weight_bits) * unit), int(((1 << self.weight_bits) - 1) * unit)


def chip_names() -> tuple[str, ...]:
    """Return the names of all chips.

    >>> chip_names()
    ('loihi1', 'loihi2', 'toy')
    """
    files = resources.files("spikeseg.chips").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


@dataclass(frozen=True)
class Fact:
    """One entry of a chip's data file.

    Attributes:
        value: the number, or several.
        source: where it comes from.
    """

    value: Any
    source: str


def chip_facts(name: str) -> dict[str, Fact]:
    """Return all that is known of a chip's limits.

    Raises:
        UnknownNameError: there is no such chip.

    >>> chip_facts("loihi1")["compartments"].value
    1024
    """
    limits = _read(name)["limits"].items()
    return {key: Fact(entry["value"], entry["source"]) for key, entry in limits}


@cache
def load_chip(name: str) -> ChipSpec:
    """Return a chip that programs can be made for.

    Raises:
        UnknownNameError: there is no such chip.
        CompileError: too little of it is published to compile for it; says what is missing.
    """
    facts = chip_facts(name)
    known = {key: _frozen(fact.value) for key, fact in facts.items()}
    needed = {f.name for f in fields(ChipSpec)} - {"name", "title"}
    missing = sorted(needed - set(known))
    if missing:
        raise CompileError(
            f"the chip {name} cannot be compiled for: nothing is published on its "
            f"{', '.join(missing)}. Use one of which all limits are known: loihi1, toy."
        )
    limits = {key: value for key, value in known.items() if key in needed}
    return ChipSpec(name=name, title=_read(name)["title"], **limits)


def _read(name: str) -> dict[str, Any]:
    if name not in chip_names():
        raise UnknownNameError(
            f"no chip is called {name!r}; there are: {', '.join(chip_names())}"
            f"{nearest(name, chip_names())}"
        )
    file = resources.files("spikeseg.chips") / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
