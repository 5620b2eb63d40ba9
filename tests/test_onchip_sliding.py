"""The convolutions of training equal a sum over all meetings, exactly."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.chips import Window
from spikeseg.onchip import sliding


@st.composite
def cases(draw: st.DrawFn) -> tuple[Window, tuple[int, ...], tuple[int, int], int]:
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    transposed = draw(st.booleans())
    window = Window(draw(pair), draw(st.tuples(*[st.integers(0, 2)] * 2)), draw(pair), transposed)
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    size = (draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    return window, (*draw(pair), *shape), size, draw(st.integers(0, 10**6))


def summed(
    window: Window, spikes: np.ndarray, weight: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Add up one meeting at a time."""
    out = np.zeros((len(spikes), weight.shape[3], *size))
    for i, o, k in window.meetings(0, weight.shape[0], spikes.shape[2], size[0]):
        for j, p, m in window.meetings(1, weight.shape[1], spikes.shape[3], size[1]):
            out[:, :, o, p] += spikes[:, :, i, j] @ weight[k, m]
    return out


@pytest.mark.parametrize("int8", [True, False])
@settings(max_examples=60, deadline=None)
@given(case=cases())
def test_sums_are_exact(
    int8: bool, case: tuple[Window, tuple[int, ...], tuple[int, int], int]
) -> None:
    window, (rows, columns, channels, height, width), size, seed = case
    rng = np.random.default_rng(seed)
    spikes = (rng.random((2, channels, height, width)) < 0.4).astype(np.float32)
    weight = rng.integers(-127, 128, (rows, columns, channels, 5)).astype(np.float32)
    arguments = (torch.from_numpy(spikes), torch.from_numpy(weight), window, size)
    slide = sliding.slide if int8 else sliding.slide_plain
    assert (slide(*arguments).numpy() == summed(window, spikes, weight, size)).all()


def test_gradients_are_those_of_torch() -> None:
    torch.manual_seed(0)
    window, size = Window((2, 2), (1, 1)), (4, 4)
    spikes = (torch.rand(2, 3, 8, 8) < 0.3).float().requires_grad_()
    weight = torch.randint(-127, 128, (3, 3, 3, 4)).float().requires_grad_()
    towards = torch.randn(2, 4, 4, 4)
    found = torch.autograd.grad(
        sliding.slide(spikes, weight, window, size), (spikes, weight), towards
    )
    wanted = torch.autograd.grad(
        sliding.slide_plain(spikes, weight, window, size), (spikes, weight), towards
    )
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=0.02, atol=0.02 * float(b.abs().max()))
