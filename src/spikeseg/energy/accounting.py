"""The energy of a spiking network for one image under a table of costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikeseg.energy.arithmetic import price_spiking
from spikeseg.energy.costs import CostTable
from spikeseg.energy.events import PARTS, Split, price_events, unpriced
from spikeseg.energy.lemaire import price_spiking_by_size
from spikeseg.energy.ranges import Range, total
from spikeseg.energy.timing import image_seconds
from spikeseg.energy.work import NetworkWork, Work


@dataclass(frozen=True, eq=False)
class EnergyEstimate:
    """Joules for one image, estimated, never measured.

    Attributes:
        table: its name.
        layers: for each population, the energy of each of `PARTS`.
        static: power of the chips while the image is shown; ``None`` where the table has no power
            or no time.
        seconds: that an image takes; ``None`` where the table cannot tell.
        left_out: events that happened and have no cost in the table, with their counts; they are
            not in any sum.
        remarks: what else the table leaves out, in sentences.
    """

    table: str
    layers: Mapping[str, Split]
    static: Range | None
    seconds: Range | None
    left_out: Mapping[str, float]
    remarks: tuple[str, ...]

    @property
    def parts(self) -> Split:
        """The energy of each part over all layers, ``static`` among them if it is known."""
        sums = {part: total(split[part] for split in self.layers.values()) for part in PARTS}
        return sums if self.static is None else {**sums, "static": self.static}

    @property
    def total(self) -> Range:
        """All joules of an image."""
        return total(self.parts.values())

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "layers": {name: _written(split) for name, split in self.layers.items()},
            "parts": _written(self.parts),
            "total": self.total.to_dict(),
            "seconds": None if self.seconds is None else self.seconds.to_dict(),
            "left_out": dict(self.left_out),
            "remarks": list(self.remarks),
        }


def _written(split: Split) -> dict[str, dict[str, float]]:
    return {part: energy.to_dict() for part, energy in split.items()}


def estimate(work: NetworkWork, table: CostTable) -> EnergyEstimate:
    """Return the energy of one image under a table.

    Static energy is the power of all chips times the time of the image.

    Raises:
        ConfigError: the table is of a device that runs no spiking network.
    """
    table.check_spikes()
    layers = {name: _priced(part, table) for name, part in work.layers.items()}
    seconds = image_seconds(work, table)
    known = seconds is not None and "chip" in table.power
    static = table.power["chip"].range * seconds * work.chips if known and seconds else None
    left_out = unpriced(work.total, table)
    if static is None:
        left_out["static"] = float(work.chips)
    return EnergyEstimate(table.name, layers, static, seconds, left_out, table.leaves_out)


def _priced(work: Work, table: CostTable) -> Split:
    if table.kind == "chip":
        return price_events(work, table)
    return (price_spiking_by_size if table.memory == "by_size" else price_spiking)(work, table)
