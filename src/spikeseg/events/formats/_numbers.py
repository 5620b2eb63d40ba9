"""Lines of four decimal numbers, parsed exactly: digits and a power of ten, no floating point."""

from typing import Any

import numba
import numpy as np

_compiled = numba.njit(nogil=True, cache=True)
_DIGITS = 18
_NOT_FOUR, _NO_NUMBER, _NOT_WHOLE = 1, 2, 3
WRONG = {
    _NOT_FOUR: "does not hold four numbers",
    _NO_NUMBER: "holds something that is no number",
    _NOT_WHOLE: "has an x, y or p that is no small whole number",
}


@_compiled
def _digits(text: Any, at: Any, end: Any) -> Any:
    """Return the digits as a number, how many are left of its point, the end, if there is a point.

    The second is a power of ten: digits beyond the 18th are dropped.
    """
    value, power, used, has_point = np.int64(0), np.int64(0), np.int64(0), False
    while at < end:
        c = np.int64(text[at])
        if c == 46 and not has_point:
            has_point = True
        elif 48 <= c <= 57:
            if used < _DIGITS:
                value = value * 10 + c - 48
                used += value > 0
                power -= has_point
            else:
                power += not has_point
        else:
            break
        at += 1
    return value, power, at, has_point


@_compiled
def _number(text: Any, at: Any, end: Any) -> Any:
    """Return mantissa, power of ten, where the number ends (-1: none), whether it has a point."""
    is_negative = at < end and text[at] == 45
    begin = at + (at < end and (text[at] == 45 or text[at] == 43))
    value, power, at, has_point = _digits(text, begin, end)
    if at == begin or (at == begin + 1 and has_point):
        return 0, 0, -1, False
    if at < end and (text[at] == 101 or text[at] == 69):
        sign = -1 if at + 1 < end and text[at + 1] == 45 else 1
        begin = at + 1 + (at + 1 < end and (text[at + 1] == 45 or text[at + 1] == 43))
        exponent, more, at, dotted = _digits(text, begin, end)
        if at == begin or dotted or more or exponent > 99:
            return 0, 0, -1, False
        power, has_point = power + sign * exponent, True
    return -value if is_negative else value, power, at, has_point


@_compiled
def _whole(value: int, power: int) -> int:
    """Return a mantissa times a power of ten, or -2 if that is no whole number below 10**6."""
    while power < 0 and value % 10 == 0 and value != 0:
        value, power = value // 10, power + 1
    if value == 0:
        return 0
    while power > 0 and abs(value) < 10**6:
        value, power = value * 10, power - 1
    return value if power == 0 and -1 <= value < 10**6 else -2


@_compiled
def _is_gap(c: int) -> bool:
    return c == 32 or c == 9 or c == 44 or c == 13


@_compiled
def _line(text: Any, at: int, end: int, values: Any, powers: Any) -> tuple[int, bool]:
    """Parse a line into four values and powers; return what is wrong (0: nothing) and the point."""
    count, has_point = 0, False
    while True:
        while at < end and _is_gap(text[at]):
            at += 1
        if at == end:
            return (0 if count == 4 else _NOT_FOUR), has_point
        if count == 4:
            return _NOT_FOUR, has_point
        values[count], powers[count], at, dotted = _number(text, at, end)
        if at < 0 or (at < end and not _is_gap(text[at])):
            return _NO_NUMBER, has_point
        has_point = dotted if count == 0 else has_point
        count += 1


@_compiled
def parse(
    text: Any, start: int, t: Any, powers: Any, places: Any
) -> tuple[int, int, int, bool, int]:
    """Parse all lines from a byte on; empty ones and those that begin with # are passed over.

    Args:
        text: (bytes,) uint8.
        start: the first byte of the first line.
        t: (lines,) int64, gets the mantissas of the times.
        powers: (lines,) int16, gets their powers of ten.
        places: (3, lines) int32, gets x, y and p.

    Returns:
        How many events there are, what is wrong (0: nothing), in which line (from 1, counted from
        ``start``), whether any time has a point or an exponent, and where that line begins.
    """
    value, power = np.zeros(4, np.int64), np.zeros(4, np.int64)
    count, line, at, has_point = 0, 0, start, False
    while at < len(text):
        end = at
        while end < len(text) and text[end] != 10:
            end += 1
        line += 1
        first = at
        while first < end and _is_gap(text[first]):
            first += 1
        if first < end and text[first] != 35:
            wrong, dotted = _line(text, first, end, value, power)
            for k in range(3):
                places[k, count] = _whole(value[k + 1], power[k + 1])
                wrong = _NOT_WHOLE if wrong == 0 and places[k, count] == -2 else wrong
            if wrong:
                return count, wrong, line, has_point, at
            t[count], powers[count] = value[0], power[0]
            has_point |= dotted
            count += 1
        at = end + 1
    return count, 0, line, has_point, at
