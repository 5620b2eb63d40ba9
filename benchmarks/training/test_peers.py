"""Run in the environment that has the peers: they compute what the naive loop computes."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.training.contestant import Case, Weights
from benchmarks.training.equality import check_logits
from benchmarks.training.memory import measure, saved_bytes
from benchmarks.training.naive import NaiveNeuron
from benchmarks.training.network import UNet
from benchmarks.training.peers import (
    JellyNeuron,
    NorseNeuron,
    SinabsNeuron,
    SnnTorchNeuron,
    sinabs_unet,
    snntorch_unet,
    spikingjelly_unet,
)
from benchmarks.training.roster import NAIVE, contestants, exact_logits, naive_unet
from benchmarks.training.task import blobs, train
from benchmarks.training.torch_steps import make_network

STEPS = 4


@pytest.fixture(scope="module")
def weights() -> Weights:
    torch.set_num_threads(1)
    return train(steps=25, size=32)


def merged(neuron: nn.Module, x: Tensor) -> Tensor:
    spikes: Tensor = neuron(x)
    return spikes


def stepwise(neuron: nn.Module, x: Tensor) -> Tensor:
    state: Any = None
    found = []
    for current in x:
        spikes, state = neuron(current, state)
        found.append(spikes)
    return torch.stack(found)


def batch_first(neuron: nn.Module, x: Tensor) -> Tensor:
    spikes: Tensor = neuron(x.transpose(0, 1).flatten(0, 1))
    return spikes.reshape(-1, *x.shape[:1], *spikes.shape[1:]).transpose(0, 1)


FORMS: dict[str, tuple[Any, Any, int]] = {
    "spikingjelly": (JellyNeuron, merged, 1),
    "snntorch": (SnnTorchNeuron, stepwise, 1),
    "norse": (NorseNeuron, stepwise, 2),
    "sinabs": (lambda: SinabsNeuron(STEPS), batch_first, 1),
}


def currents() -> Tensor:
    """Return currents with which no potential is close to the threshold, so >= and > agree."""
    x = torch.randn(STEPS, 2, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    v = torch.zeros_like(x[0])
    for current in x:
        h = 0.5 * v + current
        assert float((h - 1).abs().min()) > 1e-5
        v = torch.where(h >= 1, 0.0, h)
    return x


@pytest.mark.parametrize("name", FORMS)
def test_the_spikes_of_a_layer_are_the_naive_loops(name: str) -> None:
    make, run, scale = FORMS[name]
    x = currents()
    expected = NaiveNeuron()(x)
    assert 0.05 < float(expected.mean()) < 0.5
    torch.testing.assert_close(run(make(), scale * x), expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["spikingjelly", "snntorch", "sinabs"])
def test_the_gradients_of_a_layer_are_the_naive_loops(name: str) -> None:
    make, run, _ = FORMS[name]
    factors = torch.randn(STEPS, 2, 3, 8, 8, generator=torch.Generator().manual_seed(4))
    found = []
    for neuron, form in ((NaiveNeuron(), merged), (make(), run)):
        x = currents().requires_grad_()
        torch.autograd.backward((form(neuron, x) * factors).sum())
        found.append(x.grad)
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-5)


def test_the_logits_of_every_uncompiled_contestant_are_the_naive_loops(weights: Weights) -> None:
    case = Case("infer", STEPS, 2, size=32)
    able = [c for c in contestants() if "infer" in c.modes and not c.compiled]
    logits = {c.name: c.prepare(case, weights)() for c in able}
    found = check_logits(logits, {c.name: c.kind for c in able}, exact_logits(case, weights))
    assert {c.name for c in able if c.kind != "dense"} == set(found)
    assert float(logits[NAIVE].std()) > 0.1


@pytest.mark.parametrize("make", [spikingjelly_unet, snntorch_unet, sinabs_unet])
def test_the_gradients_of_the_network_are_the_naive_loops(make: Any, weights: Weights) -> None:
    case = Case("infer", STEPS, 2, size=32)  # norms as in evaluation: one step or all, the same
    images, masks = blobs(2, 32, 5)
    found = []
    for build in (naive_unet, make):
        network = make_network(build, case, weights)
        assert isinstance(network, UNet)
        torch.autograd.backward(F.cross_entropy(network(images), masks))
        gradients: dict[str, Any] = {}
        for name, conv in network.convs.items():
            assert isinstance(conv, nn.Conv2d)
            gradients[name] = conv.weight.grad
        found.append(gradients)
    for name, gradient in found[0].items():
        scale = float(gradient.abs().max())
        torch.testing.assert_close(found[1][name], gradient, rtol=0, atol=1e-4 * scale)


def test_memory_of_a_training_step_is_at_least_what_it_saves(weights: Weights) -> None:
    contestant = next(c for c in contestants() if c.name == NAIVE)
    found = measure(contestant, Case("train", STEPS, 2, size=128), weights)
    assert found["peak"] > found["saved"] > 50


def test_each_storage_that_is_saved_counts_once() -> None:
    x = torch.randn(1000, requires_grad=True)

    def step() -> Tensor:
        return (x * x + x.view(10, 100).sum() * 2).sum()  # saves x, twice

    assert saved_bytes(step) == 4000
