"""What a spike of each net sends over the meshes, as `count_traffic` counts it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeseg.chips import ChipProgram, load_chip
from spikeseg.placing.counting import distances, tiles
from spikeseg.placing.hearing import Hearing, Ints

HOST = -1
WAYS = ("packets_out", "within_tile", "inter_chip_packets", "hops_east_west", "hops_north_south")


@dataclass(frozen=True, eq=False)
class SendingNets:
    """Neurons of a core, or of the host's inputs, whose spikes go to the same cores.

    Attributes:
        cuts: for each input and population channels, from one to the next of which labels stay.
        labels: for the channels from each cut to the next, (cuts - 1, H * W), each pixel's net.
        sender: (nets,), the core, or `HOST`.
        each: (nets, 5), of one spike: `WAYS`.
        num_cores: of the program.
    """

    cuts: dict[str, Ints]
    labels: dict[str, NDArray[np.int32]]
    sender: Ints
    each: Ints
    num_cores: int

    def add_up(self, counts: Ints) -> Ints:
        """Return sums over the nets of each core, and last of the host, (N + 1,)."""
        found = np.zeros(self.num_cores + 1, np.int64)
        np.add.at(found, self.sender, counts)  # the host's -1 is the last place
        return found


def sending_nets(program: ChipProgram, parts: Iterable[tuple[str, Hearing, Ints]]) -> SendingNets:
    """Return the nets of a placed program.

    Args:
        program: which.
        parts: of each input and population its name, who hears it, and (C, H, W) the core of each
            neuron, `HOST` for inputs.
    """
    chip = np.array(program.placement, np.int64)
    tile = tiles(load_chip(program.chip), np.array(program.positions, np.int64))
    cuts: dict[str, Ints] = {}
    labels: dict[str, NDArray[np.int32]] = {}
    senders, ways = [np.zeros(0, np.int64)], [np.zeros((0, len(WAYS)), np.int64)]
    count = 0
    for name, hearing, spots in parts:
        kinds = len(hearing.targets)
        keys, label = np.unique((spots + 1) * kinds + hearing.kind, return_inverse=True)
        sender, kind = keys // kinds - 1, keys % kinds
        cuts[name], labels[name] = _cut((label + count).reshape(spots.shape))
        count += len(keys)
        senders.append(sender)
        sent = [
            _ways(s, hearing.targets[k], hearing.copies[k], chip, tile)
            for s, k in zip(sender, kind, strict=True)
        ]
        ways.append(np.array(sent, np.int64).reshape(-1, len(WAYS)))
    return SendingNets(cuts, labels, np.concatenate(senders), np.concatenate(ways), len(chip))


def _ways(sender: int, target: Ints, copies: Ints, chip: Ints, tile: Ints) -> list[int]:
    """Return `WAYS` of one spike that a core, or the host, sends."""
    if sender == HOST:
        return [int(copies.sum()), 0, 0, 0, 0]
    target, copies = target[target != sender], copies[target != sender]
    leaving = chip[target] != chip[sender]
    start = np.broadcast_to(tile[sender], (len(target), 2))
    sideways, along = distances(start, tile[target], leaving)
    stays = ~leaving & (sideways + along == 0)
    return [int(copies @ way) for way in (np.ones_like(copies), stays, leaving, sideways, along)]


def _cut(label: Ints) -> tuple[Ints, NDArray[np.int32]]:
    changes = np.flatnonzero((label[1:] != label[:-1]).any((1, 2))) + 1
    cuts = np.concatenate([[0], changes, [len(label)]]).astype(np.int64)
    return cuts, label[cuts[:-1]].reshape(len(cuts) - 1, -1).astype(np.int32)
