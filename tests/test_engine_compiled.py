"""What a GPU is given compiles as one graph and equals the slow steps.

Many cases run the texts as they stand, some are traced as Inductor does it, in one graph
(``aot_eager``, which then runs torch's own operators), one is compiled, and all on a GPU.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikeseg.engine import compiled
from spikeseg.engine.compiled import is_compiled, why_stepwise
from spikeseg.engine.dynamics import Dynamics
from spikeseg.engine.fused import fused_leaky_scan, fused_normalized_scan, fused_scan
from spikeseg.engine.leaky import leaky_scan, leaky_scan_stepwise
from spikeseg.engine.norm import Norm
from spikeseg.engine.normalized import normalized_leaky_scan, normalized_leaky_scan_stepwise
from spikeseg.engine.scan import initial_state, scan, scan_stepwise
from spikeseg.neurons import NEURONS, Neuron
from spikeseg.surrogates import SURROGATES

pytestmark = pytest.mark.filterwarnings(  # as torch loads Inductor
    "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
)
TRACED = "aot_eager"
CPU = torch.device("cpu")
on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
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


def draw_x(
    shape: tuple[int, ...], constant: bool, layout: Any, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Return (T, B, C, H, W), or (B, C, H, W) if it is constant, with a gradient."""
    steps, batch, *rest = shape
    folded = torch.randn(batch * (1 if constant else steps), *rest).to(memory_format=layout)
    x = folded if constant else folded.unflatten(0, (steps, batch))
    return x.to(device, dtype).requires_grad_()


def tolerance(dtype: torch.dtype) -> float:
    return 1e-5 if dtype == torch.float32 else 2**-7


def check_leaky(
    dynamics: Dynamics, x: Tensor, steps: int | None, repeated: bool, backend: str
) -> None:
    decay = torch.tensor(0.6, device=x.device, requires_grad=True)
    spikes = fused_leaky_scan(x, decay, dynamics, steps, backend)
    wanted = leaky_scan_stepwise(x, decay, dynamics, steps)
    assert torch.equal(spikes, wanted)
    assert spikes.dtype == x.dtype
    grad = torch.randn_like(wanted[0]).expand_as(wanted) if repeated else torch.randn_like(wanted)
    found = torch.autograd.grad(spikes, (x, decay), grad)
    truth = torch.autograd.grad(wanted, (x, decay), grad.clone())
    near = tolerance(x.dtype)
    for a, b in zip(found, truth, strict=True):
        torch.testing.assert_close(a, b, rtol=near, atol=near)


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


def norm_of(channels: int, training: bool, device: torch.device) -> Norm:
    """Return one that is not the identity, always the same."""
    torch.manual_seed(channels)
    weight, bias = 1.0 + 0.2 * torch.randn(channels), torch.randn(channels)
    mean, variance = torch.rand(channels), 0.5 + torch.rand(channels)
    weight, bias, mean, variance = (t.to(device) for t in (weight, bias, mean, variance))
    return Norm(weight.requires_grad_(), bias.requires_grad_(), mean, variance, training, 0.3)


def doubled(norm: Norm) -> Norm:
    weight, bias, mean, variance = (t.detach().double() for t in norm[:4])
    return Norm(weight.requires_grad_(), bias.requires_grad_(), mean, variance, *norm[4:])


def is_sure(x: Tensor, training: bool, dynamics: Dynamics, steps: int | None) -> bool:
    """Return whether no potential is so close to the threshold that rounding counts."""
    wide = x.detach().double().contiguous()
    norm = norm_of(x.shape[-3], training, x.device)
    eager = (
        normalized_leaky_scan_stepwise(
            wide, doubled(norm), 0.5, replace(dynamics, v_threshold=threshold), steps
        )
        for threshold in (dynamics.v_threshold - 2e-5, dynamics.v_threshold + 2e-5)
    )
    return torch.equal(*eager)


