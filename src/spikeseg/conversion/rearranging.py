"""Slices, crops, zero padding and their kin, by what they do to an image of numbered pixels.

There are many ways to write a slice. So the operation itself is run on an image whose pixels are
numbered from 1, and the numbers that come out tell where every pixel came from; 0 is padding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from spikeseg.conversion.expressions import Expression, lengthened, selected
from spikeseg.conversion.refusals import refuse
from spikeseg.graph import AveragePooling, ChannelSelection, Padding, Transform, Upsampling
from spikeseg.graph.transforms import Shape


def numbered(shape: Shape) -> Tensor:
    """Return an image, (1, C, H, W), whose pixels are numbered from 1."""
    count = shape[0] * shape[1] * shape[2]
    return torch.arange(1, count + 1, dtype=torch.float64).view(1, *shape)


@dataclass(frozen=True)
class _Line:
    """What happens along one axis: cut off at both ends, take every n-th, enlarge, add zeros."""

    cut: tuple[int, int]
    step: int
    factor: int
    zeros: tuple[int, int]


def rearranged(expression: Expression, shape: Shape, numbers: Tensor) -> Expression:
    """Return an expression whose pixels are rearranged like ``numbers``.

    Args:
        expression: of a value of ``shape``.
        shape: (C, H, W) before.
        numbers: what became of `numbered` pixels, (1, C', H', W').

    Raises:
        Refusal: it is no slice, crop or padding with zeros.
    """
    axes = _separated(numbers, shape)
    rows = _line(axes[1], shape[1]) if axes else None
    columns = _line(axes[2], shape[2]) if axes else None
    if not axes or rows is None or columns is None:
        raise refuse(
            "pixels are put into another order or repeated",
            "slices, crops and padding with zeros",
        )
    chosen = selected(expression, axes[0], shape[0])
    if not chosen:
        raise refuse("nothing but zeros is left", "slices that hold something")
    return lengthened(chosen, *_transforms(rows, columns))


def _separated(numbers: Tensor, shape: Shape) -> list[list[int]] | None:
    """Return the channel, row and column that each output channel, row and column came from."""
    if numbers.ndim != 4 or not numbers.numel():
        return None
    places = numbers[0].long() - 1
    size = shape[1] * shape[2]
    parts = (places // size, places // shape[2] % shape[1], places % shape[2])
    found = [torch.where(places < 0, -1, part) for part in parts]
    channels, rows, columns = (found[i].amax([a for a in range(3) if a != i]) for i in range(3))
    c, y, x = channels[:, None, None], rows[None, :, None], columns[None, None, :]
    again = torch.where((c < 0) | (y < 0) | (x < 0), -1, (c * shape[1] + y) * shape[2] + x)
    return [a.tolist() for a in (channels, rows, columns)] if torch.equal(again, places) else None


def _line(sources: list[int], length: int) -> _Line | None:
    """Return what maps 0..length-1 to ``sources``; -1 is padding, ``None`` another mapping."""
    there = [i for i, source in enumerate(sources) if source >= 0]
    if not there:
        return None
    inner = sources[there[0] : there[-1] + 1]
    zeros = (there[0], len(sources) - 1 - there[-1])
    if length == 1 and all(source == 0 for source in inner):
        return _Line((0, 0), 1, len(inner), zeros)
    step = inner[1] - inner[0] if len(inner) > 1 else 1
    if step < 1 or inner != list(range(inner[0], inner[0] + step * len(inner), step)):
        return None
    left = length - 1 - inner[-1]
    return _Line((inner[0], left if left >= step else 0), step, 1, zeros)


def _transforms(rows: _Line, columns: _Line) -> tuple[Transform, ...]:
    cut = Padding((-rows.cut[0], -rows.cut[1], -columns.cut[0], -columns.cut[1]))
    thinned = AveragePooling((1, 1), (rows.step, columns.step))
    enlarged = Upsampling((rows.factor, columns.factor))
    padded = Padding((*rows.zeros, *columns.zeros))
    steps: list[tuple[Transform, bool]] = [
        (cut, any(cut.padding)),
        (thinned, thinned.stride != (1, 1)),
        (enlarged, enlarged.factor != (1, 1)),
        (padded, any(padded.padding)),
    ]
    return tuple(transform for transform, needed in steps if needed)


def shuffled(expression: Expression, channels: int, factor: int) -> Expression:
    """Return what ``PixelShuffle(factor)`` makes of ``channels``: a part for each place in a block.

    Output pixel (y r + i, x r + j) of channel c is pixel (y, x) of channel c r^2 + i r + j.
    """
    parts: Expression = ()
    for place in range(factor**2):
        i, j = divmod(place, factor)
        chosen = selected(expression, list(range(place, channels, factor**2)), channels)
        moved = (Padding((i, -i, j, -j)),) if place else ()
        spread = (Upsampling((factor, factor), "zeros"), *moved)
        parts += tuple(t for term in chosen for t in lengthened((term,), *spread))
    return parts


def unshuffled(expression: Expression, channels: int, factor: int) -> Expression:
    """Return what ``PixelUnshuffle(factor)`` makes of ``channels``, the opposite of `shuffled`."""
    parts: Expression = ()
    for place in range(factor**2):
        i, j = divmod(place, factor)
        moved = (Padding((-i, 0, -j, 0)),) if place else ()
        targets = [
            k // factor**2 if k % factor**2 == place else -1 for k in range(channels * factor**2)
        ]
        thinned = AveragePooling((1, 1), (factor, factor))
        parts += lengthened(expression, *moved, thinned, ChannelSelection(tuple(targets)))
    return parts
