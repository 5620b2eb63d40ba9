"""As few copies of spikes between chips as can be found: for chips that multiply spikes."""

from spikeseg.placing.dividing import divide
from spikeseg.placing.partitioners import PARTITIONERS, Traffic
from spikeseg.placing.refining import copies_of, packets_of


@PARTITIONERS.register("multicast")
def multicast(traffic: Traffic, num_chips: int, cores_per_chip: int) -> list[int]:
    """Return a placement with few ``inter_chip_copies``; see `divide`.

    A spike costs one copy for each other chip on which cores hear it: the nets are a core and all
    that hear the same neurons of it. One start is the placement with few packets.
    """
    fewest_packets = divide(packets_of(traffic), num_chips, cores_per_chip)
    return divide(copies_of(traffic), num_chips, cores_per_chip, [fewest_packets])
