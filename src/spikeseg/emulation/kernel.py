"""Compiled loops: spikes of the step before to sums of weights, sums to the spikes of this step.

A block of neurons is a picture of rows; in a row lie columns, in a column channels. For one step of
one row, every source row that reaches it is a job: for each of its spikes a run of weights is added
to the row's sums ``q``. Then the row's neurons take their step, and who fires is written down.
"""

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from spikeseg.emulation.processor import packs_lanes
from spikeseg.emulation.stepping import stepper
from spikeseg.emulation.vectors import LANES, adder, lowest_bit, num_bits, pack

LISTED = 0  # in place of a number of lanes: synapses one by one
_PACKS = packs_lanes()
_PLAIN, _LEAKY, _CHECKED = stepper(False, False), stepper(True, False), stepper(True, True)
_compiled = numba.njit(nogil=True, error_model="numpy")
_inlined = numba.njit(nogil=True, error_model="numpy", forceinline=True)  # counts no references


def _scatter(lanes: int) -> Callable[..., None]:
    """Compile the jobs whose runs consist of ``count`` parts of ``lanes`` weights."""
    one, two, three = (adder(lanes, count) for count in (1, 2, 3))

    @_compiled
    def scatter(
        events: Any, first: Any, last: Any, table: Any, t: Any, q: Any, w: Any, j: Any, count: Any
    ) -> None:
        if count == 1:
            for e in range(first, last):
                at = t + 2 * np.int64(events[e])
                one(q, np.int64(table[at]), w, j + table[at + 1])
        elif count == 2:
            for e in range(first, last):
                at = t + 2 * np.int64(events[e])
                two(q, np.int64(table[at]), w, j + table[at + 1])
        elif count == 3:
            for e in range(first, last):
                at = t + 2 * np.int64(events[e])
                three(q, np.int64(table[at]), w, j + table[at + 1])
        else:
            for e in range(first, last):
                at = t + 2 * np.int64(events[e])
                for k in range(0, count * lanes, lanes):
                    one(q, table[at] + k, w, j + table[at + 1] + k)

    made: Callable[..., None] = scatter
    return made


_scatter_1, _scatter_8, _scatter_16, _scatter_32 = (_scatter(lanes) for lanes in (1, 8, 16, 32))


@_compiled
def _scatter_listed(
    events: Any, first: Any, last: Any, table: Any, t: Any, q: Any, w: Any, j: Any, posts: Any
) -> None:
    for e in range(first, last):
        at = t + events[e]
        for k in range(table[at], table[at + 1]):
            q[table[posts + k]] += w[j + k]


def _scan(step: Callable[..., int]) -> Callable[..., int]:
    """Compile the step of one row; it returns the end of the written spikes."""

    @_compiled
    def scan(
        size: Any,
        u: Any,
        v: Any,
        rest: Any,
        q: Any,
        p: Any,
        tally: Any,
        i: Any,
        j: Any,
        o: Any,
        limits: Any,
        events: Any,
        end: Any,
    ) -> Any:
        for k in range(0, size, LANES):
            at = (o[0] + k, o[1] + k, o[2] + k, o[3] + k, o[4] + k)
            bits = step(u, v, rest, q, p, tally, i + k, j + k, at, limits)
            if _PACKS:
                pack(events, end, k, bits)
                end += num_bits(bits)
            else:
                while bits:
                    events[end] = k + lowest_bit(bits)
                    end += 1
                    bits &= bits - 1
        return end

    made: Callable[..., int] = scan
    return made


_scan_plain, _scan_leaky, _scan_checked = (_scan(step) for step in (_PLAIN, _LEAKY, _CHECKED))


@_inlined
def _deliver(
    lanes: Any,
    events: Any,
    first: Any,
    last: Any,
    table: Any,
    t: Any,
    q: Any,
    w: Any,
    j: Any,
    count: Any,
) -> None:
    """Do one job: add what the spikes of one row of a source bring."""
    if lanes == 8:
        _scatter_8(events, first, last, table, t, q, w, j, count)
    elif lanes == 16:
        _scatter_16(events, first, last, table, t, q, w, j, count)
    elif lanes == 32:
        _scatter_32(events, first, last, table, t, q, w, j, count)
    elif lanes == 1:
        _scatter_1(events, first, last, table, t, q, w, j, count)
    else:
        _scatter_listed(events, first, last, table, t, q, w, j, count)


@_compiled
def _served(
    lanes: Any, events: Any, first: Any, last: Any, table: Any, t: Any, w: Any, j: Any, count: Any
) -> Any:
    """Return how many synapses one job serves; ``w`` has a one in place of each of them."""
    served = 0
    for e in range(first, last):
        if lanes == LISTED:
            begin, end = table[t + events[e]], table[t + events[e] + 1]
        else:
            begin = table[t + 2 * events[e] + 1]
            end = begin + count * lanes
        for k in range(begin, end):
            served += w[j + k]
    return served


