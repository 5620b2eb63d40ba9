"""A sequence of samples that are made or read when asked for."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar, overload

from spikeseg.data import Sample

Item = TypeVar("Item")
CACHE_BYTES = 256 * 2**20
"""How much decoded data a sequence keeps; the samples used longest ago go first."""


class LazySamples(Sequence[Sample]):
    """Samples that ``make`` gives for an item number; recent ones are kept in memory.

    Args:
        make: returns the sample of an item; called when the sample is first indexed.
        items: the item number of each sample.
        cache_bytes: how much to keep.
    """

    def __init__(
        self, make: Callable[[int], Sample], items: Sequence[int], cache_bytes: int = CACHE_BYTES
    ) -> None:
        self._make = make
        self._items = tuple(items)
        self._cache_bytes = cache_bytes
        self._cache: OrderedDict[int, Sample] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> "LazySamples": ...
    def __getitem__(self, index: int | slice) -> "Sample | LazySamples":
        if isinstance(index, slice):
            return LazySamples(self._make, self._items[index], self._cache_bytes)
        item = self._items[index]
        sample = self._cache.pop(item, None) or self._make(item)
        self._cache[item] = sample
        while len(self._cache) > 1 and sum(map(_nbytes, self._cache.values())) > self._cache_bytes:
            self._cache.popitem(last=False)
        return sample


def samples_of(make: Callable[[Item], Sample], items: Sequence[Item]) -> LazySamples:
    """Return the samples that ``make`` gives for items of any kind."""
    return LazySamples(partial(_nth, make, items), range(len(items)))


def _nth(make: Callable[[Item], Sample], items: Sequence[Item], number: int) -> Sample:
    return make(items[number])


def _nbytes(sample: Sample) -> int:
    return sample.image.nbytes + sample.mask.nbytes
