"""Counting what a placed program sends: packets between cores, between chips, and hops."""

from dataclasses import dataclass

import numpy as np

from spikeseg.chips import ChipProgram, ChipSpec, load_chip
from spikeseg.placing.hearing import Bools, Ints
from spikeseg.placing.traffic import Floats, Nets, Rates, Traffic, measure_traffic


@dataclass(frozen=True, eq=False)
class TrafficCount:
    """Traffic of a program whose cores have their places; a step's if the rates are a step's.

    Attributes:
        packets: from core to core: for each spike one to each axon of another core.
        within_tile: those of them that stay on their tile.
        inter_chip_packets: those of them that leave their chip. This is what a mesh without
            multicast carries between chips (Davies et al. 2018), and what nengo-loihi calls
            interchip activity.
        inter_chip_copies: packets that leave their chip if a spike is sent but once to each other
            chip and multiplied there: connectivity minus one of the hypergraph, weighted.
        hops_east_west: steps from tile to tile along rows of the mesh, of all packets.
        hops_north_south: likewise along columns.
        host_packets: from the host's inputs to cores, which come from outside of all chips and are
            in no other number.
        host_copies: the same if a spike of the host is sent but once to each chip.
        between_chips: (chips, chips), packets from chip (row) to chip (column).
    """

    packets: float
    within_tile: float
    inter_chip_packets: float
    inter_chip_copies: float
    hops_east_west: float
    hops_north_south: float
    host_packets: float
    host_copies: float
    between_chips: Floats

    @property
    def hops(self) -> float:
        """Hops of all packets on the meshes of all chips."""
        return self.hops_east_west + self.hops_north_south


def count_traffic(program: ChipProgram, rates: Rates | None = None) -> TrafficCount:
    """Return the traffic of a placed program.

    Hops are steps between neighboring routers. Within a chip, a packet takes the shortest way:
    the difference of rows and that of columns. The chips are joined at the west edges of their
    meshes, row by row: a packet to another chip goes west in its row, over to the other chip (no
    hop: it is an inter-chip packet), and there to the target's row and east to its column. What
    the mesh of a Loihi does beyond its edge is not published in detail; Davies et al. 2018 say
    that interfaces at the edges extend it to other chips.

    Args:
        program: with placement and positions.
        rates: as of `measure_traffic`. For an image, give counts of spikes, or multiply by steps.

    Raises:
        ProgramError: as of `measure_traffic`.
    """
    return count_placed(measure_traffic(program, rates), program)


def count_placed(traffic: Traffic, program: ChipProgram) -> TrafficCount:
    """Return what `count_traffic` does, for the same program with any placement."""
    chip = np.array(program.placement, np.int64)
    tile = tiles(load_chip(program.chip), np.array(program.positions, np.int64))
    nets = traffic.nets
    chips = int(chip.max(initial=-1)) + 1
    from_chip, to_chip = chip[nets.sender], chip[nets.target]
    leaving = from_chip != to_chip
    east_west, north_south = distances(tile[nets.sender], tile[nets.target], leaving)
    packets = nets.packets
    between = np.zeros((chips, chips))
    np.add.at(between, (from_chip, to_chip), packets)
    return TrafficCount(
        packets=float(packets.sum()),
        within_tile=float(packets[~leaving & (east_west + north_south == 0)].sum()),
        inter_chip_packets=float(packets[leaving].sum()),
        inter_chip_copies=_copies(nets, to_chip, leaving, chips),
        hops_east_west=float(packets @ east_west),
        hops_north_south=float(packets @ north_south),
        host_packets=float(traffic.host.packets.sum()),
        host_copies=_host_copies(traffic.host, chip, chips),
        between_chips=between,
    )


def tiles(chip: ChipSpec, positions: Ints) -> Ints:
    """Return (N, 2), row and column of the tile of each position, as `ChipSpec.tile`."""
    row, column = np.divmod(positions // chip.cores_per_tile, chip.mesh[1])
    return np.stack([row, column], axis=1)


def distances(start: Ints, end: Ints, leaving: Bools) -> tuple[Ints, Ints]:
    """Return hops east or west, and north or south, between tiles (N, 2), as `count_traffic`."""
    inside = np.abs(start[:, 1] - end[:, 1])
    east_west = np.where(leaving, start[:, 1] + end[:, 1], inside)
    return east_west, np.abs(start[:, 0] - end[:, 0])


def _copies(nets: Nets, to_chip: Ints, leaving: Bools, chips: int) -> float:
    keys = np.unique((nets.net * chips + to_chip)[leaving])
    return float(nets.weight[keys // max(chips, 1)].sum())


def _host_copies(host: Nets, chip: Ints, chips: int) -> float:
    return _copies(host, chip[host.target], np.ones(len(host.target), np.bool_), chips)
