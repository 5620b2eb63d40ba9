"""Compiled loops of the count pass: spikes as booleans to sums over channels, classes and boxes.

Spikes are ``uint8``, 0 or 1. What a spike of row ``t`` does is written to column ``t + 1``.
"""

from typing import Any

import numba
import numpy as np

_compiled = numba.njit(nogil=True, error_model="numpy", cache=True)


@_compiled
def add_channels(fired: Any, image: Any, first: Any, last: Any, sums: Any) -> None:
    """Sum up channels ``first`` to ``last`` of (T, B, C, P) into (rows, P), at most 255 of them."""
    for t in range(len(sums)):
        row = sums[t]
        row[:] = 0
        for c in range(first, last - 3, 4):  # four at a time: the sums are read and written less
            i, j, k, m = (
                fired[t, image, c],
                fired[t, image, c + 1],
                fired[t, image, c + 2],
                fired[t, image, c + 3],
            )
            for p in range(row.size):
                row[p] += i[p] + j[p] + k[p] + m[p]
        for c in range(last - (last - first) % 4, last):
            added = fired[t, image, c]
            for p in range(row.size):
                row[p] += added[p]


@_compiled
def add_classes(sums: Any, group: Any, label: Any, classes: Any) -> None:
    """Add (rows, H, W) to (classes, rows); rows of equal ``label`` (G, W) are summed up first."""
    rows, height, width = sums.shape
    lines = np.empty(label.shape, np.int32)
    found = np.empty(len(classes), np.int32)
    for t in range(rows):
        lines[:] = 0
        for y in range(height):
            line, added = lines[group[y]], sums[t, y]
            for x in range(width):
                line[x] += added[x]
        found[:] = 0
        for g in range(len(label)):
            for x in range(width):
                found[label[g, x]] += lines[g, x]
        for k in range(found.size):
            classes[k, t] += found[k]


@_compiled
def add_products(
    classes: Any, of: Any, to: Any, each: Any, packets: Any, operations: Any, arrived: Any
) -> None:
    """Add what the spikes of a class do at a core, for each (class, core), to (cores, T)."""
    for n in range(len(of)):
        fired, a, b = classes[of[n]], each[n], packets[n]
        here, there = operations[to[n]], arrived[to[n]]
        for t in range(fired.size):
            here[t + 1] += fired[t] * a
            there[t + 1] += fired[t] * b


@_compiled
def pack_steps(sums: Any, words: Any) -> None:
    """Set in (words, P), uint64, bit ``t % 64`` of word ``t // 64`` where (rows, P) is not 0."""
    for first in range(0, sums.shape[1], 1024):  # whose words stay in the nearest cache
        for t in range(len(sums)):
            word, row = words[t // 64, first : first + 1024], sums[t, first : first + 1024]
            bit = np.uint64(t % 64)
            for p in range(row.size):
                word[p] |= np.uint64(row[p] != 0) << bit


@_compiled
def spread(words: Any, down: Any, across: Any, reached: Any) -> None:
    """Set in (words, H, W) the bits of the targets that the sources reach through some tap.

    ``down`` and ``across`` have for each tap: first source, step, first target, step, number.
    """
    lines = np.empty((reached.shape[1], words.shape[2]), np.uint64)
    for w in range(len(reached)):
        lines[:] = 0
        for k in range(len(down)):
            source, step, target, stride, number = down[k]
            for n in range(number):
                line, added = lines[target + n * stride], words[w, source + n * step]
                for x in range(line.size):
                    line[x] |= added[x]
        for y in range(len(lines)):
            _along(lines[y], across, reached[w, y])


@_compiled
def _along(line: Any, across: Any, to: Any) -> None:
    for k in range(len(across)):
        source, step, target, stride, number = across[k]
        if step == 1 and stride == 1:
            for x in range(number):
                to[target + x] |= line[source + x]
        else:
            for x in range(number):
                to[target + x * stride] |= line[source + x * step]


@_compiled
def add_boxes(reached: Any, spans: Any, cores: Any, channels: Any, found: Any) -> None:
    """Add to (cores, T) how many neurons of each core have their bits set in (words, H, W).

    ``spans`` are of each rectangle: top, bottom, left, right, and where its cores begin and end.
    """
    rows = found.shape[1] - 1
    marked = np.empty(64, np.int64)
    for w in range(len(reached)):
        begin, size = 64 * w, min(64, rows - 64 * w)
        for top, bottom, left, right, first, last in spans:
            marked[:] = 0
            for y in range(top, bottom):
                for x in range(left, right):
                    bits = reached[w, y, x]
                    for t in range(size):
                        marked[t] += np.int64((bits >> np.uint64(t)) & np.uint64(1))
            for n in range(first, last):
                line = found[cores[n]]
                for t in range(size):
                    line[begin + t + 1] += marked[t] * channels[n]


@_compiled
def mark_listed(fired: Any, image: Any, pre: Any, post: Any, marks: Any) -> None:
    """Mark in (rows, compartments) the targets of spikes (T, B, P), synapse by synapse."""
    for t in range(len(marks)):
        for n in range(pre.size):
            if fired[t, image, pre[n]]:
                marks[t, post[n]] = 1


@_compiled
def add_steps(fired: Any, counts: Any) -> None:
    """Sum up (T, B, N) over steps."""
    for t in range(len(fired)):
        for b in range(len(counts)):
            row, added = counts[b], fired[t, b]
            for n in range(row.size):
                row[n] += added[n]


@_compiled
def add_nets(cuts: Any, label: Any, counts: Any, last: Any, fired: Any, late: Any) -> None:
    """Add spike counts (B, C, P) to the nets of their neurons; those of the last step apart.

    ``label`` has the net of each pixel for the channels between one cut and the next.
    """
    several, few = np.empty(label.shape[1], np.int32), np.empty(label.shape[1], np.int32)
    for b in range(len(counts)):
        for k in range(len(label)):
            several[:] = few[:] = 0
            for c in range(cuts[k], cuts[k + 1]):
                added, ended = counts[b, c], last[b, c]
                for p in range(several.size):
                    several[p] += added[p]
                for p in range(few.size):
                    few[p] += ended[p]
            for p in range(several.size):
                fired[label[k, p]] += several[p]
                late[label[k, p]] += few[p]
