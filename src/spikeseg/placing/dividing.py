"""Dividing a hypergraph: Mt-KaHyPar and other starts, each refined; the best is taken."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from spikeseg.placing.hearing import Ints
from spikeseg.placing.refining import Hypergraph, refine

_SUM = 2.0**30  # of all weights: Mt-KaHyPar adds them up in 32 bits
_KICKS, _KICKED = 200, 40_000  # at most; and times cores times chips
_SHARE = 0.1  # of the cores that a kick moves


def divide(
    graph: Hypergraph, num_chips: int, cores_per_chip: int, known: Sequence[Sequence[int]] = ()
) -> list[int]:
    """Return the chip of each core, such that nets cost little and no chip holds too many.

    The starts are the partition that Mt-KaHyPar finds (Gottesbüren et al. 2023; objective km1,
    preset ``DETERMINISTIC_QUALITY``), the cores in their order, and the cores dealt out. Cores of
    chips that hold too many are moved, then `refine` moves cores as long as the cost falls. From
    the cheapest outcome, the first of equals, it goes on: some pairs of cores are exchanged at
    random and all is refined again, and what is cheaper is kept (iterated local search: Lourenço,
    Martin, Stützle 2003); fewer times, the more cores and chips there are. The same input gives
    the same outcome.

    Args:
        graph: cores and nets.
        num_chips: that may be used.
        cores_per_chip: that one may hold; together they hold all cores.
        known: placements that keep to this, as further starts.
    """
    n = graph.num_cores
    in_order = np.arange(n) // cores_per_chip
    if n <= cores_per_chip:
        return [0] * n
    starts = [_partition(graph, num_chips, cores_per_chip), in_order, np.arange(n) % num_chips]
    starts += [np.array(placement) for placement in known]
    outcomes = [
        refine(graph, repair(graph, start, num_chips, cores_per_chip), num_chips, cores_per_chip)
        for start in starts
    ]
    best = min(outcomes, key=graph.cost)
    found: list[int] = _kicked(graph, best, num_chips, cores_per_chip).tolist()
    return found


def _kicked(graph: Hypergraph, best: Ints, num_chips: int, cores_per_chip: int) -> Ints:
    random, least = np.random.default_rng(0), graph.cost(best)
    pairs = max(1, int(_SHARE * len(best) / 2))
    for _ in range(min(_KICKS, _KICKED // (len(best) * num_chips))):
        other = best.copy()
        for one, two in random.integers(len(best), size=(pairs, 2)):
            other[[one, two]] = other[[two, one]]
        other = refine(graph, other, num_chips, cores_per_chip)
        if graph.cost(other) < least:
            best, least = other, graph.cost(other)
    return best


def repair(graph: Hypergraph, chips: Ints, num_chips: int, cores_per_chip: int) -> Ints:
    """Return the placement with cores moved off the chips that hold too many, cheaply.

    Each time it moves the core that costs least, to the chip with room where it costs least.
    """
    chips = chips.copy()
    while (held := np.bincount(chips, minlength=num_chips)).max() > cores_per_chip:
        options = [
            (graph.cost(moved), int(core), int(to))
            for core in np.flatnonzero(chips == held.argmax())
            for to in np.flatnonzero(held < cores_per_chip)
            for moved in [np.where(np.arange(len(chips)) == core, to, chips)]
        ]
        _, core, to = min(options)
        chips[core] = to
    return chips


@cache
def _library() -> Any:
    import mtkahypar  # 60 MB, which only this needs

    return mtkahypar, mtkahypar.initialize(1, print_warnings=False)


def _partition(graph: Hypergraph, num_chips: int, cores_per_chip: int) -> Ints:
    """Return what Mt-KaHyPar finds; a chip may hold too many."""
    library, kit = _library()
    total = graph.weight.sum()
    weight = np.rint(graph.weight * (_SUM / total if total else 0.0)).astype(np.int64)
    kept = np.flatnonzero(weight)
    nets = [graph.core[graph.first[n] : graph.first[n + 1]].tolist() for n in kept]
    if not nets:
        return np.arange(graph.num_cores) // cores_per_chip
    context = kit.context_from_preset(library.PresetType.DETERMINISTIC_QUALITY)
    slack = cores_per_chip / -(-graph.num_cores // num_chips) - 1
    context.set_partitioning_parameters(num_chips, slack, library.Objective.KM1)
    context.logging = False
    made = kit.create_hypergraph(
        context, graph.num_cores, len(nets), nets, [1] * graph.num_cores, weight[kept].tolist()
    )
    return np.array(made.partition(context).get_partition(), np.int64)
