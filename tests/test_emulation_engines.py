"""Engines, threads, memory that is used again and stretches of steps change no bit."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch.nn import functional

from spikeseg.chips import Box, ChipPopulation, ChipProgram, KernelSynapses, SpikeInput, Window
from spikeseg.emulation import choosing, dense, emulate, plan
from spikeseg.emulation.plan import plan_of
from tests.drawn_programs import draw_core, draw_program, draw_spikes, seeds
from tests.test_emulation_twin import everything, same


@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_stretches_of_steps_carry_spikes_over(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = draw_program(rng)
    spikes = draw_spikes(rng, program, 9, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "_STRETCH", 2)
        found = emulate(program, spikes, record=everything(program))
    same(program, spikes, found, 9)


@pytest.mark.parametrize("images", [1, 3])
def test_threads_share_rows_or_images(images: int) -> None:
    rng = np.random.default_rng(3)
    program = draw_program(rng)
    spikes = draw_spikes(rng, program, 8, images)
    for threads in (1, 2, 4):
        found = emulate(program, spikes, record=everything(program), threads=threads)
        same(program, spikes, found, 8)


def test_memory_of_an_earlier_run_leaves_no_trace() -> None:
    rng = np.random.default_rng(5)
    program = draw_program(rng)
    for _ in range(3):
        spikes = draw_spikes(rng, program, 5, 2)
        same(program, spikes, emulate(program, spikes, record=everything(program)), 5)


def test_nothing_is_recorded_that_was_not_asked_for() -> None:
    rng = np.random.default_rng(6)
    program = draw_program(rng)
    found = emulate(program, draw_spikes(rng, program, 5, 2), record=["layer0.u"])
    assert set(found.traces) == {"layer0.u"}
    assert found.traces["layer0.u"].shape == (5, 2, *program.shapes["layer0"])


def wide(channels: int, size: int) -> ChipProgram:
    rng = np.random.default_rng(1)
    kernel = rng.integers(-127, 128, (3, 3, channels, channels)).astype(np.int32) * 128
    shape = (channels, size, size)
    group = KernelSynapses("in", kernel, Window(padding=(1, 1)))
    made = draw_core(rng, "a", Box.whole(shape), [group], False)
    layers = (ChipPopulation("a", shape),)
    return ChipProgram("toy", (SpikeInput("in", shape),), layers, (made,), "a", (0,))


def test_busy_wide_layers_are_convolved_and_quiet_ones_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, called = wide(64, 16), []
    real = dense.Convolution.sums

    def sums(*given: object) -> None:
        called.append(given)
        real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(dense.Convolution, "sums", sums)
    shape = (20, 1, *program.inputs[0].shape)
    emulate(program, {"in": np.zeros(shape, bool)})
    assert not called
    busy = emulate(program, {"in": np.ones(shape, bool)}, record=["a.u"])
    assert called
    event = emulate(program, {"in": np.ones(shape, bool)}, record=["a.u"], engine="event")
    np.testing.assert_array_equal(busy.traces["a.u"], event.traces["a.u"])


@pytest.mark.parametrize("bytes_too", [True, False])
def test_a_convolution_of_every_shape_is_exact(
    bytes_too: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bytes_too and not choosing.multiplies_bytes():
        pytest.skip("this processor does not multiply bytes")
    monkeypatch.setattr(dense, "multiplies_bytes", lambda: bytes_too)
    rng = np.random.default_rng(0)
    for _ in range(150):
        taps, stride, dilation, out = (rng.integers(1, 4, size=2).tolist() for _ in range(4))
        c_in, c_out, images = (int(rng.choice([1, 3, 8, 17])) for _ in range(3))
        weight = rng.integers(-127, 128, (c_out, c_in, *taps)).astype(np.int32)
        stride = [s if n > 1 else 1 for s, n in zip(stride, out, strict=True)]
        size = [
            (n - 1) * s + (k - 1) * d + 1
            for n, s, k, d in zip(out, stride, taps, dilation, strict=True)
        ]
        spikes = torch.from_numpy(rng.integers(0, 2, (images, *size, c_in)).astype(np.uint8))
        spikes = spikes.permute(0, 3, 1, 2)
        got = dense.multiplier(weight, stride, dilation, 127 * weight[0].size)(spikes)
        expected = functional.conv2d(
            spikes.double(), torch.from_numpy(weight).double(), stride=stride, dilation=dilation
        )
        assert torch.equal(got.double(), expected), (weight.shape, stride, dilation, images)


def test_cores_with_the_same_integers_run_as_one() -> None:
    program = wide(4, 6)
    (core,) = program.cores
    parts = [
        replace(
            core,
            box=Box((c, y, x), (c + 2, y + 3, x + 3)),
            **{
                name: np.full(18, value, np.int32)
                for name, value in (
                    ("decay_u", 741),
                    ("decay_v", 0),
                    ("threshold", 640),
                    ("bias", c * 10 + y + x),
                    ("refractory", 1),
                    ("v_initial", 0),
                )
            },
            synapses=(replace(core.synapses[0], weight=core.synapses[0].weight[..., c : c + 2]),),
        )
        for c in (0, 2)
        for y in (0, 3)
        for x in (0, 3)
    ]
    chips = (0, 0, 0, 0, 1, 1, 1, 1)
    cut = replace(program, cores=tuple(parts), placement=chips, positions=())
    (section,) = plan_of(cut).sections
    assert section.block.box == Box.whole((4, 6, 6))
    rng = np.random.default_rng(2)
    spikes = draw_spikes(rng, cut, 6, 1)
    same(cut, spikes, emulate(cut, spikes, record=everything(cut)), 6)


PLAIN = """
import numpy as np
from spikeseg.emulation import emulate
from spikeseg.emulation.processor import multiplies_bytes, packs_lanes
from tests.drawn_programs import draw_program, draw_spikes
from tests.test_emulation_twin import everything, same
assert not packs_lanes() and not multiplies_bytes()
for seed in range(40):
    rng = np.random.default_rng(seed)
    program = draw_program(rng, extreme=seed % 4 == 0)
    spikes = draw_spikes(rng, program, 6, 1)
    same(program, spikes, emulate(program, spikes, record=everything(program)), 6)
"""


@pytest.mark.slow
def test_a_processor_without_wide_vectors_does_the_same() -> None:
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    subprocess.run([sys.executable, "-c", PLAIN], env=os.environ | plain, check=True)
