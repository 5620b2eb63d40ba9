"""As few packets between chips as can be found: what a mesh without multicast carries."""

from spikeseg.placing.dividing import divide
from spikeseg.placing.partitioners import PARTITIONERS, Traffic
from spikeseg.placing.refining import packets_of


@PARTITIONERS.register("hypergraph")
def hypergraph(traffic: Traffic, num_chips: int, cores_per_chip: int) -> list[int]:
    """Return a placement with few ``inter_chip_packets``; see `divide`.

    A spike costs a packet for each axon on another chip, which is what Loihi sends (Davies et al.
    2018), so the nets are pairs of cores. For chips that multiply spikes, see ``multicast``.
    """
    return divide(packets_of(traffic), num_chips, cores_per_chip)
