"""The cores are dealt out like cards."""

from spikeseg.placing.partitioners import PARTITIONERS, Traffic


@PARTITIONERS.register("round_robin")
def round_robin(traffic: Traffic, num_chips: int, cores_per_chip: int) -> list[int]:
    """Return ``core % num_chips``, as ``RoundRobin`` of nengo-loihi 1.1.0 does."""
    return [core % num_chips for core in range(traffic.num_cores)]
