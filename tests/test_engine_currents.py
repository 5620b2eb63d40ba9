"""Connections in torch against matrices that are written out entry by entry."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_transforms import KINDS, chains
from slow_twin import chain_map
from spikeseg.engine.currents import Current
from spikeseg.graph import Connection
from spikeseg.graph.transforms import output_shape


def assert_current_is_the_matrix(chain, shape, seed):
    x = np.random.default_rng(seed).integers(-8, 9, (2, *shape)) / 8
    matrix, bias, out_shape = chain_map(chain, shape)
    expected = (x.reshape(2, -1) @ matrix.T + bias).reshape(2, *out_shape)
    found = Current(Connection("a", "b", chain), torch.zeros((), dtype=torch.float64))
    np.testing.assert_allclose(found(torch.tensor(x)).numpy(), expected, rtol=1e-12, atol=1e-12)
    assert output_shape(chain, shape) == out_shape


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 99))
def test_each_transform_computes_what_its_definition_says(kind, data, seed):
    chain, shape = data.draw(chains(max_length=1, kinds=(kind,)))
    assert_current_is_the_matrix(chain, shape, seed)


@settings(max_examples=40, deadline=None)
@given(drawn=chains(), seed=st.integers(0, 99))
def test_a_chain_computes_the_product_of_its_matrices(drawn, seed):
    assert_current_is_the_matrix(*drawn, seed)
