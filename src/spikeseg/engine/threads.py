"""One number of threads: for torch, for Numba, and for compiled code."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numba
import torch

_SMALL = 1 << 15  # numbers that one thread is faster with


@contextlib.contextmanager
def threads_of_torch() -> Iterator[None]:
    """Give Numba as many threads as torch has, and see that torch keeps them.

    Both run on the same OpenMP; Numba's first parallel loop would otherwise set it to all cores.
    """
    threads = torch.get_num_threads()
    numba.set_num_threads(min(threads, _most_threads()))
    try:
        yield
    finally:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


@cache
def _most_threads() -> int:
    most: int = vars(numba.config)["NUMBA_NUM_THREADS"]
    return most


def share(work: Callable[[int, int], None], chunks: int, numbers: int) -> None:
    """Call ``work`` for all chunks, on as many threads as torch may use.

    Args:
        work: takes the first chunk and the one behind the last.
        chunks: how many there are.
        numbers: what all of them come to; few are left to one thread.
    """
    threads = min(torch.get_num_threads(), chunks) if numbers > _SMALL else 1
    shares = list(pairwise(chunks * k // threads for k in range(threads + 1)))
    others = [_workers(threads).submit(work, *share) for share in shares[1:]]
    work(*shares[0])
    for other in others:
        other.result()


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads - 1, "spikeseg")


os.register_at_fork(after_in_child=_workers.cache_clear)  # threads do not come along
