"""On a GPU, what torch.compile makes equals the slow steps; skipped where there is none."""

from typing import Any

import pytest
import torch

from spikeseg.engine.scan import initial_state, scan
from spikeseg.engine.through_time.compiled import BACKEND, is_compiled
from spikeseg.engine.through_time.dynamics import Dynamics
from spikeseg.engine.through_time.leaky import leaky_scan
from spikeseg.engine.through_time.normalized import normalized_leaky_scan
from spikeseg.neurons import NEURONS, Neuron
from spikeseg.surrogates import SURROGATES
from tests.fused_checks import check_leaky, check_simulation, check_some, draw_x, norm_of

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
    pytest.mark.filterwarnings(  # as torch loads Inductor
        "ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"
    ),
]


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
        check_leaky(dynamics, x, steps, repeated=True, backend=BACKEND)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_gpu_normalizes_and_fires_as_both_do(constant: bool, training: bool, layout: Any) -> None:
    how = (layout, torch.float32, torch.device("cuda"), BACKEND)
    check_some(Dynamics(reset="hard"), (4, 2, 16, 6, 5), constant, training, how)


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
        check_simulation(Neuron(name, v_threshold=0.5, decay_v=0.9), 11, gpu, BACKEND)
    current = torch.randn(4, 2, 3, 5, 4, device=gpu)
    spikes, _ = scan(Neuron(), current, initial_state(Neuron(), current))
    assert spikes.device.type == "cuda"
