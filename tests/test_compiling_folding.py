"""Folding equals the engine's own currents on random maps, borders included."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.chips import Window
from spikeseg.compiling.folding import Folded, fold
from spikeseg.engine.currents import Current
from spikeseg.errors import CompileError
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    ChannelSelection,
    Connection,
    Convolution,
    Padding,
    Resizing,
    Transform,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import output_shape


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def heard(folded: Folded, image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Apply a kernel one meeting at a time."""
    out = np.zeros(shape) + folded.bias[:, None, None]
    taps = folded.weight.shape
    for i, o, k in folded.window.meetings(0, taps[0], image.shape[1], shape[1]):
        for j, p, m in folded.window.meetings(1, taps[1], image.shape[2], shape[2]):
            out[:, o, p] += image[:, i, j] @ folded.weight[k, m]
    return out


CONVOLUTIONS = st.sampled_from(
    [
        Convolution(weights(4, 3, 3, 3), weights(4), padding=(1, 1, 1, 1)),
        Convolution(weights(6, 1, 3, 3), None, padding=(0, 1, 0, 1), groups=3),
        Convolution(weights(4, 3, 1, 1), weights(4)),
        Convolution(weights(2, 3, 2, 3), weights(2)),
    ]
)
SLIDING = st.sampled_from(
    [
        Convolution(weights(4, 3, 3, 3), weights(4), stride=(2, 1), padding=(1, 0, 0, 1)),
        Convolution(weights(4, 3, 3, 3), None, dilation=(2, 1), padding=(2, 2, 1, 1)),
        TransposedConvolution(weights(3, 4, 2, 2), weights(4), stride=(2, 2)),
        TransposedConvolution(
            weights(3, 2, 3, 3), None, (2, 2), padding=(1, 1), output_padding=(1, 1), groups=3
        ),
    ]
)
CHANNELS = st.sampled_from(
    [
        (),
        (ChannelAffine(weights(3)),),
        (ChannelSelection((2, -1, 0)),),
        (ChannelSelection((1,)), ChannelPadding(1, 1)),
    ]
)
BEFORE = st.sampled_from(
    [
        AveragePooling((2, 2), (2, 2)),
        AveragePooling((2, 1), (2, 1)),
        Upsampling((2, 2)),
        Upsampling((2, 3)),
        Upsampling((2, 2), "zeros"),
        Padding((1, 0, 3, 2)),
    ]
)


def check(chain: tuple[Transform, ...]) -> None:
    image = np.random.default_rng(0).normal(size=(3, 6, 8)).astype(np.float32)
    shape = output_shape(chain, image.shape)
    wanted = Current(Connection("a", "b", chain), torch.zeros(1))(torch.from_numpy(image)[None])
    found = heard(fold(chain, image.shape, "a -> b"), image, shape)
    np.testing.assert_allclose(found, wanted[0].numpy(), atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(CHANNELS, SLIDING)
def test_a_convolution_after_channels(first: tuple[Transform, ...], conv: Transform) -> None:
    check((*first, conv))


@settings(max_examples=40, deadline=None)
@given(CHANNELS, BEFORE, CONVOLUTIONS, st.booleans())
def test_a_change_of_resolution_before_a_convolution(
    first: tuple[Transform, ...], before: Transform, conv: Convolution, scaled: bool
) -> None:
    last = (ChannelAffine(weights(len(conv.weight)), weights(len(conv.weight))),)
    check((*first, before, conv, *(last if scaled else ())))


@settings(max_examples=10, deadline=None)
@given(BEFORE)
def test_a_change_of_resolution_alone(before: Transform) -> None:
    check((before,))
    check((before, ChannelAffine(weights(3), weights(3))))


def test_a_border_is_cut_off() -> None:
    check((Padding((1, 0, -1, 2)), Convolution(weights(2, 3, 2, 3))))


def test_nothing_is_the_identity() -> None:
    folded = fold((), (2, 4, 4), "a -> b")
    assert folded.window == Window()
    assert (folded.weight[0, 0] == np.eye(2)).all()


WIDE = Convolution(weights(3, 3, 3, 3), weights(3), padding=(1, 1, 1, 1))


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ((Upsampling((2, 2), "bilinear"), WIDE), "nearest or transposed"),
        (
            (WIDE, Resizing((-1, -1))),
            r"bilinear resizing .* network.name fcn, .*network.upsampling transposed",
        ),
        ((AveragePooling((3, 3), (2, 2)), WIDE), r"kernel \(3, 3\), stride \(2, 2\)"),
        ((Padding((0, 0, -1, 0)), WIDE), "is cut off"),
        ((WIDE, WIDE), "Put neurons between"),
        ((ChannelAffine(weights(3), weights(3)), WIDE), "a bias comes before"),
        ((Upsampling((2, 2)), TransposedConvolution(weights(3, 3, 2, 2))), "one of the two alone"),
        ((Upsampling((2, 2)), Convolution(weights(3, 3, 3, 3), stride=(2, 2))), "has stride 1"),
    ],
)
def test_what_no_kernel_expresses_is_refused(chain: tuple[Transform, ...], message: str) -> None:
    with pytest.raises(CompileError, match=f"^a -> b: .*{message}"):
        fold(chain, (3, 6, 8), "a -> b")
