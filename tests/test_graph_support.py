"""Synapses counted by formula against synapses counted one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_transforms import KINDS, chains, shapes, with_all_ones
from slow_twin import chain_map
from spikeseg.graph import (
    AveragePooling,
    ChannelPadding,
    Convolution,
    TransposedConvolution,
    Upsampling,
    fan_out,
    num_multiplications,
    num_synapses,
)


def ones(*shape):
    return np.ones(shape, np.float32)


def counted(chain, shape):
    """Send one impulse at a time through weights of one; count the neurons that it reaches."""
    matrix, _, _ = chain_map([with_all_ones(t) for t in chain], shape)
    return np.count_nonzero(matrix, axis=0).reshape(shape)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_fan_out_of_each_transform_is_what_an_impulse_reaches(kind, data):
    chain, shape = data.draw(chains(max_length=1, kinds=(kind,)))
    np.testing.assert_array_equal(fan_out(chain, shape), counted(chain, shape))


@settings(max_examples=80, deadline=None)
@given(drawn=chains(max_length=4))
def test_the_fan_out_of_a_chain_is_what_an_impulse_reaches(drawn):
    chain, shape = drawn
    np.testing.assert_array_equal(fan_out(chain, shape), counted(chain, shape))
    assert num_synapses(chain, shape) == counted(chain, shape).sum()


@given(shape=shapes())
def test_a_connection_without_transforms_has_one_synapse_per_neuron(shape):
    np.testing.assert_array_equal(fan_out((), shape), np.ones(shape, int))


def test_borders_cut_synapses_off():
    conv = Convolution(ones(2, 1, 3, 3), padding=(1, 1, 1, 1))
    assert fan_out((conv,), (1, 3, 3)).tolist() == [[[8, 12, 8], [12, 18, 12], [8, 12, 8]]]


def test_weights_of_zero_count_as_synapses():
    empty = Convolution(np.zeros((2, 1, 3, 3), np.float32), padding=(1, 1, 1, 1))
    assert num_synapses((empty,), (1, 4, 4)) == num_synapses(
        (Convolution(ones(2, 1, 3, 3), padding=(1, 1, 1, 1)),), (1, 4, 4)
    )


def test_overlapping_paths_to_one_neuron_are_one_synapse():
    enlarge, blur = Upsampling((2, 2)), Convolution(ones(1, 1, 3, 3), padding=(1, 1, 1, 1))
    assert fan_out((enlarge, blur), (1, 4, 4))[0, 1, 1] == 16


def test_pixels_that_a_stride_jumps_over_have_no_synapses():
    assert fan_out((Convolution(ones(1, 1, 1, 1), stride=(2, 2)),), (1, 2, 2)).tolist() == [
        [[1, 0], [0, 0]]
    ]


def multiplications(chain, shape):
    """Count the products of a convolution one by one, those with padded zeros left out."""
    total = 0
    for transform in chain:
        matrix, _, after = chain_map([with_all_ones(transform)], shape)
        if isinstance(transform, Convolution | TransposedConvolution):
            total += int(matrix.sum())  # entries of one, one for each product of weight and input
        shape = after
    return total


@settings(max_examples=60, deadline=None)
@given(drawn=chains(max_length=3))
def test_multiplications_are_those_of_each_convolution_on_its_own(drawn):
    assert num_multiplications(*drawn) == multiplications(*drawn)


def test_multiplications_of_a_known_layer():
    conv = Convolution(ones(4, 3, 3, 3), padding=(1, 1, 1, 1))
    inner, border = 4 * 3 * 9 * 6 * 6, 4 * 3 * (4 * 6 * 6 + 4 * 4)
    assert num_multiplications((conv,), (3, 8, 8)) == inner + border


def test_pooling_upsampling_and_placing_cost_no_multiplications():
    free = (AveragePooling((2, 2), (2, 2)), Upsampling((2, 2), "bilinear"), ChannelPadding(1, 1))
    assert num_multiplications(free, (2, 4, 4)) == 0
