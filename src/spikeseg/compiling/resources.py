"""How much of every resource of its core a box of neurons takes, exactly, and what is too much.

Only the geometry counts: weights that happen to be equal are not shared. The counts are those of
nengo-loihi 1.1.0; axons of 16 bits ("pop16") are taken wherever all cores of the target layer
allow them, otherwise axons of 32 bits, which take two slots.

A population axon carries the channel of the pixel that fired. A neuron may belong to one such
population only: here that is its pixel, so with one box a core this limit is always kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spikeseg.chips import Box, ChipSpec
from spikeseg.compiling.layers import FloatLayer, FloatNetwork
from spikeseg.compiling.memory import GroupCost, group_cost
from spikeseg.compiling.reach import Connection

Cuts = Mapping[str, Sequence[Box]]
RESOURCES = (
    "compartments",
    "in_axons",
    "out_axons",
    "synapse_bits",
    "profiles",
    "thresholds",
)


@dataclass(frozen=True)
class CoreUse:
    """What one core holds.

    Attributes:
        layer: the population.
        box: which of its neurons.
        compartments: neurons.
        in_axons: axons that lead to it: for each connection the source pixels that reach it.
        out_axons: slots of the axons that lead from it: for each core that hears it the pixels
            that reach that core, twice for axons of 32 bits.
        synapse_bits: of synaptic memory.
        profiles: distinct (decay_u, decay_v, refractory).
        thresholds: distinct float thresholds, which rounding may still make equal.
    """

    layer: str
    box: Box
    compartments: int
    in_axons: int
    out_axons: int
    synapse_bits: int
    profiles: int
    thresholds: int

    def over(self, chip: ChipSpec) -> dict[str, int]:
        """Return by how much each limit is broken; empty if none is."""
        excess = {name: getattr(self, name) - getattr(chip, name) for name in RESOURCES}
        return {name: value for name, value in excess.items() if value > 0}

    def shares(self, chip: ChipSpec) -> dict[str, float]:
        """Return of each resource the share of its limit; 1 is full."""
        return {name: getattr(self, name) / getattr(chip, name) for name in RESOURCES}


@dataclass(eq=False)
class Tiling:
    """Where the boxes of a layer lie: ranges of rows, ranges of columns, boxes for each pair.

    Attributes:
        boxes: of all cores of the layer.
    """

    boxes: Sequence[Box]

    def __post_init__(self) -> None:
        spans = [[(b.start[axis], b.stop[axis]) for b in self.boxes] for axis in (1, 2)]
        self.spans = [sorted(set(axis)) for axis in spans]
        places = [{span: i for i, span in enumerate(axis)} for axis in self.spans]
        self.counts = np.zeros([len(axis) for axis in self.spans], np.int64)
        rows, columns = (
            [place[s] for s in axis] for place, axis in zip(places, spans, strict=True)
        )
        np.add.at(self.counts, (rows, columns), 1)

    def meetings(self, connection: Connection, source: Box) -> int:
        """Return how many (source pixel, box) pairs a connection joins."""
        rows, columns = (
            np.array([axis.reach(*s).count(source.start[i + 1], source.stop[i + 1]) for s in spans])
            for i, (axis, spans) in enumerate(
                zip((connection.rows, connection.columns), self.spans, strict=True)
            )
        )
        return int(rows @ self.counts @ columns)


@dataclass(eq=False)
class Accounts:
    """Counts for one network on one chip; what was counted once is kept.

    Attributes:
        network: whose layers are cut.
        chip: whose limits decide which axons are short.
    """

    network: FloatNetwork
    chip: ChipSpec

    def __post_init__(self) -> None:
        self._costs: dict[tuple[object, ...], GroupCost] = {}
        self._slots: dict[tuple[str, int], tuple[Sequence[Box], int]] = {}
        self._tilings: dict[str, Tiling] = {}
        self._axons: dict[tuple[object, ...], int] = {}

    @cached_property
    def layers(self) -> dict[str, FloatLayer]:
        """The layers by name."""
        return {layer.name: layer for layer in self.network.layers}

    @cached_property
    def incoming(self) -> dict[str, tuple[Connection, ...]]:
        """The connections that lead to each layer, in the order of its kernels."""
        shapes = self.network.shapes
        return {
            layer.name: tuple(
                Connection.of(kernel, shapes[kernel.source], layer.shape)
                for kernel in layer.kernels
            )
            for layer in self.network.layers
        }

    @cached_property
    def outgoing(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """For each layer the connections that it feeds: the target and which of its kernels."""
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in self.network.shapes}
        for layer in self.network.layers:
            for number, kernel in enumerate(layer.kernels):
                found[kernel.source].append((layer.name, number))
        return {name: tuple(targets) for name, targets in found.items()}

    def costs(self, layer: str, box: Box) -> tuple[GroupCost, ...]:
        """Return the cost of each synapse group of the core that holds ``box`` of ``layer``."""
        return tuple(
            self._cost(layer, number, connection, box)
            for number, connection in enumerate(self.incoming[layer])
        )

    def _cost(self, layer: str, number: int, connection: Connection, box: Box) -> GroupCost:
        key: tuple[object, ...] = (layer, number, box.shape)
        if not connection.is_discrete:
            rows = connection.rows.reach(box.start[1], box.stop[1])
            columns = connection.columns.reach(box.start[2], box.stop[2])
            key += (rows.key, columns.key)
        found = self._costs.get(key)
        if found is None:
            found = self._costs[key] = group_cost(connection, box)
        return found

    def slots(self, layer: str, number: int, boxes: Sequence[Box]) -> int:
        """Return the slots that an axon to the connection ``number`` of ``layer`` takes, 1 or 2.

        Axons of 16 bits need bases that are multiples of 4, few enough channels of the source and
        a low enough number of the axon in its core, on all cores of the layer.
        """
        known, slots = self._slots.get((layer, number), (None, 0))
        if known is not boxes:
            slots = self._count_slots(layer, number, boxes)
            self._slots[layer, number] = boxes, slots
        return slots

    def _count_slots(self, layer: str, number: int, boxes: Sequence[Box]) -> int:
        connection = self.incoming[layer][number]
        if connection.is_discrete:
            return 1
        if connection.source_shape[0] > self.chip.atoms:
            return 2
        costs = [self.costs(layer, box) for box in boxes]
        last = max(sum(group.axons for group in core[: number + 1]) for core in costs)
        aligned = all(core[number].aligned for core in costs)
        return 1 if aligned and last <= self.chip.short_axons else 2

    def threshold_axes(self, layer: str) -> int:
        """Return 0 if all neurons of ``layer`` have one threshold, 1 if channels differ, else 3."""
        values = np.asarray(self.layers[layer].threshold)
        return values.ndim if len(np.unique(values)) > 1 else 0

    def thresholds(self, layer: str, box: Box) -> int:
        """Return how many thresholds differ within ``box``."""
        axes = self.threshold_axes(layer)
        if axes == 0:
            return 1
        values = np.asarray(self.layers[layer].threshold)
        return len(np.unique(values[box.slices[:axes]]))

    def out_axons(self, layer: str, box: Box, cuts: Cuts) -> int:
        """Return the slots of the axons that lead from ``box`` of ``layer`` to the other cores."""
        return sum(
            self.slots(target, number, cuts[target])
            * self._axons_to(target, number, box, cuts[target])
            for target, number in self.outgoing[layer]
        )

    def _axons_to(self, target: str, number: int, source: Box, boxes: Sequence[Box]) -> int:
        """Return the axons from a box to all cores of a target, each with axons of its own."""
        connection = self.incoming[target][number]
        _, rows, columns = source.shape
        if connection.is_discrete:
            return len(boxes) * source.shape[0]
        if len(boxes) == 1:
            return rows * columns
        tiling = self._tiling(target, boxes)
        key = (target, number, source.start[1:], source.stop[1:])
        if key not in self._axons:
            self._axons[key] = tiling.meetings(connection, source)
        return self._axons[key]

    def _tiling(self, layer: str, boxes: Sequence[Box]) -> Tiling:
        """Return where the boxes of a layer lie; what was counted for other boxes is forgotten."""
        known = self._tilings.get(layer)
        if known is None or known.boxes is not boxes:
            known = self._tilings[layer] = Tiling(boxes)
            self._axons = {key: n for key, n in self._axons.items() if key[0] != layer}
        return known

    def local(self, layer: str, box: Box) -> CoreUse:
        """Return what the core that holds ``box`` of ``layer`` needs but for its output axons."""
        costs = self.costs(layer, box)
        return CoreUse(
            layer=layer,
            box=box,
            compartments=box.size,
            in_axons=sum(group.axons for group in costs),
            out_axons=0,
            synapse_bits=sum(group.bits for group in costs),
            profiles=1,
            thresholds=self.thresholds(layer, box),
        )

    def core(self, layer: str, box: Box, cuts: Cuts) -> CoreUse:
        """Return what the core that holds ``box`` of ``layer`` needs, given all cuts."""
        return replace(self.local(layer, box), out_axons=self.out_axons(layer, box, cuts))


def network_use(network: FloatNetwork, cuts: Cuts, chip: ChipSpec) -> tuple[CoreUse, ...]:
    """Return the use of every core, layer by layer.

    Args:
        network: what is compiled.
        cuts: the boxes of every layer, each on a core of its own.
        chip: its ``atoms`` and ``short_axons`` decide which axons take one slot.
    """
    accounts = Accounts(network, chip)
    return tuple(accounts.core(name, box, cuts) for name in accounts.layers for box in cuts[name])
