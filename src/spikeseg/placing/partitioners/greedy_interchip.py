"""A chip grows by the core that is most active with one that it already holds."""

from collections.abc import Iterable

from spikeseg.placing.activity import Activity, estimate_activity
from spikeseg.placing.partitioners import PARTITIONERS, Traffic


@PARTITIONERS.register("greedy_interchip")
def greedy_interchip(traffic: Traffic, num_chips: int, cores_per_chip: int) -> list[int]:
    """Return what ``GreedyInterchip`` of nengo-loihi 1.1.0 does, core for core.

    A chip begins with the first core that no core sends to, or else any. It takes the core of
    which one connection, either way, to a core on it is the most active (not their sum); where
    none is connected, it takes one as if it began. It is full before the next chip begins.
    Between equals, the order in which a set of integers yields them decides, as it does there.
    """
    return grow(estimate_activity(traffic.program, traffic.rates), cores_per_chip)


def grow(heard: Activity, cores_per_chip: int) -> list[int]:
    """Return the chip of each core, given for each core how active those are that hear it."""
    hears: Activity = {core: {} for core in heard}
    for core, targets in heard.items():
        for target, activity in targets.items():
            hears[target][core] = activity
    firsts = [core for core in heard if sum(hears[core].values()) == 0]
    waiting, held, chip = set(heard), set[int](), -1
    chips = [0] * len(heard)
    while waiting:
        if chip < 0 or len(held) == cores_per_chip:
            chip, held = chip + 1, set()
        core = _most_active(held, waiting, (heard, hears), _any(firsts, waiting))
        chips[core] = chip
        held.add(core)
        waiting.remove(core)
    return chips


def _most_active(
    held: set[int], waiting: set[int], tables: Iterable[Activity], otherwise: int
) -> int:
    found, most = otherwise, 0.0
    for core in held:
        for table in tables:
            for other in waiting.intersection(table[core]):
                if table[core][other] > most:
                    found, most = other, table[core][other]
    return found


def _any(firsts: list[int], waiting: set[int]) -> int:
    return next((core for core in firsts if core in waiting), next(iter(waiting)))
