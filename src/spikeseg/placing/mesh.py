"""Where the cores of each chip lie on its mesh: the nearer, the more they send to each other."""

from typing import Any

import numba
import numpy as np

from spikeseg.chips import ChipSpec
from spikeseg.placing.counting import distances, tiles
from spikeseg.placing.hearing import Ints
from spikeseg.placing.refining import Hypergraph, packets_of
from spikeseg.placing.traffic import Traffic

_TRIES, _MOST_TRIES = 4000, 4_000_000  # exchanges: for each core, and in all
_COOLINGS = 100  # thresholds


def lay_out(traffic: Traffic, chip: ChipSpec, chips: Ints) -> Ints:
    """Return the position of each core on its chip, so that packets make few hops.

    One core after the other, the one that exchanges most with those that have a place, is put
    where it costs least. Then two cores of a chip, or a core and a free position, are exchanged:
    first also for the worse, by less and less (threshold accepting: Dueck, Scheuer 1990, J. Comput.
    Phys. 90:161-175), then only for the better. No number is drawn that is not the same again.

    Args:
        traffic: between cores.
        chip: its mesh; hops are those of `count_traffic`.
        chips: (cores,), the chip of each.
    """
    graph = packets_of(traffic)
    begins, near, weight = _neighbors(graph)
    spots = tiles(chip, np.arange(chip.cores))
    away = np.stack([_table(spots, leaving) for leaving in (False, True)])
    positions: Ints = _construct(begins, near, weight, chips, away)
    tables = (begins, near, weight, chips, away)
    tries = min(_TRIES * len(chips), _MOST_TRIES)
    _exchange(*tables, positions, tries // _COOLINGS, _COOLINGS)
    _descend(*tables, positions)
    return positions


def _neighbors(graph: Hypergraph) -> tuple[Ints, Ints, Ints]:
    """Return for each core the cores that it exchanges packets with, and integer weights."""
    low, high = graph.core[::2], graph.core[1::2]
    one, other = np.concatenate([low, high]), np.concatenate([high, low])
    order = np.lexsort((other, one))
    begins = np.append(0, np.cumsum(np.bincount(one, minlength=graph.num_cores)))
    return begins, other[order], np.tile(graph.whole_weights(), 2)[order]


def _table(spots: Ints, leaving: bool) -> Ints:
    """Return hops from each position to each other one."""
    n = len(spots)
    starts, ends = np.repeat(spots, n, 0), np.tile(spots, (n, 1))
    pairs = distances(starts, ends, np.full(n * n, leaving))
    hops: Ints = (pairs[0] + pairs[1]).reshape(n, n)
    return hops


@numba.njit(cache=True)
def _cost(
    v: Any, at: Any, but: Any, begins: Any, near: Any, weight: Any, chips: Any, away: Any, p: Any
) -> Any:
    """Return what core ``v`` costs at a position, beside all placed cores except ``but``."""
    cost = 0
    for e in range(begins[v], begins[v + 1]):
        u = near[e]
        if u != but and p[u] >= 0:
            cost += weight[e] * away[1 if chips[u] != chips[v] else 0, at, p[u]]
    return cost


@numba.njit(cache=True)
def _construct(begins: Any, near: Any, weight: Any, chips: Any, away: Any) -> Any:
    n, places = len(chips), away.shape[1]
    p = np.full(n, -1, np.int64)
    free = np.ones((chips.max() + 1 if n else 0, places), np.bool_)
    pull = np.zeros(n, np.int64)
    for _ in range(n):
        v = -1
        for u in range(n):
            if p[u] < 0 and (v < 0 or pull[u] > pull[v]):
                v = u
        best, least = -1, 0
        for at in range(places):
            if free[chips[v], at]:
                cost = _cost(v, at, -1, begins, near, weight, chips, away, p)
                if best < 0 or cost < least:
                    best, least = at, cost
        p[v] = best
        free[chips[v], best] = False
        for e in range(begins[v], begins[v + 1]):
            pull[near[e]] += weight[e]
    return p


@numba.njit(cache=True)
def _holders(chips: Any, p: Any, places: Any) -> Any:
    """Return the core at each position of each chip, or -1."""
    holders = np.full((chips.max() + 1 if len(chips) else 0, places), -1, np.int64)
    for v in range(len(chips)):
        holders[chips[v], p[v]] = v
    return holders


@numba.njit(cache=True)
def _gain(
    v: Any, at: Any, u: Any, begins: Any, near: Any, weight: Any, chips: Any, away: Any, p: Any
) -> Any:
    """Return what is saved if ``v`` goes to ``at`` and ``u``, if there, to where ``v`` was."""
    now = p[v]
    gain = _cost(v, now, u, begins, near, weight, chips, away, p)
    gain -= _cost(v, at, u, begins, near, weight, chips, away, p)
    if u >= 0:
        gain += _cost(u, at, v, begins, near, weight, chips, away, p)
        gain -= _cost(u, now, v, begins, near, weight, chips, away, p)
    return gain


@numba.njit(cache=True)
def _exchange(
    begins: Any,
    near: Any,
    weight: Any,
    chips: Any,
    away: Any,
    p: Any,
    tries: Any,
    coolings: Any,
) -> None:
    """Exchange at random as long as it costs less than a threshold, which falls to zero."""
    n, places = len(chips), away.shape[1]
    holders = _holders(chips, p, places)
    total = 0
    for e in range(len(weight)):
        total += weight[e]
    start = total // max(n, 1)
    state = np.uint64(88172645463325252)
    for cooling in range(coolings):
        left = coolings - cooling - 1
        threshold = start * left // coolings * left // coolings
        for _ in range(tries):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            drawn = np.int64(state >> np.uint64(2))
            v, at = drawn % n, (drawn // n) % places
            if at == p[v]:
                continue
            u = holders[chips[v], at]
            if _gain(v, at, u, begins, near, weight, chips, away, p) > -threshold:
                _move(v, at, u, chips, p, holders)


@numba.njit(cache=True)
def _move(v: Any, at: Any, u: Any, chips: Any, p: Any, holders: Any) -> None:
    now = p[v]
    holders[chips[v], at] = v
    holders[chips[v], now] = u
    p[v] = at
    if u >= 0:
        p[u] = now


@numba.njit(cache=True)
def _descend(begins: Any, near: Any, weight: Any, chips: Any, away: Any, p: Any) -> None:
    """Make for each core the exchange that saves most, until none saves anything."""
    n, places = len(chips), away.shape[1]
    holders = _holders(chips, p, places)
    idle = 0
    v = 0
    while idle < n:
        best, most = -1, 0
        for at in range(places):
            if at != p[v]:
                u = holders[chips[v], at]
                gain = _gain(v, at, u, begins, near, weight, chips, away, p)
                if gain > most:
                    best, most = at, gain
        idle = idle + 1 if best < 0 else 0
        if best >= 0:
            _move(v, best, holders[chips[v], best], chips, p, holders)
        v = (v + 1) % n
