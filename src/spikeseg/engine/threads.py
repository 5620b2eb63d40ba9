"""One number of threads: for torch, for Numba, and for compiled code."""

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache

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

    They are torch's own threads, where its OpenMP can be had. Those go on looking for work for some
    milliseconds after each of torch's operations, and others would have to wait for a core.

    Args:
        work: takes the first chunk and the one behind the last.
        chunks: how many there are.
        numbers: what all of them come to; few are left to one thread.
    """
    threads = min(torch.get_num_threads(), chunks) if numbers > _SMALL else 1
    if threads == 1:
        work(0, chunks)
        return
    team, errors = _openmp() or _pool, list[BaseException]()

    def take(number: int, count: int) -> None:
        try:
            work(chunks * number // count, chunks * (number + 1) // count)
        except BaseException as error:
            errors.append(error)

    team(take, threads)
    if errors:
        raise errors[0]


_Team = Callable[[Callable[[int, int], None], int], None]  # runs take(number, count) on each


def _pool(take: Callable[[int, int], None], threads: int) -> None:
    others = [_workers(threads).submit(take, k, threads) for k in range(1, threads)]
    take(0, threads)
    for other in others:
        other.result()


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads - 1, "spikeseg")


@cache
def _openmp() -> _Team | None:
    """Return a team of torch's own threads; ``None`` where it has none of GNU's interface.

    Nor in a process that was forked: OpenMP would wait for threads that did not come along.
    """
    if os.getpid() != _PROCESS:
        return None
    library = ctypes.CDLL(torch._C.__file__)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    try:
        run, number, count = (getattr(library, name) for name in _GNU)
    except AttributeError:
        return None
    run.argtypes, run.restype = (kind, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint), None

    def team(take: Callable[[int, int], None], threads: int) -> None:
        run(kind(lambda _: take(number(), count())), None, threads, 0)

    return team


_PROCESS = os.getpid()
_GNU = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads")


def _forget() -> None:
    _workers.cache_clear()
    _openmp.cache_clear()


os.register_at_fork(after_in_child=_forget)
