"""What the cores of a placed program did, as integers: an account before any joule."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeseg.errors import ProgramError

Ints = NDArray[np.int64]
COUNTS = (
    "spikes",
    "packets_in",
    "synaptic_operations",
    "updates",
    "receiving_updates",
    "weight_bits",
    "state_bits",
    "packets_out",
    "within_tile",
    "inter_chip_packets",
    "hops_east_west",
    "hops_north_south",
)
OF_STEPS = ("operations_of_step", "receiving_of_step", "packets_in_of_step")


@dataclass(frozen=True, eq=False)
class Ledger:
    """What the cores of a placed program did while B images were shown, summed over the images.

    A spike of step t acts in step t + 1. Only what acts within the steps is counted: spikes of the
    last step are spikes, but they send no packet and cause no operation.

    Ledgers of one program add up: ``ledger + other``, if their images had equally many steps.

    Attributes:
        num_steps: of an image, T.
        num_images: B.
        dt_ms: length of a step in milliseconds.
        layers: (N,), the population of each core.
        chips: (N,), the chip of each core.
        spikes: (N,), fired by the core's neurons in all steps.
        packets_in: (N,), packets that arrive, from other cores and from the host: one for each
            spike and each of the core's synapse groups that it reaches. What a core sends to
            itself is no packet.
        synaptic_operations: (N,), synapses that spikes reached, one for each spike.
        updates: (N,), neurons times steps times images: all neurons are updated in each step.
        receiving_updates: (N,), those of them in which a spike arrived through at least one
            synapse, be its weight 0.
        weight_bits: (N,), bits of weights that operations read.
        state_bits: (N,), bits of current and potential that updates read and write.
        packets_out: (N,), packets to other cores.
        within_tile: (N,), those of them that stay on the tile.
        inter_chip_packets: (N,), those of them that leave the chip.
        hops_east_west: (N,), steps from tile to tile along rows of the mesh, of packets out.
        hops_north_south: (N,), likewise along columns.
        host_spikes: of the inputs in all steps.
        host_packets: that these send to cores.
        operations_of_step: (T, N), synaptic operations of each step; the sum of all images.
        receiving_of_step: (T, N), receiving updates of each step, likewise.
        packets_in_of_step: (T, N), packets whose spikes act in this step, likewise.
    """

    num_steps: int
    num_images: int
    dt_ms: float
    layers: tuple[str, ...]
    chips: Ints
    spikes: Ints
    packets_in: Ints
    synaptic_operations: Ints
    updates: Ints
    receiving_updates: Ints
    weight_bits: Ints
    state_bits: Ints
    packets_out: Ints
    within_tile: Ints
    inter_chip_packets: Ints
    hops_east_west: Ints
    hops_north_south: Ints
    host_spikes: int
    host_packets: int
    operations_of_step: Ints
    receiving_of_step: Ints
    packets_in_of_step: Ints

    def __add__(self, other: "Ledger") -> "Ledger":
        """Return the ledger of the images of both.

        Raises:
            ProgramError: of different cores, chips or steps.
        """
        for name in ("num_steps", "dt_ms", "layers", "chips"):
            one, two = getattr(self, name), getattr(other, name)
            if not np.array_equal(one, two):
                raise ProgramError(
                    f"ledgers differ in {name}: {one} and {two}. Add ledgers of one placed program "
                    "and of images with equally many steps."
                )
        same = ("num_steps", "dt_ms", "layers", "chips")
        summed = [f.name for f in fields(self) if f.name not in same]
        return replace(
            self, **{name: getattr(self, name) + getattr(other, name) for name in summed}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the sums of each layer and of all cores, for JSON."""
        names = list(dict.fromkeys(self.layers))
        of = np.array(self.layers)
        return {
            "num_steps": self.num_steps,
            "num_images": self.num_images,
            "dt_ms": self.dt_ms,
            "num_cores": len(self.layers),
            "num_chips": len(set(self.chips.tolist())),
            "host": {"spikes": self.host_spikes, "packets": self.host_packets},
            "layers": [
                {"name": name, "cores": int((of == name).sum())} | self._sums(of == name)
                for name in names
            ],
            "total": self._sums(np.ones(len(of), np.bool_)),
        }

    def _sums(self, cores: NDArray[np.bool_]) -> dict[str, int]:
        return {name: int(getattr(self, name)[cores].sum()) for name in COUNTS}