@_inlined
def _count(
    rows: Any, size: Any, edges: Any, counts: Any, events: Any, starts: Any, numbers: Any, out: Any
) -> None:
    """Count the spikes of the slots and rows between the edges."""
    first, last, top, bottom = edges
    for r in range(top, bottom):
        for slot in range(first, last):
            place = out + slot * rows + r
            for e in range(starts[place], starts[place] + numbers[place]):
                counts[r * size + events[e]] += 1


def _stamp() -> int:
    """Return a number that changes with the sources that the cached code was compiled from."""
    folder = Path(__file__).parent
    names = ("kernel.py", "stepping.py", "vectors.py")
    return zlib.crc32(b"".join((folder / name).read_bytes() for name in names))


@cache
def row_kernel(deliveries: bool) -> Callable[..., None]:
    """Return the compiled loop over steps and rows of one section.

    Args:
        deliveries: whether it counts the synapses that it serves, which takes time.

    The arguments of the loop in order:

    edges: first slot, slot behind the last, first row, row behind the last; slot 0 is the step
        before the first.
    layout: neurons a row with padding; lanes; kind of step; of the sums: index, stride of a step
        and of a row.
    limits: v_min, v_max, the power of two that the sums count, unused bits of ``q`` and of ``u``.
    u, v, rest, counts: state and numbers of spikes, row by row.
    q: sums.
    parameters, places: and where in them each row's five parameters begin.
    jobs, job_ends: for each job the place of its spikes in ``starts`` at slot 0, that place's
        stride of a slot, the places of table and weights, parts of a run (or the place of the
        listed targets); and each row's first job.
    table, weights: for every source neuron of a row, where in ``q`` and ``weights`` its run begins.
    events, starts, numbers: who fired, and where each row's spikes begin and how many they are.
    out: the place of the block's row 0, slot 0 in ``starts``; at: where to write into ``events``.
    tally: wraps of ``q``, ``u`` and ``u + bias``.
    ones: ``weights`` with a one in place of each synapse, if it counts them; or empty.
    served: where it counts them.
    seen_u, seen_v: ``u`` and ``v`` of all steps, or empty.
    """
    stamp = _stamp()

    @numba.njit(nogil=True, error_model="numpy", cache=True)
    def run(
        edges: Any,
        layout: Any,
        limits: Any,
        u: Any,
        v: Any,
        rest: Any,
        counts: Any,
        q: Any,
        parameters: Any,
        places: Any,
        jobs: Any,
        job_ends: Any,
        table: Any,
        weights: Any,
        events: Any,
        starts: Any,
        numbers: Any,
        out: Any,
        at: Any,
        tally: Any,
        ones: Any,
        served: Any,
        seen_u: Any,
        seen_v: Any,
    ) -> Any:
        first, last, top, bottom = edges
        size, lanes, kind, q_start, q_step, q_row = layout
        rows, end = len(places), at
        for slot in range(first, last):
            for r in range(top, bottom):
                for n in range(job_ends[r], job_ends[r + 1]):
                    job = jobs[n, 0] + (slot - 1) * jobs[n, 1]
                    begin, t, w, c = starts[job], jobs[n, 2], jobs[n, 3], jobs[n, 4]
                    behind = begin + numbers[job]
                    _deliver(lanes, events, begin, behind, table, t, q, weights, w, c)
                    if deliveries:  # known when this is compiled
                        served[0] += _served(lanes, events, begin, behind, table, t, ones, w, c)
                i, j = r * size, q_start + (slot - 1) * q_step + r * q_row
                p = places[r]
                o = (p[0], p[1], p[2], p[3], p[4])
                place = out + slot * rows + r
                starts[place] = end
                if kind == 0:
                    end = _scan_plain(
                        size, u, v, rest, q, parameters, tally, i, j, o, limits, events, end
                    )
                elif kind == 1:
                    end = _scan_leaky(
                        size, u, v, rest, q, parameters, tally, i, j, o, limits, events, end
                    )
                else:
                    end = _scan_checked(
                        size, u, v, rest, q, parameters, tally, i, j, o, limits, events, end
                    )
                numbers[place] = end - starts[place]
                to = ((slot - 1) * rows + r) * size
                if seen_u.size:
                    seen_u[to : to + size] = u[i : i + size]
                if seen_v.size:
                    seen_v[to : to + size] = v[i : i + size]
        _count(rows, size, edges, counts, events, starts, numbers, out)
        return stamp

    made: Callable[..., None] = run
    return made
