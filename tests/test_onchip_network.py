"""What is trained is what the chip computes, integer for integer; and it can be trained."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.chips import Box, ChipPopulation, ChipProgram, SpikeInput, Window, load_chip
from spikeseg.compiling import FloatKernel, FloatLayer, FloatNetwork
from spikeseg.compiling.quantizing import quantize_core
from spikeseg.errors import CompileError
from spikeseg.onchip import ChipNetwork
from tests.loihi_twin import run

CHIP = load_chip("toy")
CHANNELS = {"a": ((0, 1), (1, 3)), "b": ((0, 2),), "out": ((0, 2),)}


def kernel(rng: np.random.Generator, source: str, *shape: int, **window: object) -> FloatKernel:
    weight = rng.normal(scale=0.4, size=shape).astype(np.float32)
    return FloatKernel(source, weight, Window(**window))  # type: ignore[arg-type]


def layer(
    rng: np.random.Generator, name: str, shape: tuple[int, int, int], *kernels: FloatKernel,
    **changes: object,
) -> FloatLayer:  # fmt: skip
    bias = rng.normal(scale=0.1, size=shape[0]).astype(np.float32)
    fields: dict[str, object] = {"threshold": 1.0, "decay_u": 1.0, "decay_v": 0.0}
    return FloatLayer(name, shape, kernels, bias, **(fields | changes))  # type: ignore[arg-type]


def network(seed: int, decay_u: float = 1.0, decay_v: float = 0.0) -> FloatNetwork:
    """A small U: down by a stride, up by a transposed kernel, a skip, a silent output."""
    rng = np.random.default_rng(seed)
    changes: dict[str, object] = {"decay_u": decay_u, "decay_v": decay_v, "v_initial": 0.3}
    a = kernel(rng, "in", 3, 3, 2, 3, stride=(2, 2), padding=(1, 1))
    b = kernel(rng, "a", 2, 2, 3, 2, stride=(2, 2), transposed=True)
    skip = kernel(rng, "in", 3, 3, 2, 2, padding=(1, 1), dilation=(1, 1))
    out = kernel(rng, "b", 1, 1, 2, 2)
    layers = (
        layer(rng, "a", (3, 2, 3), a, **changes),
        layer(rng, "b", (2, 4, 6), b, skip, **changes),
        layer(rng, "out", (2, 4, 6), out, threshold=300.0, v_min=-np.inf),
    )
    return FloatNetwork((SpikeInput("in", (2, 4, 6)),), layers, "out")


def program(network: FloatNetwork) -> ChipProgram:
    cores = []
    for part in network.layers:
        for first, last in CHANNELS[part.name]:
            for top in range(0, part.shape[1], 2):
                box = Box((first, top, 0), (last, top + 2, part.shape[2]))
                cores.append(quantize_core(part, box, network, CHIP))
    populations = tuple(ChipPopulation(part.name, part.shape) for part in network.layers)
    placement = tuple(n // 4 for n in range(len(cores)))
    return ChipProgram("toy", network.inputs, populations, tuple(cores), "out", placement)


def host_spikes(seed: int, steps: int, batch: int) -> np.ndarray:
    return np.random.default_rng(seed + 1).random((steps, batch, 2, 4, 6)) < 0.3


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1.0, 0.18, 0.6]),
    st.sampled_from([0.0, 0.05]),
)
def test_training_computes_what_the_chip_computes(
    seed: int, decay_u: float, decay_v: float
) -> None:
    net = network(seed, decay_u, decay_v)
    spikes = host_spikes(seed, 12, 2)
    trained = ChipNetwork(net, CHANNELS, CHIP)
    with torch.no_grad():
        potential, rate = trained({"in": torch.from_numpy(spikes).float()})
    made = program(trained.trained())
    v_scale = trained.layers[-1].v_scale()[0]
    total = 0
    for image in range(2):
        traces = run(made, {"in": spikes[:, image]}, 12)
        wanted = traces["out"]["v"].astype(np.float32) / np.float32(v_scale)
        assert (potential[:, image].numpy() == wanted).all()
        total += sum(int(traces[name]["spikes"].sum()) for name in ("a", "b"))
    assert total > 0
    assert rate.item() == pytest.approx(total / (2 * 12 * (18 + 48)))


def test_gradients_reach_every_parameter() -> None:
    trained = ChipNetwork(network(3), CHANNELS, CHIP)
    potential, rate = trained({"in": torch.from_numpy(host_spikes(3, 12, 2)).float()})
    (potential[-1].square().mean() + rate).backward()  # type: ignore[no-untyped-call]
    for name, parameter in trained.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_training_lowers_a_loss() -> None:
    torch.manual_seed(0)
    trained = ChipNetwork(network(5), CHANNELS, CHIP)
    spikes = {"in": torch.from_numpy(host_spikes(5, 12, 4)).float()}
    target = torch.randint(0, 2, (4, 4, 6))
    optimizer = torch.optim.Adam(trained.parameters(), 0.02)
    losses = []
    for _ in range(40):
        potential, _ = trained(spikes)
        loss = torch.nn.functional.cross_entropy(potential[-1], target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_a_refractory_layer_is_refused() -> None:
    net = network(0)
    slow = layer(np.random.default_rng(0), "a", (3, 2, 3), net.layers[0].kernels[0], refractory=3)
    with pytest.raises(CompileError, match="refractory period of 3"):
        ChipNetwork(FloatNetwork(net.inputs, (slow, *net.layers[1:]), "out"), CHANNELS, CHIP)
