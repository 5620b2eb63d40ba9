"""When spikes arrive, and where: delays by hand, convolutions as torch makes them."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from spikeseg.chips import Box, ChipProgram, ListedSynapses, Window
from tests.hand_programs import POINT, core, kernel, neuron, program, recorded, spikes_at, trace


@pytest.fixture(params=["event", "dense"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param


def chain() -> ChipProgram:
    """Return three neurons in a row; the last also hears the input."""
    one = Box.whole(POINT)
    firing = {"threshold": 64}
    return program(
        {"in": POINT, "a": POINT, "b": POINT, "c": POINT},
        core("a", one, kernel("in", [128]), **firing),
        core("b", one, kernel("a", [128]), **firing),
        core("c", one, kernel("b", [128]), kernel("in", [256]), **firing),
    )


def test_every_hop_takes_one_step(engine: Any) -> None:
    found = recorded(chain(), 6, {"in": spikes_at(POINT, 1, 1)}, engine)
    assert trace(found, "a.spikes") == [0, 1, 0, 0, 0, 0]
    assert trace(found, "b.spikes") == [0, 0, 1, 0, 0, 0]


def test_a_skip_arrives_before_the_deep_path(engine: Any) -> None:
    found = recorded(chain(), 6, {"in": spikes_at(POINT, 1, 1)}, engine)
    assert trace(found, "c.u") == [0, 256, 0, 128, 0, 0]


def test_a_spike_of_any_step_arrives_in_the_next(engine: Any) -> None:
    steps = (1, 2, 63, 64, 65, 128, 129)
    made = neuron(kernel("in", [64]))
    found = trace(recorded(made, 200, {"in": spikes_at(POINT, 200, *steps)}, engine), "n.u")
    assert [t for t, u in enumerate(found, 1) if u] == [t + 1 for t in steps]


def test_a_loop_takes_one_step_a_turn(engine: Any) -> None:
    one = Box.whole(POINT)
    made = program(
        {"in": POINT, "n": POINT},
        core("n", one, kernel("in", [128]), kernel("n", [128]), threshold=64),
    )
    found = recorded(made, 5, {"in": spikes_at(POINT, 1, 1)}, engine)
    assert trace(found, "n.spikes") == [0, 1, 1, 1, 1]


def test_two_synapses_from_one_neuron_to_another_add_up(engine: Any) -> None:
    pre, post = np.zeros(2, np.int32), np.zeros(2, np.int32)
    made = neuron(ListedSynapses("in", pre, post, np.array([64, 192], np.int32)))
    found = recorded(made, 3, {"in": spikes_at(POINT, 1, 1)}, engine)
    assert trace(found, "n.u") == [0, 256, 0]


@pytest.mark.parametrize(("weight", "number"), [(16255, 3), (16255, 120), (16255, 1101)])
def test_sums_are_exact_beyond_16_and_24_bits(engine: Any, weight: int, number: int) -> None:
    made = neuron(kernel("in", [weight] * number), inputs=number)
    found = recorded(made, 2, {"in": spikes_at((number, 1, 1), 1, 1)}, engine)
    expected = (weight * number + 2**21) % 2**22 - 2**21
    assert trace(found, "n.u") == [0, expected]


def test_an_image_starts_from_the_beginning(engine: Any) -> None:
    made = neuron(kernel("in", [640]), decay_u=0, threshold=3000, refractory=9, bias=7)
    given = np.repeat(spikes_at(POINT, 12, 3, 9), 2, axis=1)
    found = recorded(made, 12, {"in": given}, engine)
    assert found.spike_counts["n"].ravel().tolist() == [1, 1]
    for values in found.traces.values():
        np.testing.assert_array_equal(values[:, 0], values[:, 1])


def test_cores_side_by_side_keep_their_own_kernels(engine: Any) -> None:
    left, right = Box((0, 0, 0), (1, 1, 1)), Box((0, 0, 1), (1, 1, 2))
    shapes = {"in": (1, 1, 2), "n": (1, 1, 2)}
    cores = core("n", left, kernel("in", [128])), core("n", right, kernel("in", [64]))
    found = recorded(program(shapes, *cores), 2, {"in": spikes_at((1, 1, 2), 1, 1)}, engine)
    assert found.traces["n.u"][1].ravel().tolist() == [128, 64]


def sliding(window: Window, taps: tuple[int, int], shapes: Any, cut: bool) -> Any:
    """Return currents of a random kernel and a random image, ours and what went in."""
    rng = np.random.default_rng(5)
    (c_in, *_), (c_out, h, w) = shapes
    weight = rng.integers(-127, 128, (*taps, c_in, c_out)) * 128
    middle = (h // 2, w // 2) if cut else (h, w)
    boxes = [
        Box((0, y, x), (c_out, yy, xx))
        for y, yy in ((0, middle[0]), (middle[0], h))
        for x, xx in ((0, middle[1]), (middle[1], w))
        if y < yy and x < xx
    ]
    synapses = kernel("in", weight, window=window)
    made = program(
        {"in": shapes[0], "n": shapes[1]}, *(core("n", box, synapses, v_min=-1023) for box in boxes)
    )
    fired = rng.random((1, 1, *shapes[0])) < 0.5
    return made, {"in": fired}, torch.from_numpy(weight).double()


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(
    ("stride", "dilation", "sides"),
    [
        ((1, 1), (1, 1), (1, 1, 1, 1)),
        ((2, 2), (1, 1), (0, 1, 0, 1)),  # 'same' of an even size
        ((2, 1), (1, 2), (1, 0, 2, 2)),
        ((3, 2), (1, 1), (0, 0, 0, 0)),
    ],
)
def test_a_convolution_is_that_of_torch(
    engine: Any, stride: Any, dilation: Any, sides: Any, cut: bool
) -> None:
    size = [n + sum(s) for n, s in ((8, sides[2:]), (6, sides[:2]))]
    out = [(n - 2 * d - 1) // s + 1 for n, d, s in zip(size, dilation, stride, strict=True)]
    window = Window(stride, (sides[2], sides[0]), dilation)
    made, given, weight = sliding(window, (3, 3), ((2, 8, 6), (3, *out)), cut)
    found = recorded(made, 2, given, engine)
    padded = functional.pad(torch.from_numpy(given["in"][0]).double(), sides)
    expected = functional.conv2d(
        padded, weight.permute(3, 2, 0, 1), stride=stride, dilation=dilation
    )
    np.testing.assert_array_equal(found.traces["n.u"][1], expected.numpy())


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize(
    ("taps", "stride", "padding", "more"),
    [
        ((2, 2), (2, 2), (0, 0), (0, 0)),
        ((3, 3), (2, 2), (1, 1), (1, 1)),
        ((3, 2), (1, 3), (1, 0), (0, 2)),
    ],
)
def test_a_transposed_convolution_is_that_of_torch(
    engine: Any, taps: Any, stride: Any, padding: Any, more: Any, cut: bool
) -> None:
    out = [
        (n - 1) * s + k - 2 * p + m
        for n, s, k, p, m in zip((4, 5), stride, taps, padding, more, strict=True)
    ]
    window = Window(stride, padding, transposed=True)
    made, given, weight = sliding(window, taps, ((2, 4, 5), (3, *out)), cut)
    found = recorded(made, 2, given, engine)
    expected = functional.conv_transpose2d(
        torch.from_numpy(given["in"][0]).double(),
        weight.permute(2, 3, 0, 1),
        stride=stride,
        padding=padding,
        output_padding=more,
    )
    np.testing.assert_array_equal(found.traces["n.u"][1], expected.numpy())
