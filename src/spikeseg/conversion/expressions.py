"""Expressions: a value in a network as a sum of chains of transforms, each from one population."""

from dataclasses import dataclass, replace

import numpy as np

from spikeseg.graph import ChannelAffine, ChannelPadding, ChannelSelection, Transform
from spikeseg.graph.transforms import Array, without_bias


@dataclass(frozen=True)
class Term:
    """A population's activation, sent through a chain of transforms."""

    source: str
    chain: tuple[Transform, ...] = ()


Expression = tuple[Term, ...]


def lengthened(expression: Expression, *transforms: Transform) -> Expression:
    """Append transforms to every term; only the first keeps their bias, or it would add up."""
    linear = tuple(without_bias(t) for t in transforms)
    return tuple(
        replace(term, chain=(*term.chain, *(linear if i else transforms)))
        for i, term in enumerate(expression)
    )


def scaled(expression: Expression, factors: Array) -> Expression:
    """Multiply each channel by its factor, (C,)."""
    if np.all(factors == 1):
        return tuple(replace(term) for term in expression)
    return lengthened(expression, ChannelAffine(factors))


def shifted(expression: Expression, shifts: Array) -> Expression:
    """Add to each channel its constant, (C,)."""
    shift = ChannelAffine(np.ones_like(shifts), shifts)
    first = replace(expression[0], chain=(*expression[0].chain, shift))
    return (first, *expression[1:])


def selected(expression: Expression, channels: list[int], width: int) -> Expression:
    """Return the expression with ``channels`` of its ``width`` channels; -1 is a channel of zeros.

    Parts of a concatenation that no chosen channel comes from are left out.
    """
    if channels == list(range(width)):
        return expression
    chosen = (_select(term, channels, width) for term in expression)
    return tuple(term for term in chosen if term is not None)


def _select(term: Term, channels: list[int], width: int) -> Term | None:
    chain = term.chain
    if chain and isinstance(chain[-1], ChannelPadding):
        before, width = chain[-1].before, width - chain[-1].before - chain[-1].after
        channels = [c - before if before <= c < before + width else -1 for c in channels]
        chain = chain[:-1]
    found = [i for i, c in enumerate(channels) if c >= 0]
    if not found:
        return None
    core = tuple(channels[found[0] : found[-1] + 1])
    if core != tuple(range(width)):
        chain = (*chain, ChannelSelection(core))
    if len(core) < len(channels):
        chain = (*chain, ChannelPadding(found[0], len(channels) - 1 - found[-1]))
    return replace(term, chain=chain)


def only_placed(expression: Expression, widths: dict[str, int]) -> bool:
    """Tell whether the terms are whole channels of populations side by side, none added to another.

    Max pooling works on each channel, so it can then be applied to each population on its own.

    Args:
        expression: any.
        widths: channels of each population.
    """
    taken: set[int] = set()
    for term in expression:
        if not all(isinstance(t, ChannelPadding | ChannelSelection) for t in term.chain):
            return False
        places = {i for i, c in enumerate(_carried(term, widths[term.source])) if c >= 0}
        if places & taken:
            return False
        taken |= places
    return True


def _carried(term: Term, width: int) -> list[int]:
    """Return for each output channel of a term the source channel that it is, or -1."""
    carried = list(range(width))
    for transform in term.chain:
        if isinstance(transform, ChannelPadding):
            carried = [-1] * transform.before + carried + [-1] * transform.after
        elif isinstance(transform, ChannelSelection):
            carried = [carried[c] if c >= 0 else -1 for c in transform.channels]
    return carried
