"""A spiking network under a table that prices its events."""

from collections.abc import Mapping

from spikeseg.energy.costs import CostTable
from spikeseg.energy.ranges import Range, total
from spikeseg.energy.work import Work

PARTS = ("idle_neurons", "active_neurons", "synapses", "network")
"""Parts of a layer's energy; a network has ``static`` beside them."""

Split = Mapping[str, Range]

COUNTS = {
    "neuron_receiving": ("active_neurons", "receiving_updates"),
    "spike": ("active_neurons", "spikes"),
    "synaptic_operation": ("synapses", "synaptic_operations"),
    "packet": ("network", "packets_out"),
    "spike_within_tile": ("network", "within_tile"),
    "hop_east_west": ("network", "hops_east_west"),
    "hop_north_south": ("network", "hops_north_south"),
    "inter_chip_packet": ("network", "inter_chip_packets"),
}
"""For each event the part that it belongs to, and its count in `Work`."""
ROUTES = ("spike_within_tile", "hop_east_west", "hop_north_south")
"""What packets do on the mesh of a chip."""


def price_events(work: Work, table: CostTable) -> Split:
    """Return the energy of a layer under a table of events, in joules.

    ``idle_neurons`` is what all updates cost if no neuron receives anything, ``active_neurons``
    what receiving and firing add to that. Davies et al. 2018 price an active and an inactive
    update without saying when an update is active. The value takes updates that receive a spike,
    the low end those that fire, the high end all.
    """
    parts = {part: [Range.exactly(0.0)] for part in PARTS}
    for event, (part, count) in COUNTS.items():
        if event in table.energy:
            parts[part].append(table.joules(event) * float(getattr(work, count)))
    if "neuron_access" in table.energy:
        parts["idle_neurons"].append(table.joules("neuron_access") * work.updates)
    else:
        parts["idle_neurons"].append(table.joules("neuron_inactive") * work.updates)
        parts["active_neurons"].append(_added(table) * active_updates(work))
    return {part: total(ranges) for part, ranges in parts.items()}


def active_updates(work: Work) -> Range:
    """Return how many updates are active: fewest, those that receive a spike, all."""
    fewest = min(work.spikes, work.receiving_updates)
    return Range(fewest, work.receiving_updates, work.updates)


def _added(table: CostTable) -> Range:
    active, inactive = table.joules("neuron_active"), table.joules("neuron_inactive")
    return Range(
        active.low - inactive.low, active.value - inactive.value, active.high - inactive.high
    )


def unpriced(work: Work, table: CostTable) -> dict[str, float]:
    """Return the events that happen and that a table has no cost for, with their counts."""
    priced = set(table.energy) if table.kind == "chip" else {"synaptic_operation", "spike"}
    priced |= _included(table)
    counts = {event: float(getattr(work, count)) for event, (_, count) in COUNTS.items()}
    return {event: n for event, n in counts.items() if n and event not in priced}


def _included(table: CostTable) -> set[str]:
    """Return the events whose cost is part of another one's.

    All tables price updates, so one without a surcharge for receiving leaves nothing out. Firing
    is part of an active update. A packet stays on its tile, hops, or leaves its chip; a cost of
    packets has those within a tile in it.
    """
    found = {"neuron_receiving"}
    if "neuron_active" in table.energy:
        found.add("spike")
    if "packet" in table.energy:
        found.add("spike_within_tile")
    if set(ROUTES) <= set(table.energy) or table.memory == "by_size":
        found.add("packet")
    return found
