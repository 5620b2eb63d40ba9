"""Which conversions are tried first, and which are near one that is good."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeVar

from spikeseg.config import ConversionConfig

STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Numbers of time steps that are tried, in a simulation and to prepare thresholds for."""

PERCENTILES = (95.0, 98.0, 99.0, 99.5, 99.9, 99.99)
_Number = TypeVar("_Number", int, float)
_LATE = ("half_threshold", "signed", "calibrated")  # recipes that may be left out, in their order
_GRANULARITIES: tuple[Literal["layer", "channel"], ...] = ("layer", "channel")
_PREPARED = {"local_threshold", "calibrated"}  # recipes that look at ``num_steps``


def first_settings(base: ConversionConfig) -> list[ConversionConfig]:
    """Return the run's own conversion, and a coarse grid over thresholds and granularity."""
    grid = [normal(base)]
    for granularity in _GRANULARITIES:
        start = replace(base, granularity=granularity)
        for percentile in (99.0, 99.9):
            recipes = ("percentile", "half_threshold")
            grid.append(replace(start, recipes=recipes, percentile=percentile))
        for steps in (4, 8, 16):
            recipes = ("local_threshold", "half_threshold")
            grid.append(replace(start, recipes=recipes, num_steps=steps))
        grid.append(replace(start, recipes=("maximum", "half_threshold")))
    return list(dict.fromkeys(map(normal, grid)))


def neighbors(setting: ConversionConfig, num_steps: int) -> list[ConversionConfig]:
    """Return the conversions that differ in one thing from one that does well.

    Args:
        setting: the conversion.
        num_steps: the time steps at which it does well, which thresholds can be prepared for.
    """
    found = [normal(s) for s in _changed(setting, num_steps)]
    return [s for s in dict.fromkeys(found) if s != setting]


def _changed(setting: ConversionConfig, num_steps: int) -> Iterator[ConversionConfig]:
    for name in _LATE:
        toggled = replace(setting, recipes=_toggled(setting.recipes, name))
        prepares = name in _PREPARED and not _PREPARED & set(setting.recipes)
        yield replace(toggled, num_steps=num_steps) if prepares else toggled
    yield replace(setting, num_steps=num_steps)
    yield from (replace(setting, num_steps=n) for n in _beside(STEPS, setting.num_steps))
    yield from (replace(setting, percentile=p) for p in _beside(PERCENTILES, setting.percentile))
    yield from (replace(setting, granularity=g) for g in _GRANULARITIES)


def _toggled(recipes: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the recipes with or without one; those that may be left out come last, in order.

    >>> _toggled(("maximum", "calibrated"), "half_threshold")
    ('maximum', 'half_threshold', 'calibrated')
    """
    if name in recipes:
        return tuple(recipe for recipe in recipes if recipe != name)
    place = {recipe: i for i, recipe in enumerate(_LATE)}
    return tuple(sorted((*recipes, name), key=lambda recipe: place.get(recipe, -1)))


def _beside(ladder: tuple[_Number, ...], value: _Number) -> list[_Number]:
    """Return the next smaller and the next larger number of a ladder."""
    smaller, larger = [n for n in ladder if n < value], [n for n in ladder if n > value]
    return smaller[-1:] + larger[:1]


def normal(setting: ConversionConfig) -> ConversionConfig:
    """Return the setting with what its recipes do not look at as by default."""
    usual = ConversionConfig()
    if "percentile" not in setting.recipes:
        setting = replace(setting, percentile=usual.percentile)
    if not _PREPARED & set(setting.recipes):
        setting = replace(setting, num_steps=usual.num_steps)
    return setting
