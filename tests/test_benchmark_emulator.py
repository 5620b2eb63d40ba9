"""The emulator's benchmark: what it counts, what it refuses, what it quotes."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmarks.emulator.driven import draw_spikes, driven_unet
from benchmarks.emulator.measure import check_equal, fan_out_of, summarize
from benchmarks.emulator.picture import draw
from spikeseg.emulation import emulate

driven = cache(driven_unet)


def row(size: int, activity: float, ratio: float) -> dict[str, float]:
    return {
        "size": size,
        "neurons": 41 * size**2,
        "activity": activity,
        "ratio": ratio,
        "ratio_two_threads": ratio * 2,
        "ms_per_step": 1.0,
        "peer_ms_per_step": ratio,
        "estimated_limit_ms": 0.5,
        "peak_mb": 100.0,
    }


ROWS = [row(size, activity, size * activity) for size in (8, 16) for activity in (0.02, 0.05, 0.1)]


def test_the_largest_network_at_five_percent_is_quoted() -> None:
    found = summarize(ROWS)
    assert found["neurons"] == 41 * 256
    assert found["ratio_237k_5pct_1thread"] == pytest.approx(0.8)
    assert found["ratio_237k_5pct_2threads"] == pytest.approx(1.6)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    draw(ROWS, tmp_path / "emulator.png")
    assert (tmp_path / "emulator.png").stat().st_size > 10_000


def test_every_layer_fires_as_often_as_was_asked_for() -> None:
    network, program = driven(8, 0.1)
    counts = emulate(program, draw_spikes(network, 0.1, 100)).spike_counts
    assert [n.mean() / 100 for n in counts.values()] == pytest.approx([0.1] * 9, rel=0.15)


def test_synapses_that_spikes_reach_are_counted_as_convolutions_of_ones_count_them() -> None:
    network, program = driven(8, 0.1)
    spikes = draw_spikes(network, 0.1, 10)
    ours = emulate(program, spikes)
    fired = {name: torch.from_numpy(n.astype(float)) for name, n in ours.spike_counts.items()}
    fired["input"] = torch.from_numpy(spikes["input"].sum(0).astype(float))
    total = 0.0
    for layer in network.layers:
        for kernel in layer.kernels:
            taps, step = kernel.weight.shape[0], kernel.window.stride[0]
            ones = torch.ones(1, 1, taps, taps, dtype=torch.float64)
            pixels = fired[kernel.source].sum(1, keepdim=True)
            if kernel.window.transposed:
                reached = functional.conv_transpose2d(pixels, ones, stride=step)
            else:
                lost = (layer.shape[1] - 1) * step + taps - pixels.shape[-1]
                low = lost // 2
                padded = functional.pad(pixels, (low, lost - low, low, lost - low))
                reached = functional.conv2d(padded, ones, stride=step)
            total += float(reached.sum()) * layer.shape[0]
    assert fan_out_of(program, ours, spikes) == total


def test_a_spike_that_differs_is_refused() -> None:
    spikes = np.zeros((2, 1, 1, 1, 2), bool)
    spikes[1, 0, 0, 0, 1] = True
    counts = {"a": np.array([[[[0, 1]]]])}
    ours = SimpleNamespace(traces={"a.spikes": spikes}, spike_counts=counts)
    check_equal(ours, {"spikes": [0, 1], "counts": {"a": [0, 1]}})
    with pytest.raises(SystemExit, match="spikes differ"):
        check_equal(ours, {"spikes": [1, 0], "counts": {"a": [0, 1]}})
    with pytest.raises(SystemExit, match="2 neurons fire differently"):
        check_equal(ours, {"spikes": [0, 1], "counts": {"a": [1, 0]}})
