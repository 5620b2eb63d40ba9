"""The cheapest placement of a small hypergraph, proven by a mixed-integer linear program."""

from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from spikeseg.placing.refining import Hypergraph


def least_cost(graph: Hypergraph, num_chips: int, cores_per_chip: int) -> float:
    """Return the least sum over nets of the weight times (chips touched - 1).

    Variables: whether a core lies on a chip, then whether a net touches a chip.
    """
    nets = [graph.core[a:b] for a, b in zip(graph.first[:-1], graph.first[1:], strict=True)]
    n, k, e = graph.num_cores, num_chips, len(nets)
    cost = np.concatenate([np.zeros(n * k), np.repeat(graph.weight, k)])
    rows, low, high = [], [], []

    def add(entries: dict[int, float], least: float, most: float) -> None:
        row = np.zeros(len(cost))
        row[list(entries)] = list(entries.values())
        rows.append(row)
        low.append(least)
        high.append(most)

    for core in range(n):
        add({core * k + chip: 1.0 for chip in range(k)}, 1, 1)
    for chip in range(k):
        add({core * k + chip: 1.0 for core in range(n)}, 0, cores_per_chip)
    for (number, net), chip in product(enumerate(nets), range(k)):
        for core in net:
            add({n * k + number * k + chip: 1.0, int(core) * k + chip: -1.0}, 0, np.inf)
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=np.concatenate([np.ones(n * k), np.zeros(e * k)]),
        bounds=Bounds(0, 1),
    )
    assert found.success
    return float(found.fun - graph.weight.sum())


def drawn_hypergraph(seed: int, cores: int, nets: int) -> Hypergraph:
    """Return nets of two to five cores, more often of near ones, with weights 1 to 50."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(nets):
        near = rng.integers(cores) + rng.integers(-3, 4, size=rng.integers(2, 6))
        members = np.unique(near % cores)
        if len(members) > 1:
            drawn.append(members)
    first = np.append(0, np.cumsum([len(members) for members in drawn]))
    weight = rng.integers(1, 51, size=len(drawn)).astype(float)
    return Hypergraph(cores, weight, first, np.concatenate(drawn))
