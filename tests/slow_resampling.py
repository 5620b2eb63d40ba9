"""One output row or column of a resampled map, from its definition, in fractions."""

from fractions import Fraction

from spikeseg.graph import Resizing


def new_length(t, length, axis):
    """Return how many rows (axis 0) or columns a map of ``length`` gets."""
    return length + t.change[axis] if isinstance(t, Resizing) else length * t.factor[axis]


def line_weights(t, place, length, axis):
    """Return {source: weight} of one output row or column; fractions, so that 0 is exactly 0."""
    out = new_length(t, length, axis)
    mode = "bilinear" if isinstance(t, Resizing) else t.mode
    if mode == "zeros":
        factor = t.factor[axis]
        return {place // factor: Fraction(1)} if place % factor == 0 else {}
    if mode == "nearest":
        return {place // t.factor[axis]: Fraction(1)}
    if t.align_corners:
        position = Fraction(place * (length - 1), max(out - 1, 1))
    else:
        position = (place + Fraction(1, 2)) * Fraction(length, out) - Fraction(1, 2)
    position = min(max(position, Fraction(0)), Fraction(length - 1))
    first = int(position)
    weights = {first: 1 - (position - first), first + 1: position - first}
    return {source: weight for source, weight in weights.items() if weight}
