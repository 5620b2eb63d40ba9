"""One chip after the other is filled, in the order of the cores."""

from spikeseg.placing.partitioners import PARTITIONERS, Traffic


@PARTITIONERS.register("greedy")
def greedy(traffic: Traffic, num_chips: int, cores_per_chip: int) -> list[int]:
    """Return ``core // cores_per_chip``, as ``Greedy`` of nengo-loihi 1.1.0 does."""
    return [core // cores_per_chip for core in range(traffic.num_cores)]
