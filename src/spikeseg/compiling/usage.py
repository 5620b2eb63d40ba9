"""How full cores are: rows of a table, one a core or one a layer."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeseg.chips import Box, ChipSpec
from spikeseg.compiling.resources import RESOURCES, CoreUse


@dataclass(frozen=True)
class CoreRow:
    """One core; shares are of the chip's limits, 1 is full.

    Attributes:
        core: its number in the program.
        layer: the population.
        box: which of its neurons.
        compartments: share of the neurons.
        in_axons: share of the input axons.
        out_axons: share of the slots of output axons.
        synapse_bits: share of the synaptic memory.
        profiles: share of the different kinds of neurons.
        thresholds: share of the different thresholds.
    """

    core: int
    layer: str
    box: Box
    compartments: float
    in_axons: float
    out_axons: float
    synapse_bits: float
    profiles: float
    thresholds: float

    @property
    def fullest(self) -> str:
        """The resource of which the largest share is used."""
        return max(RESOURCES, key=lambda name: float(getattr(self, name)))


@dataclass(frozen=True)
class LayerRow:
    """One layer; shares are the largest and the mean over its cores.

    Attributes:
        layer: the population.
        neurons: on all its cores.
        cores: how many.
        least_cores: how many its neurons alone would need.
        traffic: input axons, summed over cores: source pixels delivered.
        largest: for each resource the largest share that a core uses.
        mean: for each resource the mean share.
        fullest: the resource of which some core uses the largest share.
    """

    layer: str
    neurons: int
    cores: int
    least_cores: int
    traffic: int
    largest: tuple[tuple[str, float], ...]
    mean: tuple[tuple[str, float], ...]
    fullest: str


def core_rows(uses: Sequence[CoreUse], chip: ChipSpec) -> tuple[CoreRow, ...]:
    """Return one row a core, in the order of ``uses``."""
    return tuple(
        CoreRow(number, use.layer, use.box, **use.shares(chip)) for number, use in enumerate(uses)
    )


def layer_rows(uses: Sequence[CoreUse], chip: ChipSpec) -> tuple[LayerRow, ...]:
    """Return one row a layer, in the order in which layers appear in ``uses``."""
    layers = dict.fromkeys(use.layer for use in uses)
    return tuple(_layer_row([use for use in uses if use.layer == name], chip) for name in layers)


def _layer_row(uses: Sequence[CoreUse], chip: ChipSpec) -> LayerRow:
    shares = [use.shares(chip) for use in uses]
    largest = {name: max(share[name] for share in shares) for name in RESOURCES}
    mean = {name: sum(share[name] for share in shares) / len(shares) for name in RESOURCES}
    neurons = sum(use.compartments for use in uses)
    return LayerRow(
        layer=uses[0].layer,
        neurons=neurons,
        cores=len(uses),
        least_cores=-(-neurons // chip.compartments),
        traffic=sum(use.in_axons for use in uses),
        largest=tuple(largest.items()),
        mean=tuple(mean.items()),
        fullest=max(largest, key=lambda name: largest[name]),
    )
