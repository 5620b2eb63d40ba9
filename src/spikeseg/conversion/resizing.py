"""Resizing to a size that one image gives as a number: what it is in images of other sizes."""

import torch.nn.functional as F
from torch import Tensor, fx

from spikeseg.conversion.expressions import Expression
from spikeseg.conversion.walking import INPUT, Walk
from spikeseg.graph import MaxPooling, Resizing, Transform, Upsampling
from spikeseg.graph.scales import IMAGE, Scale, scale_after
from spikeseg.graph.transforms import Pair


def fixed_change(walk: Walk, value: Expression, before: Pair, after: Pair) -> Pair | None:
    """Return by how many pixels a value is resized in images of any size; ``None`` if it is not.

    It is where the resizing undoes what borders added or took away, so that the map has the size
    that its strides alone give: 17 x 17 pixels to 16 x 16, at a quarter of 64 x 64.

    Args:
        walk: up to the resizing.
        value: what is resized.
        before: its height and width.
        after: those that it gets.
    """
    known = _scales(walk)
    scales = [_along(known[term.source], *term.chain) for term in value]
    height, width = walk.shapes[INPUT][1:]
    if not all(s and s[0] * height == after[0] and s[1] * width == after[1] for s in scales):
        return None
    return after[0] - before[0], after[1] - before[1]


def at_any_size(node: fx.Node, x: fx.Node, transform: Transform) -> None:
    """Let a function that resizes to the size of the example do what its transform says.

    The module is traced with sizes that are numbers; without this, it would take no other image.

    Args:
        node: a call of ``interpolate``; layers stay as they are.
        x: what it resizes.
        transform: what it stands for.
    """
    if node.op != "call_function":
        return
    if isinstance(transform, Resizing):
        node.target = resized_by
        node.args, node.kwargs = (x, *transform.change, transform.align_corners), {}
    elif isinstance(transform, Upsampling):
        corners = transform.align_corners if transform.mode == "bilinear" else None
        factor = tuple(map(float, transform.factor))
        node.args = (x,)
        node.kwargs = {"scale_factor": factor, "mode": transform.mode, "align_corners": corners}


def resized_by(x: Tensor, rows: int, columns: int, align_corners: bool) -> Tensor:
    """Return a map with so many rows and columns more, or less, by bilinear interpolation."""
    size = (x.shape[-2] + rows, x.shape[-1] + columns)
    return F.interpolate(x, size, mode="bilinear", align_corners=align_corners)


def _scales(walk: Walk) -> dict[str, Scale]:
    """Return the scale of each population; those that pooling has fixed have none."""
    scales: dict[str, Scale] = {INPUT: IMAGE}
    for connection in walk.connections:
        gate = walk.gates.get(connection.target)
        scale = _along(scales[connection.source], *connection.transforms, gate)
        if scale or connection.target not in scales:
            scales[connection.target] = scale
    return scales


def _along(scale: Scale, *transforms: Transform | MaxPooling | None) -> Scale:
    for transform in transforms:
        scale = scale_after(scale, transform)
    return scale
