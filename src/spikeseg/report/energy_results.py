"""What a run folder holds of energy, as the report sees it: checked, typed and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bounds:
    """An estimate with the lowest and the highest that its sources allow."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Judged:
    """The outcome of the spiking network against one dense rival.

    Attributes:
        rival: its key: ``int8``, ``fp32``, ... , or ``dense`` on a device.
        title: of the rival, in words.
        table: that the rival is priced with.
        energy: of the rival, joules for one image as the chips are given it.
        outcome: ``wins``, ``loses`` or ``undecided``, of the spiking network.
        factor: joules of the rival for each joule of the spiking network; None where one of them
            costs nothing.
        break_even: spikes per neuron and step at which both take as much; None if there is none.
        sentence: all of it in words.
    """

    rival: str
    title: str
    table: str
    energy: Bounds
    outcome: str
    factor: float | None
    break_even: float | None
    sentence: str


@dataclass(frozen=True)
class TableAccount:
    """The spiking network and its rivals under one table of costs.

    Attributes:
        name: of the table.
        title: of the table, in words.
        parts: joules of ``idle_neurons``, ``active_neurons``, ``synapses``, ``network`` and,
            where it is known, ``static``.
        total: joules for one image as the chips are given it.
        seconds: of that image; None where the table cannot tell.
        unpriced: events that happened and have no cost in the table, with their counts.
        verdicts: one for each rival.
    """

    name: str
    title: str
    parts: Mapping[str, Bounds]
    total: Bounds
    seconds: Bounds | None
    unpriced: Mapping[str, float]
    verdicts: tuple[Judged, ...]

    def against(self, rival: str) -> tuple[Judged, ...]:
        """Return the verdicts against the rivals of this key; none if there is no such rival."""
        return tuple(verdict for verdict in self.verdicts if verdict.rival == rival)


@dataclass(frozen=True)
class Band:
    """The band of firing rates that a network was trained for; with weight 0 there was none."""

    weight: float
    min_hz: float
    max_hz: float


@dataclass(frozen=True)
class EnergyPoint:
    """The same program after ``num_steps`` steps: scores of all test images, and one image's work.

    Attributes:
        operations: synaptic operations.
        totals: joules under each table, by its name.
    """

    num_steps: int
    pixel_accuracy: float
    miou: float
    spikes_per_neuron: float
    operations: float
    totals: Mapping[str, Bounds]


@dataclass(frozen=True)
class Curve:
    """Energy against accuracy of one run.

    Attributes:
        path: of its ``energy.json``.
        run: name of its folder.
        band: that it was trained for.
        image_size: height and width of the images.
        size: of the part of an image that the chips are given.
        images: names of the first test images.
        points: by the number of steps, ascending; none where no steps were asked for.
    """

    path: Path
    run: str
    band: Band
    image_size: tuple[int, int]
    size: tuple[int, int]
    images: tuple[str, ...]
    points: tuple[EnergyPoint, ...]

    def at(self, num_steps: int) -> EnergyPoint:
        """Return the point of a number of steps, which must be there."""
        return next(point for point in self.points if point.num_steps == num_steps)


@dataclass(frozen=True)
class PlacedCore:
    """A core: its layer, its chip, and its position on the chip."""

    layer: str
    chip: int
    position: int


@dataclass(frozen=True)
class Pair:
    """Two cores on different chips, and the packets a step between them, either way."""

    one: int
    other: int
    packets: float


@dataclass(frozen=True)
class ChipMap:
    """Where the cores lie, and what goes between them.

    Attributes:
        between: (chips, chips) packets a step, from row to column.
        cores: every core; none where there are too many chips to draw.
        pairs: of cores on different chips, those with most packets first.
    """

    between: tuple[tuple[float, ...], ...]
    cores: tuple[PlacedCore, ...]
    pairs: tuple[Pair, ...]

    @property
    def crossing(self) -> float:
        """Packets a step that go from one chip to another."""
        rows = enumerate(self.between)
        return sum(value for i, row in rows for j, value in enumerate(row) if i != j)

    @property
    def all_packets(self) -> float:
        """Packets a step between cores."""
        return sum(map(sum, self.between))


@dataclass(frozen=True)
class Energy:
    """Everything that the report says of energy.

    Attributes:
        tiles_per_image: how many such parts an image takes, the mean.
        pixels_per_image: of the images themselves, the mean.
        num_images: how many of them were counted.
        num_steps: of one of them.
        num_chips: that the network runs on.
        num_cores: of these chips that it takes.
        spike_rate: mean spikes per neuron and step.
        totals: counts for one of them, by name, such as ``synaptic_operations``.
        host_multiplications: of the first layer, which no energy here includes.
        leaves_out: what each table leaves out, in sentences; those of rivals too.
        accounts: one for each table.
        chip_map: of the cores.
        curve: of this run.
        beside: of other runs.
    """

    tiles_per_image: float
    pixels_per_image: float
    num_images: int
    num_steps: int
    num_chips: int
    num_cores: int
    spike_rate: float
    totals: Mapping[str, float]
    host_multiplications: int
    leaves_out: Mapping[str, tuple[str, ...]]
    accounts: tuple[TableAccount, ...]
    chip_map: ChipMap
    curve: Curve
    beside: tuple[Curve, ...]

    @property
    def overlap(self) -> float:
        """Pixels that the chips are given for each pixel of an image."""
        height, width = self.curve.size
        return self.tiles_per_image * height * width / self.pixels_per_image