def check_normalized(
    dynamics: Dynamics, x: Tensor, training: bool, steps: int | None, backend: str
) -> None:
    mine = norm_of(x.shape[-3], training, x.device)
    exact, wide = doubled(mine), x.detach().double().contiguous().requires_grad_()
    decay = torch.tensor(0.5, device=x.device, requires_grad=True)
    kept = decay.detach().double().requires_grad_()
    wanted = normalized_leaky_scan_stepwise(wide, exact, kept, dynamics, steps)
    spikes = fused_normalized_scan(x, mine, decay, dynamics, steps, backend)
    assert torch.equal(spikes.double(), wanted)
    grad = torch.randn_like(spikes)
    found = torch.autograd.grad(spikes, (x, mine.weight, mine.bias, decay), grad)
    leaves = (wide, exact.weight, exact.bias, kept)
    truth = torch.autograd.grad(wanted, leaves, grad.double())
    near = tolerance(x.dtype)
    for a, b in zip(found, truth, strict=True):
        size = max(float(b.abs().max()), 1.0)
        torch.testing.assert_close(a.double(), b, rtol=near, atol=2 * near * size)
    for moved, other in zip(mine[2:4], exact[2:4], strict=True):
        torch.testing.assert_close(moved.double(), other, rtol=1e-5, atol=1e-6)


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


def check_some(
    dynamics: Dynamics,
    shape: tuple[int, ...],
    constant: bool,
    training: bool,
    how: tuple[Any, torch.dtype, torch.device, str],
) -> None:
    """Check the first numbers that are sure."""
    *kind, backend = how
    steps = shape[0] if constant else None
    for seed in range(100):
        torch.manual_seed(seed)
        x = draw_x(shape, constant, *kind)
        if is_sure(x, training, dynamics, steps):
            return check_normalized(dynamics, x, training, steps, backend)
    raise AssertionError("no numbers are sure")


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


def check_simulation(neuron: Neuron, steps: int, device: torch.device, backend: str) -> None:
    current = torch.randn(steps, 2, 3, 5, 4, device=device) * 0.7
    state = initial_state(neuron, current)
    spikes, after = fused_scan(neuron, current, state, backend)
    wanted, last = scan_stepwise(neuron, current, state)
    assert torch.equal(spikes, wanted)
    assert float(wanted.abs().sum()) > 0
    for a, b in zip(after, last, strict=True):
        assert torch.equal(a, b)


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


@on_a_gpu
@pytest.mark.parametrize("reset", ["soft", "hard"])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpu_finds_what_the_steps_find(
    reset: Any, constant: bool, layout: Any, dtype: torch.dtype
) -> None:
    torch.manual_seed(5)
    shape, gpu = (4, 3, 16, 24, 20), torch.device("cuda")
    steps = shape[0] if constant else None
    for surrogate in SURROGATES.names():
        dynamics = Dynamics(0.8, reset, surrogate, detach_reset=False)
        x = draw_x(shape, constant, layout, dtype, gpu)
        check_leaky(dynamics, x, steps, repeated=True, backend=compiled.BACKEND)


@on_a_gpu
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_gpu_normalizes_and_fires_as_both_do(constant: bool, training: bool, layout: Any) -> None:
    how = (layout, torch.float32, torch.device("cuda"), compiled.BACKEND)
    check_some(Dynamics(reset="hard"), (4, 2, 16, 6, 5), constant, training, how)


@on_a_gpu
def test_the_engine_takes_the_compiled_path_on_a_gpu() -> None:
    gpu = torch.device("cuda")
    assert is_compiled(gpu)
    x = torch.randn(4, 2, 16, 8, 8, device=gpu, requires_grad=True)
    for spikes in (
        leaky_scan(x, 0.5, Dynamics()),
        normalized_leaky_scan(x, norm_of(16, True, gpu), 0.5, Dynamics()),
    ):
        assert "Fused" in type(spikes.grad_fn).__name__
    for name in NEURONS.names():
        check_simulation(Neuron(name, v_threshold=0.5, decay_v=0.9), 11, gpu, compiled.BACKEND)
    current = torch.randn(4, 2, 3, 5, 4, device=gpu)
    spikes, _ = scan(Neuron(), current, initial_state(Neuron(), current))
    assert spikes.device.type == "cuda"
