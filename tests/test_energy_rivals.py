"""The dense network: counted against torch, priced against closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drawn_transforms import convolutions, shapes, transposed_convolutions
from energy_works import small_graph
from spikeseg.energy import DenseLayer, DenseNetwork, Rival, count_dense, load_costs, price_rivals
from spikeseg.energy.precision import matched, matched_bits
from spikeseg.energy.rivals import rivals_under
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.graph import Connection, Convolution, Population, SpikingGraph
from spikeseg.graph.transforms import output_shape

LAYER = DenseLayer("a", "b", macs=1000, weights=90, kernel=30, inputs=64, outputs=40)
DENSE = DenseNetwork((LAYER,))


def priced(table: str, num_steps: int = 8, **options: object) -> dict[str, Rival]:
    rivals = price_rivals(DENSE, load_costs(table), num_steps, **options)
    return {rival.key: rival for rival in rivals}


def by_torch(transform, shape) -> int:
    """Count multiplications: ones through a layer of ones make one for each."""
    ones, weight = torch.ones(1, *shape), torch.ones(transform.weight.shape)
    rest = {"stride": transform.stride, "dilation": transform.dilation, "groups": transform.groups}
    if isinstance(transform, Convolution):
        top, bottom, left, right = transform.padding
        ones = torch.nn.functional.pad(ones, (left, right, top, bottom))
        return int(torch.nn.functional.conv2d(ones, weight, **rest).sum())
    rest |= {"padding": transform.padding, "output_padding": transform.output_padding}
    return int(torch.nn.functional.conv_transpose2d(ones, weight, **rest).sum())


@settings(max_examples=50, deadline=None)
@given(data=st.data(), shape=shapes(), transposed=st.booleans())
def test_multiplications_are_those_that_torch_makes(data, shape, transposed: bool) -> None:
    kind = transposed_convolutions if transposed else convolutions
    transform = data.draw(kind(shape[0]))
    try:
        after = output_shape((transform,), shape)
    except ShapeError:
        assume(False)
    ends = (Population("in", shape), Population("out", after))
    layer = count_dense(SpikingGraph(ends, (Connection("in", "out", (transform,)),))).layers[0]
    assert layer.macs == by_torch(transform, shape)
    assert layer.weights == transform.weight.size
    assert (layer.inputs, layer.outputs) == (math.prod(shape), math.prod(after))


def test_each_target_is_written_once_and_a_pooled_map_is_read_small() -> None:
    layers = {(layer.source, layer.target): layer for layer in count_dense(small_graph()).layers}
    assert layers["deep", "deeper"].inputs == 3 * 2 * 2
    written = [layers[source, "last"].outputs for source in ("deeper", "deep")]
    assert sorted(written) == [0, 3 * 4 * 4]


def test_what_the_host_computes_is_left_out() -> None:
    graph = small_graph()
    chip = count_dense(graph, on_host=("first",))
    assert count_dense(graph).macs - chip.macs == by_torch(
        graph.into("first")[0].transforms[0], (1, 8, 8)
    )


def test_an_unknown_population_on_the_host_is_refused() -> None:
    with pytest.raises(ConfigError, match="on_host names 'frist'; the populations are: input, fi"):
        count_dense(small_graph(), on_host=("frist",))


def test_a_network_that_is_all_on_the_host_is_refused() -> None:
    names = [p.name for p in small_graph().populations]
    with pytest.raises(ConfigError, match="there is nothing to compare with"):
        count_dense(small_graph(), on_host=names)


@settings(max_examples=50, deadline=None)
@given(num_steps=st.integers(1, 5000))
def test_the_matched_bits_are_the_logarithm_of_the_levels(num_steps: int) -> None:
    assert matched_bits(num_steps) == math.ceil(math.log2(num_steps + 1))


def test_arithmetic_of_the_rivals_by_hand() -> None:
    found = {key: rival.energy for key, rival in priced("horowitz45").items()}
    assert found["fp32"].value == pytest.approx(1000 * 4.6e-12)
    assert found["fp16"].value == pytest.approx(1000 * 1.5e-12)
    assert found["int8"].low == pytest.approx(1000 * 0.23e-12)
    assert found["int8"].value == pytest.approx(1000 * 0.3e-12)


def test_a_matched_multiplication_is_linear_in_bits_with_the_square_as_a_bound() -> None:
    energy = priced("horowitz45", num_steps=15)["matched"].energy
    assert energy.value == pytest.approx(1000 * (0.2 * 4 / 8 + 0.1) * 1e-12)
    assert energy.low == pytest.approx(1000 * (0.2 * 16 / 64 + 0.03) * 1e-12)


def test_memory_is_read_once_at_the_low_end_and_for_every_operation_at_the_high_end() -> None:
    bare, added = priced("horowitz45")["int8"], priced("horowitz45_memory")["int8"]
    bit = 20e-12 / 64
    once = (added.energy.value - bare.energy.value) / bit
    every = (added.energy.high - bare.energy.high) / bit
    assert once == pytest.approx(8 * (90 + 64 + 40))
    assert every == pytest.approx(8 * (2 * 1000 + 40))


def test_zeros_are_skipped_but_for_a_bit_each() -> None:
    found = priced("horowitz45_memory", nonzero={"a": 0.25})["sparse_int8"].energy.value
    bits = 8 * (90 + 64 * 0.25 + 40) + 64
    assert found == pytest.approx(250 * 0.3e-12 + bits * 20e-12 / 64)


def test_lemaire_reads_an_input_and_a_weight_for_every_multiplication() -> None:
    found = priced("lemaire2022")["int8"].energy.value * 1e12
    per_byte = 10 / 8192
    each = 0.3 + (64 + 90) * per_byte
    rest = 2 * 40 * per_byte * 40 + 0.1 * (64 + 40 + 30)
    assert found == pytest.approx(1000 * each + rest)


def test_a_device_costs_a_multiplication_for_each_mac_and_each_output() -> None:
    found = priced("keras_gpu")["dense"].energy.value
    assert found == pytest.approx((1000 + 40) * 0.3e-9)


def test_rivals_of_a_chip_come_from_other_tables_and_say_so() -> None:
    rivals = rivals_under(DENSE, load_costs("davies2018"), 8)
    tables = ("horowitz45_memory", "keras_cpu", "keras_gpu", "keras_arm")
    assert tuple(dict.fromkeys(rival.table for rival in rivals)) == tables


def test_rivals_of_an_arithmetic_table_stand_under_the_same_table() -> None:
    rivals = rivals_under(DENSE, load_costs("lemaire2022"), 8)
    assert {rival.table for rival in rivals} == {"lemaire2022"}


@pytest.mark.parametrize(("shares", "found"), [({}, "None"), ({"a": 1.5}, "1.5")])
def test_a_share_that_is_missing_or_out_of_range_is_refused(shares, found: str) -> None:
    with pytest.raises(ConfigError, match=f"activations of a that are not zero is {found}"):
        priced("horowitz45", nonzero=shares)


@settings(max_examples=50, deadline=None)
@given(num_steps=st.integers(1, 300))
def test_the_bounds_of_a_matched_network_enclose_its_value(num_steps: int) -> None:
    precision = matched(num_steps)
    assert precision.scale.low <= precision.scale.value <= precision.scale.high
    assert precision.weight_bits.low <= 8 <= precision.weight_bits.high


def test_a_map_between_two_convolutions_is_written_and_read() -> None:
    one = Convolution(np.ones((3, 1, 1, 1), np.float32))
    two = Convolution(np.ones((2, 3, 1, 1), np.float32))
    direct = Convolution(np.ones((2, 1, 1, 1), np.float32))
    ends = (Population("in", (1, 4, 4)), Population("out", (2, 4, 4)))
    ways = (Connection("in", "out", (direct,)), Connection("in", "out", (one, two)))
    layers = count_dense(SpikingGraph(ends, ways)).layers
    assert [(layer.inputs, layer.outputs) for layer in layers] == [(16, 32), (16, 48), (48, 0)]


def test_reading_for_every_operation_is_no_bound_where_there_are_fewer_than_numbers() -> None:
    sparse = DenseLayer("a", "b", macs=5, weights=90, kernel=30, inputs=64, outputs=40)
    table = load_costs("horowitz45_memory")
    energy = price_rivals(DenseNetwork((sparse,)), table, 8)[2].energy
    assert energy.high == pytest.approx(energy.value)
