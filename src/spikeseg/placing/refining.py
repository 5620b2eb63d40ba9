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

    A pass moves every core at most once, each time the one that saves most or costs least, to a
    chip with room; a chip may hold one too many until the next move. It is then taken back to
    its best point. Passes go on until one finds nothing better.

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
    for _ in range(_PASSES):
        if not _pass(*tables, found, num_chips, cores_per_chip, _PATIENCE):
            break
    return found


@numba.njit(cache=True)
def _pass(
    first: Any,
    pins: Any,
    begins: Any,
    nets: Any,
    weight: Any,
    chips: Any,
    num_chips: Any,
    room: Any,
    patience: Any,
) -> Any:
    """Make one pass in place; return whether it found something better."""
    n = len(chips)
    held = np.zeros(num_chips, np.int64)
    count = np.zeros((len(weight), num_chips), np.int32)
    alone = np.zeros(n, np.int64)  # what leaves a chip with the core
    met = np.zeros((n, num_chips), np.int64)  # what of the core's nets a chip has already
    whole = np.zeros(n, np.int64)
    for v in range(n):
        held[chips[v]] += 1
    for e in range(len(weight)):
        for p in range(first[e], first[e + 1]):
            count[e, chips[pins[p]]] += 1
    for v in range(n):
        for q in range(begins[v], begins[v + 1]):
            e = nets[q]
            whole[v] += weight[e]
            if count[e, chips[v]] == 1:
                alone[v] += weight[e]
            for k in range(num_chips):
                if count[e, k] > 0:
                    met[v, k] += weight[e]
    locked = np.zeros(n, np.bool_)
    moved = np.empty(n, np.int64)
    origin = np.empty(n, np.int64)
    total, best, kept, over = 0, 0, 0, -1
    steps = 0
    while steps < n and steps - kept < patience:
        v, to, gain = -1, -1, 0
        for u in range(n):
            if locked[u] or (over >= 0 and chips[u] != over):
                continue
            for k in range(num_chips):
                if k == chips[u] or held[k] > room or (over >= 0 and held[k] >= room):
                    continue
                g = alone[u] + met[u, k] - whole[u]
                if v < 0 or g > gain:
                    v, to, gain = u, k, g
        if v < 0:
            break
        start = chips[v]
        locked[v] = True
        moved[steps] = v
        origin[steps] = start
        steps += 1
        chips[v] = to
        held[start] -= 1
        held[to] += 1
        over = to if held[to] > room else -1
        total += gain
        for q in range(begins[v], begins[v + 1]):
            e = nets[q]
            w = weight[e]
            count[e, start] -= 1
            count[e, to] += 1
            left, come = count[e, start], count[e, to]
            if left > 1 and come > 2:
                continue
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
        if over < 0 and total > best:
            best, kept = total, steps
    for s in range(steps - 1, kept - 1, -1):
        chips[moved[s]] = origin[s]
    return best > 0
