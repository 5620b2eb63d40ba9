"""What a GPU is given compiles as one graph and equals the slow steps.

Many cases run the texts as they stand, some are traced as Inductor does it, in one graph
(``aot_eager``, which then runs torch's own operators), one is compiled.
"""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikeseg.engine.through_time import compiled
from spikeseg.engine.through_time.compiled import is_compiled, why_stepwise
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.fused import fused_leaky_scan, fused_normalized_scan
from spikeseg.engine.through_time.leaky import leaky_scan_stepwise
from spikeseg.neurons import NEURONS, Neuron
from spikeseg.surrogates import SURROGATES
from tests.fused_checks import (
    check_leaky,
    check_normalized,
    check_simulation,
    check_some,
    draw_x,
    is_sure,
    norm_of,
)

pytestmark = pytest.mark.filterwarnings(  # as torch loads Inductor
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)
TRACED = "aot_eager"
CPU = torch.device("cpu")
many = settings(max_examples=30, deadline=None)
DYNAMICS = st.builds(
    Dynamics,
    v_threshold=st.sampled_from([1.0, 0.7]),
    reset=st.sampled_from(["soft", "hard"]),
    surrogate=st.sampled_from(SURROGATES.names()),
    detach_reset=st.booleans(),
)
LAYOUTS = st.sampled_from([torch.contiguous_format, torch.channels_last])
DTYPES = st.sampled_from([torch.float32, torch.bfloat16])
SHAPES = st.tuples(*(st.integers(1, n) for n in (4, 3, 5, 6, 7)))


@pytest.fixture(autouse=True)
def _compile_anew() -> Iterator[None]:
    """Forget compiled programs, which torch counts, after each test."""
    yield
    compiled._program.cache_clear()
    torch.compiler.reset()


