"""Choosing the tiles of all layers together, for the axons that lead out depend on both ends.

A core's output axons are counted from its own tile and from the tiles of every layer that hears
it; all other limits concern one layer alone. So each layer has its list of legal grids, the
cheapest first, and those are combined: first greedily from the last layer to the first, then
better by searching again, exhaustively within a budget, the surroundings of each layer that could
not have its cheapest grid.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from spikeseg.chips.boxes import Shape
from spikeseg.compiling.candidates import Candidate, is_legal, make_candidate, proposals
from spikeseg.compiling.out_axons import Choice, OutAxons
from spikeseg.compiling.resources import Accounts

Cost = tuple[int, int]
GREEDY_BUDGET, LOCAL_BUDGET = 200_000, 4_000


@dataclass(eq=False)
class Options:
    """The legal grids of one layer, checked only as far as they are asked for."""

    accounts: Accounts
    layer: str
    given: Shape | None = None
    legal: list[Candidate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rest = iter(self._proposed())

    def __iter__(self) -> Iterator[Candidate]:
        number = 0
        while number < len(self.legal) or self._find():
            yield self.legal[number]
            number += 1

    def _proposed(self) -> list[Candidate]:
        if self.given is not None:
            return [make_candidate(self.accounts, self.layer, self.given)]
        return proposals(self.accounts, self.layer)

    def _find(self) -> bool:
        for one in self._rest:
            if is_legal(self.accounts, one):
                self.legal.append(one)
                return True
        return False


class Search:
    """Finds for every layer a grid such that no core breaks a limit.

    Args:
        accounts: of the network and the chip.
        given: tiles (C, H, W) that are not to be chosen.
    """

    def __init__(self, accounts: Accounts, given: Mapping[str, Shape]) -> None:
        self.accounts = accounts
        self.options = {name: Options(accounts, name, given.get(name)) for name in accounts.layers}
        self.axons = OutAxons(accounts)
        self.order = _consumers_first(accounts)
        self._left = 0

    def run(self) -> dict[str, Candidate] | None:
        """Return the grids found, or nothing if there are none within the budget."""
        choice = self._first()
        if choice is not None:
            while self._improve(choice):
                pass
        return choice

    def _first(self) -> dict[str, Candidate] | None:
        self._left = GREEDY_BUDGET
        return next(self._complete({}, self.order, (0, 0), [None]), None)

    def _improve(self, choice: dict[str, Candidate]) -> bool:
        """Change ``choice`` for the better where a layer has not its cheapest grid."""
        before = _cost(choice.values())
        for layer in self.order:
            if choice[layer].cost > self._least(layer):
                self._search_around(layer, choice)
        return _cost(choice.values()) < before

    def _search_around(self, layer: str, choice: dict[str, Candidate]) -> None:
        near = self._near(layer)
        names = [name for name in self.order if name in near]
        fixed = {name: one for name, one in choice.items() if name not in near}
        best: list[Cost | None] = [_cost(choice[name] for name in names)]
        self._left = LOCAL_BUDGET
        for found in self._complete(fixed, names, (0, 0), best):
            choice.update(found)
            best[0] = _cost(choice[name] for name in names)

    def _near(self, layer: str) -> set[str]:
        """Return a layer, those that hear it, and those that they hear."""
        targets = {target for target, _ in self.accounts.outgoing[layer]}
        sources = {c.source for target in targets for c in self.accounts.incoming[target]}
        return ({layer} | targets | sources) & set(self.options)

    def _least(self, layer: str) -> Cost:
        return next(iter(self.options[layer])).cost

    def _complete(
        self,
        chosen: dict[str, Candidate],
        open_layers: Sequence[str],
        spent: Cost,
        best: list[Cost | None],
    ) -> Iterator[dict[str, Candidate]]:
        """Yield complete choices cheaper than ``best``, depth first, the cheapest grids first."""
        if not open_layers:
            yield dict(chosen)
            return
        layer, rest = open_layers[0], open_layers[1:]
        least = (0, 0)
        for name in rest:
            least = _add(least, self._least(name))
        for one in self.options[layer]:
            cost = _add(spent, one.cost)
            if self._left <= 0 or (best[0] is not None and _add(cost, least) >= best[0]):
                return
            self._left -= 1
            chosen[layer] = one
            if self._fits(layer, chosen):
                yield from self._complete(chosen, rest, cost, best)
            del chosen[layer]

    def _fits(self, layer: str, chosen: Choice) -> bool:
        """Return whether all output axons that ``layer`` just made countable are few enough."""
        concerned = {layer} | {c.source for c in self.accounts.incoming[layer]}
        limit = self.accounts.chip.out_axons
        for name in concerned & set(chosen):
            targets = [target for target, _ in self.accounts.outgoing[name]]
            known = all(target in chosen for target in targets)
            if known and self.axons.most(chosen[name], chosen) > limit:
                return False
        return True


def _consumers_first(accounts: Accounts) -> list[str]:
    """Return the layers, each after those that hear it as far as there are no circles."""
    order: list[str] = []
    waiting = list(accounts.layers)
    while waiting:
        ready = [
            name for name in waiting if all(t in (name, *order) for t, _ in accounts.outgoing[name])
        ]
        order += ready or waiting[-1:]
        waiting = [name for name in waiting if name not in order]
    return order


def _add(a: Cost, b: Cost) -> Cost:
    return a[0] + b[0], a[1] + b[1]


def _cost(candidates: Iterable[Candidate]) -> Cost:
    total = (0, 0)
    for one in candidates:
        total = _add(total, one.cost)
    return total
