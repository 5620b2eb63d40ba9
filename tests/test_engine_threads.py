"""The engine uses as many threads as torch may: torch's own, if they can be had."""

import os
import subprocess
import sys
import threading

import pytest
import torch

from spikeseg.engine import threads

NUMBA = """
import numba, torch
from spikeseg.engine import spiking_scan

torch.set_num_threads(1)
current = torch.rand(3, 2, 4, 8, 8)
spiking_scan(current, torch.zeros_like(current[0]))
print(torch.get_num_threads(), numba.get_num_threads())
"""
FORKED = """
import os, torch
from spikeseg.engine.threads import share

torch.set_num_threads(2)
torch.ones(1 << 20).add_(1)
found = []
share(lambda first, last: found.append((first, last)), 8, 1 << 20)
child = os.fork()
if child == 0:
    share(lambda first, last: found.append((first, last)), 8, 1 << 20)
    os._exit(0 if sorted(found) == [(0, 4), (0, 4), (4, 8), (4, 8)] else 1)
print(os.waitpid(child, 0)[1])
"""


@pytest.fixture(params=["torch's", "a pool's"])
def two_threads(request, monkeypatch):
    """Let torch have two threads; the engine takes them, or others where they cannot be had."""
    if request.param == "a pool's":
        monkeypatch.setattr(threads, "_openmp", lambda: None)
    elif threads._openmp() is None:
        pytest.skip("torch has no OpenMP of GNU's interface")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def printed(code, *options):
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_first_compiled_loop_of_a_process_leaves_torch_its_threads():
    """In a process of its own: Numba sets up its threads once."""
    assert printed(NUMBA, "-W", "error").split() == ["1", "1"]


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("chunks", [2, 3, 64])
def test_every_chunk_is_done_once_by_two_threads_at_a_time(chunks):
    meeting, done = threading.Barrier(2, timeout=30), []

    def work(first, last):
        meeting.wait()  # fails if one thread does both
        done.extend(range(first, last))

    threads.share(work, chunks, 1 << 20)
    assert sorted(done) == list(range(chunks))


@pytest.mark.usefixtures("two_threads")
def test_what_goes_wrong_in_a_thread_is_raised():
    def work(first, last):
        if first:
            raise ValueError(f"chunk {first}")

    with pytest.raises(ValueError, match="chunk 4"):
        threads.share(work, 8, 1 << 20)


@pytest.mark.usefixtures("two_threads")
def test_little_work_and_single_chunks_are_for_one_thread():
    found = []
    threads.share(lambda *ends: found.append(ends), 8, 1)
    threads.share(lambda *ends: found.append(ends), 1, 1 << 20)
    assert found == [(0, 8), (0, 1)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_that_was_forked_has_threads_of_its_own():
    assert printed(FORKED).split() == ["0"]
