"""Hypothesis strategies for transforms and chains of them, with weights on an exact grid."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from spikeseg.errors import ShapeError
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    ChannelSelection,
    Convolution,
    Padding,
    Resizing,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import output_shape


def pairs(low, high):
    return st.tuples(st.integers(low, high), st.integers(low, high))


def weights(draw, *shape):
    """Draw multiples of 1/4 in -2..2, float32."""
    seed = draw(st.integers(0, 2**16))
    return np.float32(np.random.default_rng(seed).integers(-8, 9, shape) / 4)


def biases(draw, channels):
    return weights(draw, channels) if draw(st.booleans()) else None


@st.composite
def convolutions(draw, channels):
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    out = groups * draw(st.integers(1, 2))
    return Convolution(
        weights(draw, out, channels // groups, *draw(pairs(1, 3))),
        biases(draw, out),
        stride=draw(pairs(1, 3)),
        padding=tuple(draw(st.integers(0, 2)) for _ in range(4)),
        dilation=draw(pairs(1, 2)),
        groups=groups,
    )


@st.composite
def transposed_convolutions(draw, channels):
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0]))
    per_group = draw(st.integers(1, 2))
    stride, dilation = draw(pairs(1, 3)), draw(pairs(1, 2))
    longest = [max(s, d) - 1 for s, d in zip(stride, dilation, strict=True)]  # as torch demands
    return TransposedConvolution(
        weights(draw, channels, per_group, *draw(pairs(1, 3))),
        biases(draw, per_group * groups),
        stride=stride,
        padding=draw(pairs(0, 1)),
        output_padding=tuple(draw(st.integers(0, n)) for n in longest),
        dilation=dilation,
        groups=groups,
    )


@st.composite
def poolings(draw, channels):
    kernel = draw(pairs(1, 3))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)  # as torch demands
    return AveragePooling(kernel, draw(pairs(1, 3)), padding)


@st.composite
def upsamplings(draw, channels):
    mode = draw(st.sampled_from(["nearest", "bilinear", "zeros"]))
    return Upsampling(draw(pairs(1, 3)), mode, mode == "bilinear" and draw(st.booleans()))


@st.composite
def resizings(draw, channels):
    return Resizing(draw(pairs(-3, 3)), draw(st.booleans()))


@st.composite
def affines(draw, channels):
    return ChannelAffine(weights(draw, channels), biases(draw, channels))


@st.composite
def paddings(draw, channels):
    return ChannelPadding(draw(st.integers(0, 2)), draw(st.integers(0, 2)))


@st.composite
def selections(draw, channels):
    chosen = draw(st.lists(st.integers(-1, channels - 1), min_size=1, max_size=4))
    return ChannelSelection(tuple(chosen))


@st.composite
def borders(draw, channels):
    return Padding(tuple(draw(st.integers(-2, 2)) for _ in range(4)))


KINDS = {
    "Convolution": convolutions,
    "TransposedConvolution": transposed_convolutions,
    "AveragePooling": poolings,
    "Upsampling": upsamplings,
    "Resizing": resizings,
    "ChannelAffine": affines,
    "ChannelPadding": paddings,
    "ChannelSelection": selections,
    "Padding": borders,
}


def shapes():
    return st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))


@st.composite
def chains(draw, max_length=3, kinds=tuple(KINDS)):
    """Draw (transforms, (C, H, W)): a chain that fits and stays small."""
    shape = draw(shapes())
    chain, now = [], shape
    for _ in range(draw(st.integers(1, max_length))):
        transform = draw(KINDS[draw(st.sampled_from(kinds))](now[0]))
        try:
            after = output_shape((transform,), now)
        except ShapeError:
            continue
        if max(after) <= 14:
            chain, now = [*chain, transform], after
    return tuple(chain), shape


def with_all_ones(transform):
    """Return the transform with every weight 1 and no bias: its support shows in its output."""
    if not hasattr(transform, "weight"):
        return transform
    return replace(transform, weight=np.ones_like(transform.weight), bias=None)