@many
@given(
    dynamics=DYNAMICS,
    shape=SHAPES,
    constant=st.booleans(),
    repeated=st.booleans(),
    layout=LAYOUTS,
    dtype=DTYPES,
    seed=st.integers(0, 999),
)
def test_spikes_and_gradients_equal_those_of_the_steps(
    dynamics: Dynamics,
    shape: tuple[int, ...],
    constant: bool,
    repeated: bool,
    layout: Any,
    dtype: torch.dtype,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    x = draw_x(shape, constant, layout, dtype, CPU)
    with torch.compiler.set_stance("force_eager"):
        check_leaky(dynamics, x, shape[0] if constant else None, repeated, TRACED)


@pytest.mark.parametrize(
    ("dynamics", "constant", "dtype"),
    [
        (Dynamics(0.7, "hard", "arctan", detach_reset=False), False, torch.bfloat16),
        (Dynamics(surrogate="fast_sigmoid"), True, torch.float32),
        (Dynamics(surrogate="rectangular", detach_reset=False), False, torch.float32),
    ],
)
def test_forward_and_backward_are_one_graph_each(
    dynamics: Dynamics, constant: bool, dtype: torch.dtype
) -> None:
    x = draw_x((2, 2, 4, 5, 6), constant, torch.contiguous_format, dtype, CPU)
    check_leaky(dynamics, x, 2 if constant else None, not constant, TRACED)


@many
@given(
    dynamics=st.builds(
        Dynamics,
        reset=st.sampled_from(["soft", "hard"]),
        surrogate=st.sampled_from(["triangle", "arctan", "fast_sigmoid"]),
        detach_reset=st.booleans(),
    ),
    shape=SHAPES,
    constant=st.booleans(),
    training=st.booleans(),
    layout=LAYOUTS,
    dtype=DTYPES,
    seed=st.integers(0, 999),
)
def test_with_a_batch_norm_they_equal_those_of_both_one_after_the_other(
    dynamics: Dynamics,
    shape: tuple[int, ...],
    constant: bool,
    training: bool,
    layout: Any,
    dtype: torch.dtype,
    seed: int,
) -> None:
    assume(shape[1] * shape[3] * shape[4] > 3)
    torch.manual_seed(seed)
    x = draw_x(shape, constant, layout, dtype, CPU)
    steps = shape[0] if constant else None
    assume(is_sure(x, training, dynamics, steps))
    with torch.compiler.set_stance("force_eager"):
        check_normalized(dynamics, x, training, steps, TRACED)


@pytest.mark.parametrize(
    ("dynamics", "constant", "dtype", "training"),
    [
        (Dynamics(0.7, "hard", "arctan", detach_reset=False), False, torch.bfloat16, True),
        (Dynamics(surrogate="triangle"), True, torch.float32, False),
    ],
)
def test_with_a_batch_norm_each_part_is_one_graph(
    dynamics: Dynamics, constant: bool, dtype: torch.dtype, training: bool
) -> None:
    how = (torch.channels_last, dtype, CPU, TRACED)
    check_some(dynamics, (2, 2, 4, 5, 6), constant, training, how)


@pytest.mark.parametrize("name", NEURONS.names())
def test_a_graphs_neurons_take_their_steps_in_one_graph(name: str) -> None:
    neuron = Neuron(name, v_threshold=0.5, v_initial=(0.1, 0.2, 0.3), tau_syn=2.0, decay_v=0.9)
    check_simulation(neuron, 2, CPU, TRACED)


def test_a_simulation_has_more_steps_than_a_kernel() -> None:
    with torch.compiler.set_stance("force_eager"):
        check_simulation(Neuron("if_signed", v_threshold=0.5), 19, CPU, TRACED)


def test_one_program_serves_images_of_all_sizes() -> None:
    torch._dynamo.utils.counters.clear()
    for size in ((2, 3, 8, 9), (3, 3, 3, 1), (5, 7, 16, 12)):
        x = torch.randn(3, *size, requires_grad=True)
        check_leaky(Dynamics(), x, None, False, TRACED)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 2  # forward and backward


def test_the_layout_of_the_memory_stays() -> None:
    x = draw_x((2, 3, 4, 5, 6), False, torch.channels_last, torch.float32, CPU)
    with torch.compiler.set_stance("force_eager"):
        spikes = fused_leaky_scan(x, 0.5, Dynamics(), backend=TRACED)
        (grad,) = torch.autograd.grad(spikes.mean(), x)
    assert spikes.stride() == x.stride()
    assert grad.stride() == x.stride()


def test_nothing_but_the_current_and_numbers_of_channels_are_kept_for_the_gradient() -> None:
    kept: list[int] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    x = torch.randn(4, 2, 8, 16, 16, requires_grad=True)
    saving = torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t)
    with saving, torch.compiler.set_stance("force_eager"):
        fused_normalized_scan(x, norm_of(8, True, CPU), 0.5, Dynamics(), backend=TRACED)
    assert sum(kept) == x.numel() + 4 * 8 + 1


def test_a_gpu_that_cannot_compile_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(device: torch.device) -> None:
        raise RuntimeError("Cannot find a working triton installation\nand much more")

    monkeypatch.setattr(compiled, "_try_out", fail)
    gpu = torch.device("cuda", 7)
    with pytest.warns(RuntimeWarning, match="cuda:7.*working triton installation\\)"):
        assert not is_compiled(gpu)
    assert not is_compiled(gpu)  # a second warning would be an error
    why_stepwise.cache_clear()


def test_what_a_gpu_would_do_is_said() -> None:
    line = compiled.describe_gpu()
    assert "torch.compile" in line or "step by step" in line


def test_a_processor_has_its_own_loops() -> None:
    assert not is_compiled(CPU)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler")
def test_what_inductor_writes_equals_the_steps() -> None:
    x = draw_x((2, 2, 4, 5, 6), False, torch.channels_last, torch.float32, CPU)
    spikes = fused_leaky_scan(x, 0.6, Dynamics(0.7, "hard"), backend=compiled.BACKEND)
    assert torch.equal(spikes, leaky_scan_stepwise(x, 0.6, Dynamics(0.7, "hard")))
