"""Cutting into cores: every tile legal, as few cores as an exhaustive search finds."""

import dataclasses
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.emulator.networks import unet, wide_unet
from spikeseg.chips import Box, ChipSpec, Window, load_chip
from spikeseg.chips.boxes import Shape, is_partition
from spikeseg.compiling import FloatNetwork
from spikeseg.compiling.resources import network_use
from spikeseg.compiling.tiling import cut, least_cores
from spikeseg.errors import CompileError
from tests.cut_networks import grid, kernel, layer, network, slow_use

LOIHI, TOY = load_chip("loihi1"), load_chip("toy")
LIMITS = (TOY.compartments, TOY.in_axons, TOY.out_axons, TOY.synapse_bits)
SAME = Window(padding=(1, 1))


def image_layer(
    draw: st.DrawFn, name: str, source: str, shapes: dict[str, Shape]
) -> tuple[Shape, list[object]]:
    c, h, w = shapes[source]
    stride = draw(st.sampled_from((1, 2)))
    transposed = draw(st.booleans())
    taps = draw(st.integers(stride if transposed else 1, 3))
    channels = draw(st.sampled_from((1, 2, 4, 5, 8)))
    if transposed and max(h, w) * stride <= 9:
        window = Window((stride, stride), transposed=True)
        shape = (channels, h * stride, w * stride)
    else:
        window = Window((stride, stride), (taps // 2, taps // 2))
        shape = (channels, -(-h // stride), -(-w // stride))
    return shape, [kernel(source, (taps, taps, c, channels), window)]


@st.composite
def networks(draw: st.DrawFn) -> FloatNetwork:
    """Draw up to four layers, some with a skip from an earlier layer of the same size."""
    size = draw(st.integers(3, 9))
    shapes: dict[str, Shape] = {"input": (draw(st.integers(1, 4)), size, draw(st.integers(2, 9)))}
    layers = []
    for number in range(draw(st.integers(1, 4))):
        name, source = f"layer{number}", draw(st.sampled_from(sorted(shapes)))
        shape, kernels = image_layer(draw, name, source, shapes)
        twins = [k for k, s in shapes.items() if s[1:] == shape[1:]]
        if twins and draw(st.booleans()):
            twin = draw(st.sampled_from(twins))
            kernels.append(kernel(twin, (3, 3, shapes[twin][0], shape[0]), SAME))
        shapes[name] = shape
        of = draw(st.sampled_from(((), shape[:1], shape)))
        thresholds = np.arange(np.prod(of), dtype=np.float32).reshape(of)
        layers.append(layer(name, shape, *kernels, threshold=thresholds))
    return network({"input": shapes["input"]}, *layers)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_every_core_is_legal_and_every_neuron_lies_on_one(net: FloatNetwork) -> None:
    cuts = cut(net, TOY)
    for one in net.layers:
        assert is_partition(cuts[one.name], one.shape)
    for (name, box), use in slow_use(net, cuts, TOY.atoms, TOY.short_axons).items():
        assert all(n <= most for n, most in zip(use, LIMITS, strict=True)), (name, box, use)
        threshold = next(np.asarray(one.threshold) for one in net.layers if one.name == name)
        held = threshold[box.slices[: threshold.ndim]]
        assert len(set(held.ravel().tolist())) <= TOY.thresholds


def all_grids(shape: Shape) -> list[tuple[Box, ...]]:
    sizes = product(*(range(1, n + 1) for n in shape))
    return [grid(shape, (c, y, x)) for c, y, x in sizes if c * y * x <= TOY.compartments]


def fewest(net: FloatNetwork, chip: ChipSpec) -> int:
    """Return the fewest cores of all combinations of grids, by trying each."""
    names = [one.name for one in net.layers]
    combinations = product(*(all_grids(one.shape) for one in net.layers))
    for boxes in sorted(combinations, key=lambda one: sum(map(len, one))):
        uses = network_use(net, dict(zip(names, boxes, strict=True)), chip)
        if not any(use.over(chip) for use in uses):
            return len(uses)
    raise AssertionError("nothing fits")


def chain(c_in: int, c_out: int) -> FloatNetwork:
    first = layer("a", (c_in, 4, 5), kernel("input", (1, 1, 1, c_in)))
    second = layer("b", (c_out, 4, 5), kernel("a", (3, 3, c_in, c_out), SAME))
    return network({"input": (1, 4, 5)}, first, second)


@pytest.mark.parametrize("out_axons", [128, 40, 24, 16])
@pytest.mark.parametrize(("c_in", "c_out"), [(3, 4), (8, 5), (20, 6)])
def test_no_grids_need_fewer_cores(c_in: int, c_out: int, out_axons: int) -> None:
    chip = dataclasses.replace(TOY, out_axons=out_axons)
    net = chain(c_in, c_out)
    cuts = cut(net, chip)
    assert not any(use.over(chip) for use in network_use(net, cuts, chip))
    assert sum(map(len, cuts.values())) == fewest(net, chip)


def test_scarce_output_axons_cost_cores() -> None:
    cores = [
        sum(map(len, cut(chain(8, 5), dataclasses.replace(TOY, out_axons=n)).values()))
        for n in (128, 16)
    ]
    assert cores[0] < cores[1]


def test_a_recurrent_layer_is_cut() -> None:
    one = layer("a", (4, 8, 8), kernel("input", (1, 1, 1, 4)), kernel("a", (3, 3, 4, 4), SAME))
    net = network({"input": (1, 8, 8)}, one)
    cuts = cut(net, TOY)
    assert is_partition(cuts["a"], (4, 8, 8))
    assert not any(use.over(TOY) for use in network_use(net, cuts, TOY))


def test_a_dense_layer_is_cut() -> None:
    net = network(
        {"input": (2, 4, 4)},
        layer("a", (100, 1, 1), kernel("input", (4, 4, 2, 100))),
        layer("b", (70, 1, 1), kernel("a", (1, 1, 100, 70))),
    )
    cuts = cut(net, TOY)
    slow = slow_use(net, cuts, TOY.atoms, TOY.short_axons)
    assert all(n <= most for use in slow.values() for n, most in zip(use, LIMITS, strict=True))


def test_a_given_tile_is_taken() -> None:
    net = network({"input": (1, 6, 6)}, layer("a", (2, 6, 6), kernel("input", (3, 3, 1, 2), SAME)))
    assert cut(net, TOY, {"a": (1, 4, 5)})["a"] == grid((2, 6, 6), (1, 4, 5))


@pytest.mark.parametrize(
    ("tile", "words"),
    [
        ({"a": (2, 6, 6)}, r"72 neurons, 8 more than the 64"),
        ({"a": (3, 1, 1)}, r"tile given for a is \(3, 1, 1\)"),
        ({"b": (1, 1, 1)}, r"'b'; the layers are a"),
    ],
)
def test_a_given_tile_that_does_not_fit_is_refused(tile: dict[str, Shape], words: str) -> None:
    net = network({"input": (1, 6, 6)}, layer("a", (2, 6, 6), kernel("input", (3, 3, 1, 2), SAME)))
    with pytest.raises(CompileError, match=words):
        cut(net, TOY, tile)


def dense(sources: int) -> FloatNetwork:
    return network(
        {"input": (sources, 1, 1)}, layer("a", (2, 1, 1), kernel("input", (1, 1, sources, 2)))
    )


def test_what_fits_no_core_is_refused_with_the_most_that_fits() -> None:
    with pytest.raises(CompileError) as caught:
        cut(dense(200), TOY)
    assert "200 input axons, 72 more than the 128" in str(caught.value)
    assert "at most 128 channels of each source" in str(caught.value)
    assert cut(dense(128), TOY)
    with pytest.raises(CompileError):
        cut(dense(129), TOY)


def wide_kernel(taps: int) -> FloatNetwork:
    window = Window(padding=(taps // 2, taps // 2))
    one = layer("a", (2, 20, 20), kernel("input", (taps, taps, 64, 2), window))
    return network({"input": (64, 20, 20)}, one)


def test_a_kernel_that_is_too_large_is_refused_with_the_largest_that_fits() -> None:
    with pytest.raises(CompileError) as caught:
        cut(wide_kernel(9), TOY)
    assert "46,656 bits of synaptic memory, 13,888 more than the 32,768" in str(caught.value)
    assert "at most 46 channels of each source, or with kernels of at most 7 x 7" in str(
        caught.value
    )
    assert cut(wide_kernel(7), TOY)
    with pytest.raises(CompileError):
        cut(wide_kernel(8), TOY)


def test_a_layer_that_reaches_too_many_cores_is_refused_by_name() -> None:
    net = network(
        {"input": (1, 1, 1)},
        layer("a", (1, 1, 1), kernel("input", (1, 1, 1, 1))),
        layer("b", (9000, 1, 1), kernel("a", (1, 1, 1, 9000))),
    )
    with pytest.raises(CompileError, match=r"a fits no core of toy.*141 output axons, 13 more"):
        cut(net, TOY)


@pytest.mark.parametrize(
    ("net", "neurons", "cores"),
    [(unet(16, 0), 10_496, 12), (unet(76, 0), 236_816, 250), (wide_unet(96, 0), 248_832, 248)],
    ids=["unet16", "unet76", "wide96"],
)
def test_a_large_network_is_packed_tightly_and_soon(
    net: FloatNetwork, neurons: int, cores: int
) -> None:
    assert sum(int(np.prod(one.shape)) for one in net.layers) == neurons
    begin = time.process_time()
    cuts = cut(net, LOIHI)
    assert time.process_time() - begin < 10
    assert least_cores(net, LOIHI) <= sum(map(len, cuts.values())) <= cores
    for one in net.layers:
        assert is_partition(cuts[one.name], one.shape)
