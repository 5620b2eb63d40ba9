"""One number of threads for torch and Numba."""

import contextlib
from collections.abc import Iterator
from functools import cache

import numba
import torch


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
