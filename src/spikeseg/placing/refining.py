"""Moving single cores from chip to chip as long as the traffic between chips falls.

Source: Fiduccia, Mattheyses 1982 (DAC 19:175-181), with several parts and connectivity minus one.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from spikeseg.placing.hearing import Ints
from spikeseg.placing.traffic import Floats, Traffic

_TOTAL = 2.0**40  # of all weights, so that sums of integers are exact and fine enough
_PATIENCE = 400  # moves without a new best, after which a pass ends
_PASSES = 100


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """Cores and weighted nets; a net costs its weight for each chip that it touches but one.

    Attributes:
        num_cores: nodes.
        weight: (N,).
        first: (N + 1,), where the cores of a net begin in ``core``.
        core: (P,).
    """

    num_cores: int
    weight: Floats
    first: Ints
    core: Ints

    def cost(self, chips: Ints) -> float:
        """Return what a placement costs."""
        net = np.repeat(np.arange(len(self.weight)), np.diff(self.first))
        most = int(chips.max(initial=0)) + 1
        touched = np.unique(net * most + chips[self.core]) // most
        return float((self.weight * (np.bincount(touched, minlength=len(self.weight)) - 1)).sum())

    def whole_weights(self) -> Ints:
        """Return integers in proportion to the weights."""
        total = self.weight.sum()
        return np.rint(self.weight * (_TOTAL / total if total else 0.0)).astype(np.int64)


def packets_of(traffic: Traffic) -> Hypergraph:
    """Return pairs of cores, of which each costs its packets if it is apart."""
    low, high, packets = traffic.pairs
    core = np.stack([low, high], axis=1).ravel()
    return Hypergraph(traffic.num_cores, packets, np.arange(0, len(core) + 1, 2), core)


def copies_of(traffic: Traffic) -> Hypergraph:
    """Return nets of a sender and all that hear it, which cost one copy for each other chip."""
    nets = traffic.nets
    core = np.insert(nets.target, nets.first[:-1], nets.source)
    first = nets.first + np.arange(len(nets.first))
    return Hypergraph(traffic.num_cores, nets.weight, first, core)


def refine(graph: Hypergraph, chips: Ints, num_chips: int, cores_per_chip: int) -> Ints:
    """Return a placement that costs no more, and whose chips hold at most ``cores_per_chip``.

    A pass moves every core at most once, each time the one that saves most or costs least, and is
    then taken back to its best point. In one kind of pass cores go to chips with room; in the
    other a chip may hold one too many until the next move, so that cores are exchanged. Passes go
    on until neither finds anything better.

    Args:
        graph: what is to be kept together.
        chips: (cores,), where to start; no chip may hold too many.
        num_chips: that may be used.
        cores_per_chip: that one may hold.
    """
    order = np.argsort(graph.core, kind="stable")
    net = np.repeat(np.arange(len(graph.weight)), np.diff(graph.first))[order]
    begins = np.append(0, np.cumsum(np.bincount(graph.core, minlength=graph.num_cores)))
    found = chips.astype(np.int64)
    tables = (graph.first, graph.core, begins, net, graph.whole_weights())
    idle = 0
    for number in range(_PASSES):
        better = _pass(tables, found, num_chips, cores_per_chip, (number + 1) % 2)
        idle = 0 if better else idle + 1
        if idle == 2:
            break
    return found


@numba.njit(cache=True)
def _pass(tables: Any, chips: Any, num_chips: Any, room: Any, excess: Any) -> Any:
    """Make one pass in place; return whether it found something better.

    ``tables`` are the nets' cores (first, pins), the cores' nets (begins, nets), the weights.
    """
    n = len(chips)
    state = _survey(tables, chips, num_chips)
    held = np.bincount(chips, minlength=num_chips)
    locked = np.zeros(n, np.bool_)
    moved, origin = np.empty(n, np.int64), np.empty(n, np.int64)
    total, best, kept, over, steps = 0, 0, 0, -1, 0
    while steps < n and steps - kept < _PATIENCE:
        most = room if over >= 0 else room + excess
        v, to, gain = _choose(state, chips, held, locked, over, most)
        if v < 0:
            break
        moved[steps], origin[steps], locked[v] = v, chips[v], True
        _move(tables, state, chips, held, v, to)
        over = to if held[to] > room else -1
        total += gain
        steps += 1
        if over < 0 and total > best:
            best, kept = total, steps
    for s in range(steps - 1, kept - 1, -1):
        chips[moved[s]] = origin[s]
    return best > 0


@numba.njit(cache=True)
def _survey(tables: Any, chips: Any, num_chips: Any) -> Any:
    """Return for each net its cores on each chip, and for each core three sums over its nets.

    They are the weight of all; of those that leave its chip with it; of those on each chip.
    """
    first, pins, begins, nets, weight = tables
    count = np.zeros((len(weight), num_chips), np.int32)
    for e in range(len(weight)):
        for p in range(first[e], first[e + 1]):
            count[e, chips[pins[p]]] += 1
    whole, alone = np.zeros(len(chips), np.int64), np.zeros(len(chips), np.int64)
    met = np.zeros((len(chips), num_chips), np.int64)
    for v in range(len(chips)):
        for q in range(begins[v], begins[v + 1]):
            e = nets[q]
            whole[v] += weight[e]
            alone[v] += weight[e] * (count[e, chips[v]] == 1)
            for k in range(num_chips):
                met[v, k] += weight[e] * (count[e, k] > 0)
    return count, whole, alone, met


@numba.njit(cache=True)
def _choose(state: Any, chips: Any, held: Any, locked: Any, over: Any, most: Any) -> Any:
    """Return the best move (core, chip, gain) to a chip that holds fewer than ``most``.

    It is a core of the chip ``over`` if that is a chip; -1 if there is none.
    """
    _, whole, alone, met = state
    v, to, gain = -1, -1, 0
    for u in range(len(chips)):
        if locked[u] or (over >= 0 and chips[u] != over):
            continue
        for k in range(len(held)):
            saved = alone[u] + met[u, k] - whole[u]
            if k != chips[u] and held[k] < most and (v < 0 or saved > gain):
                v, to, gain = u, k, saved
    return v, to, gain


@numba.njit(cache=True)
def _move(tables: Any, state: Any, chips: Any, held: Any, v: Any, to: Any) -> None:
    """Move core ``v``, and bring all sums up to date."""
    begins, nets = tables[2], tables[3]
    start = chips[v]
    chips[v] = to
    held[start] -= 1
    held[to] += 1
    for q in range(begins[v], begins[v + 1]):
        e = nets[q]
        state[0][e, start] -= 1
        state[0][e, to] += 1
        if state[0][e, start] <= 1 or state[0][e, to] <= 2:
            _update(tables, state, chips, e, v, start, to)


@numba.njit(cache=True)
def _update(tables: Any, state: Any, chips: Any, e: Any, v: Any, start: Any, to: Any) -> None:
    """Change the sums of the cores of net ``e``, of which ``v`` has just moved."""
    first, pins, _, _, weight = tables
    count, _, alone, met = state
    left, come, w = count[e, start], count[e, to], weight[e]
    for p in range(first[e], first[e + 1]):
        u = pins[p]
        if left == 0:
            met[u, start] -= w
        elif left == 1 and chips[u] == start:
            alone[u] += w
        if come == 1:
            met[u, to] += w
        elif come == 2 and chips[u] == to and u != v:
            alone[u] -= w
