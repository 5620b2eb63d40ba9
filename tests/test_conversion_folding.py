"""Folding against the unfolded chain; scaling against the scaled input and output."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_transforms import chains
from slow_twin import chain_map
from spikeseg.conversion.folding import fold, scale_chain, with_bias
from spikeseg.graph import (
    AveragePooling,
    ChannelAffine,
    ChannelPadding,
    Convolution,
    TransposedConvolution,
    Upsampling,
)
from spikeseg.graph.transforms import output_shape

POWERS = st.integers(-6, 6).map(lambda n: 2.0**n)


def assert_same_map(found, expected):
    for one, other in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    assert found[2] == expected[2]


@settings(max_examples=150, deadline=None)
@given(drawn=chains(max_length=4))
def test_a_folded_chain_computes_the_same(drawn):
    chain, shape = drawn
    folded = fold(chain)
    assert len(folded) <= len(chain)
    assert_same_map(chain_map(folded, shape), chain_map(chain, shape))


@settings(max_examples=100, deadline=None)
@given(drawn=chains(max_length=4, kinds=("Convolution", "ChannelAffine", "ChannelPadding")))
def test_folding_meets_no_chain_that_it_would_fold_further(drawn):
    folded = fold(drawn[0])
    again = fold(folded)
    assert [type(t) for t in again] == [type(t) for t in folded]


@settings(max_examples=60, deadline=None)
@given(drawn=chains(max_length=3))
def test_folding_leaves_the_arrays_of_the_network_as_they_were(drawn):
    chain, shape = drawn
    arrays = [a for t in chain for a in (getattr(t, "weight", None), getattr(t, "bias", None))]
    before = [None if a is None else a.copy() for a in arrays]
    folded = fold(chain)
    scale_chain(folded, np.full(shape[0], 2.0), np.full(output_shape(folded, shape)[0], 4.0))
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def kernel(cout, cin, **options):
    return Convolution(np.ones((cout, cin, 3, 3), np.float32), **options)


def affine(channels, bias=True):
    ones = np.ones(channels, np.float32)
    return ChannelAffine(2 * ones, ones if bias else None)


TRANSPOSED = TransposedConvolution(np.ones((4, 3, 2, 2), np.float32), stride=(2, 2))


@pytest.mark.parametrize(
    ("chain", "kinds"),
    [
        ((kernel(4, 3), affine(4)), [Convolution]),
        ((TRANSPOSED, affine(3)), [TransposedConvolution]),
        ((affine(3), affine(3), affine(3)), [ChannelAffine]),
        ((affine(3), kernel(4, 3)), [Convolution]),
        ((affine(3, bias=False), kernel(4, 3, padding=(1, 1, 1, 1))), [Convolution]),
        # Zero padding comes after the shift: folded, the border would be shifted as well.
        ((affine(3), kernel(4, 3, padding=(1, 1, 1, 1))), [ChannelAffine, Convolution]),
        ((ChannelPadding(2, 1), kernel(4, 6)), [Convolution]),
        ((ChannelPadding(1, 0), TRANSPOSED), [TransposedConvolution]),
        ((ChannelPadding(1, 0), ChannelPadding(0, 2)), [ChannelPadding]),
        ((ChannelPadding(1, 2), Upsampling((2, 2)), kernel(4, 6)), [Upsampling, Convolution]),
        (
            (ChannelPadding(1, 2), AveragePooling((2, 2), (2, 2)), kernel(4, 6)),
            [AveragePooling, Convolution],
        ),
        (
            (kernel(3, 3), ChannelPadding(1, 0), affine(4, bias=False)),
            [Convolution, ChannelPadding],
        ),
        ((ChannelPadding(1, 0), kernel(4, 2, groups=2)), [ChannelPadding, Convolution]),
    ],
)
def test_chains_become_as_short_as_is_exact(chain, kinds):
    assert [type(t) for t in fold(chain)] == kinds


@settings(max_examples=150, deadline=None)
@given(drawn=chains(max_length=3), data=st.data())
def test_a_scaled_chain_takes_spikes_of_each_channels_value_and_gives_currents_in_another(
    drawn, data
):
    chain, shape = drawn
    matrix, bias, out = chain_map(chain, shape)
    source = np.array(data.draw(st.lists(POWERS, min_size=shape[0], max_size=shape[0])))
    target = np.array(data.draw(st.lists(POWERS, min_size=out[0], max_size=out[0])))
    scaled = chain_map(scale_chain(chain, source, target), shape)
    inputs = np.repeat(source, shape[1] * shape[2])
    outputs = np.repeat(target, out[1] * out[2])
    expected = matrix * inputs / outputs[:, None]
    assert_same_map(scaled, (expected, bias / outputs, out))


@settings(max_examples=60, deadline=None)
@given(drawn=chains(max_length=3), data=st.data())
def test_a_bias_is_added_to_every_place_of_its_channel(drawn, data):
    chain, shape = drawn
    matrix, bias, out = chain_map(chain, shape)
    added = np.array(data.draw(st.lists(POWERS, min_size=out[0], max_size=out[0])))
    expected = bias + np.repeat(added, out[1] * out[2])
    assert_same_map(chain_map(with_bias(chain, added), shape), (matrix, expected, out))


@pytest.mark.parametrize(("source", "target"), [(0.3, 0.7), (5.0, 5.0), (1.0, 1e-4)])
def test_a_chain_without_weights_gets_its_factor_as_one_more_transform(source, target):
    chain = (AveragePooling((2, 2), (2, 2)), ChannelPadding(1, 0))
    scaled = scale_chain(chain, np.full(2, source), np.full(3, target))
    matrix, _, out = chain_map(scaled, (2, 4, 4))
    assert out == (3, 2, 2)
    assert matrix.max() == pytest.approx(0.25 * source / target)


def test_equal_values_on_both_sides_change_nothing():
    chain = (Upsampling((2, 2)),)
    assert scale_chain(chain, np.full(2, 3.0), np.full(2, 3.0)) == chain
