"""Whole spiking networks: all ways to run and to train them give the same."""

import copy
import gc
from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spikeseg.config import RegularizerConfig
from spikeseg.losses import RateMonitor
from spikeseg.spiking import Readout, SpikingNetwork, SpikingUnit
from tests.awake_networks import STEPS, awake, images

CHOICES: list[dict[str, Any]] = [
    *({"neuron": neuron} for neuron in ("lif", "plif", "ilif", "alif")),
    *({"norm": norm} for norm in ("batch", "bntt", "none")),
    *({"coding": coding} for coding in ("poisson", "steps")),
    {"delay": True},
    {"reset": "hard"},
    {"v_threshold": 0.5, "detach_reset": False},
]
each_choice = pytest.mark.parametrize("choice", CHOICES, ids=str)


def gradients(network: nn.Module) -> dict[str, Tensor]:
    found = {name: p.grad for name, p in network.named_parameters()}
    missing = [name for name, grad in found.items() if grad is None]
    assert not missing
    return {name: grad for name, grad in found.items() if grad is not None}


def loss_of(logits: Tensor) -> Tensor:
    target = torch.arange(logits.shape[-1] * logits.shape[-2]).view(logits.shape[-2:]) % 3
    return F.cross_entropy(logits, target.expand(len(logits), -1, -1))


@each_choice
def test_the_answer_is_the_mean_of_the_steps(choice: dict[str, Any]) -> None:
    network, x = awake(**choice).double(), images().double()
    with torch.no_grad():
        steps = network.in_steps(x)
        torch.testing.assert_close(network(x), steps.mean(dim=0))
    assert len({str(step) for step in steps}) > 1


@each_choice
@pytest.mark.parametrize("name", ["unet", "deeplab"])
def test_one_step_at_a_time_gives_what_all_at_once_give(name: str, choice: dict[str, Any]) -> None:
    network, x = awake(name, size=16, **choice).double(), images(size=16).double()
    with torch.no_grad():
        torch.testing.assert_close(torch.stack(list(network.online(x))), network.in_steps(x))


@each_choice
def test_an_image_gives_the_same_alone_as_among_others(choice: dict[str, Any]) -> None:
    if choice.get("coding") == "poisson":
        pytest.skip("the spikes of an image are drawn by its place in the batch")
    network, x = awake(**choice).double(), images(3).double()
    with torch.no_grad():
        alone = torch.cat([network(image[None]) for image in x])
        torch.testing.assert_close(network(x), alone)


class OneStep(nn.Module):
    """A unit of the slow twin: torch's own layers, a neuron whose potential has no history."""

    def __init__(self, unit: SpikingUnit) -> None:
        super().__init__()
        self.conv, self.config = unit.conv, unit.neurons.config  # type: ignore[union-attr]
        self.norm = nn.BatchNorm2d(unit.norm.num_features)  # type: ignore[arg-type]
        self.norm.load_state_dict(unit.norm.state_dict())
        self.double().train(unit.training)
        self.v: Tensor | float = 0.0

    def forward(self, x: Tensor) -> Tensor:
        now = self.config.decay * self.v + self.norm(self.conv(x))  # type: ignore[operator]
        distance = now - 1
        slope = 0.3 * (1 - distance.detach().abs()).clamp(min=0)
        fired = (now >= 1).to(now)
        self.v = (now - fired if self.config.reset == "soft" else now * (1 - fired)).detach()  # type: ignore[union-attr]
        return fired + slope * (distance - distance.detach())


def twin_of(network: SpikingNetwork) -> nn.Module:
    """Return the inner network with the parts of the slow twin, which knows of no clock."""
    inner = copy.deepcopy(network.inner)
    for name, module in list(inner.named_modules()):
        parent, _, last = name.rpartition(".")
        if isinstance(module, SpikingUnit):
            setattr(inner.get_submodule(parent), last, OneStep(module))
        elif isinstance(module, Readout):
            setattr(inner.get_submodule(parent), last, nn.Identity())
    return inner


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_the_online_gradient_is_that_of_time_steps_with_nothing_between(
    training: bool, reset: str
) -> None:
    network = awake(reset=reset).double().train(training)
    twin, x = twin_of(network), images().double()
    for logits in network.online(x):
        (loss_of(logits) / STEPS).backward()
    losses = [loss_of(twin(x)) for _ in range(STEPS)]
    torch.stack(losses).mean().backward()
    found, expected = gradients(network.inner), gradients(twin)
    assert found.keys() == expected.keys()
    for name, grad in expected.items():
        torch.testing.assert_close(found[name], grad, msg=lambda m, n=name: f"{n}: {m}")
        assert grad.any() or not training, name


def test_the_gradient_through_time_is_another_than_the_online_one() -> None:
    network, x = awake().double(), images().double()
    for logits in network.online(x):
        (loss_of(logits) / STEPS).backward()
    online = {name: grad.clone() for name, grad in gradients(network).items()}
    network.zero_grad()
    torch.stack([loss_of(step) for step in network.in_steps(x)]).mean().backward()
    stem = next(name for name in online if "stem" in name)
    assert not torch.allclose(online[stem], gradients(network)[stem], rtol=1e-2)


def trained_once(network: SpikingNetwork, recompute: bool, x: Tensor) -> SpikingNetwork:
    other = copy.deepcopy(network).train()
    other.clock.recompute = recompute
    for turn in range(2):
        torch.manual_seed(turn)
        loss_of(other(x)).backward()
    return other


@each_choice
def test_recomputation_changes_neither_gradients_nor_running_statistics(
    choice: dict[str, Any],
) -> None:
    network, x = awake(**choice), images(channels=6)
    kept, again = (trained_once(network, recompute, x) for recompute in (False, True))
    expected = gradients(kept)
    for name, grad in gradients(again).items():
        torch.testing.assert_close(grad, expected[name], rtol=1e-5, atol=1e-8)
    assert sum(bool(grad.any()) for grad in expected.values()) > len(expected) // 2
    buffers = dict(kept.named_buffers())
    for name, buffer in again.named_buffers():
        assert torch.equal(buffer, buffers[name]), name
        if "tracked" in name:
            assert int(buffer) == int(dict(network.named_buffers())[name]) + 2


@pytest.mark.parametrize("choice", CHOICES[:6], ids=str)
def test_recomputation_changes_nothing_in_mixed_precision_either(choice: dict[str, Any]) -> None:
    network, x = awake(**choice), images()
    found = []
    for recompute in (False, True):
        other = copy.deepcopy(network).train()
        other.clock.recompute = recompute
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(other(x).float())
        loss.backward()  # outside, as trainers do
        found.append(gradients(other))
    for name, grad in found[0].items():
        torch.testing.assert_close(found[1][name], grad, rtol=1e-2, atol=1e-5)


def test_recomputation_leaves_frozen_weights_alone() -> None:
    network, x = awake().train(), images()
    for parameter in network.inner.stem.parameters():  # type: ignore[union-attr]
        parameter.requires_grad_(False)
    plain, again = (trained_once(network, recompute, x) for recompute in (False, True))
    assert all(p.grad is None for p in again.inner.stem.parameters())  # type: ignore[union-attr]
    head = "inner.head.weight"
    torch.testing.assert_close(
        dict(again.named_parameters())[head].grad, dict(plain.named_parameters())[head].grad
    )


def kept_bytes(network: SpikingNetwork, x: Tensor) -> int:
    """Return the bytes of all tensors that a pass leaves for the backward pass."""
    sizes: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    def alive() -> Iterator[Tensor]:
        gc.collect()
        return (found for found in gc.get_objects() if type(found) is Tensor)

    before = {id(found) for found in alive()}
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        logits = network(x)
    for tensor in alive():
        if id(tensor) not in before:
            note(tensor)
    logits.sum().backward()
    return sum(sizes.values())


@pytest.mark.parametrize("choice", [{}, {"norm": "bntt", "neuron": "alif"}], ids=str)
def test_recomputation_keeps_memory_from_growing_with_the_steps(choice: dict[str, Any]) -> None:
    x = images()
    grown = {}
    for recompute in (False, True):
        kept = []
        for steps in (2, 16):
            network = awake(num_steps=steps, **choice).train()
            network.clock.recompute = recompute
            kept.append(kept_bytes(network, x))
        grown[recompute] = kept[1] - kept[0]
        grows = kept[1] > 3 * kept[0]  # for 8 times the steps; some is the same for any number
        assert grows is not recompute
    assert 0 < grown[True] < grown[False] / 16


@each_choice
@pytest.mark.parametrize("recompute", [False, True])
def test_rates_that_are_priced_are_those_of_the_spikes_and_pull_at_the_weights(
    recompute: bool, choice: dict[str, Any]
) -> None:
    network, x = awake(**choice).train(), images()
    network.clock.recompute = recompute
    band = RegularizerConfig(
        weight=1.0, percentile=100, min_hz=200, max_hz=300, margin=0, scope="neuron"
    )
    spikes: list[Tensor] = []
    handles = [
        module.register_forward_hook(lambda m, x, out: spikes.append(out.detach()))
        for module in network.modules()
        if isinstance(module, SpikingUnit)
    ]
    torch.manual_seed(0)
    with RateMonitor(network, band, dt_ms=1.0) as monitor:
        network(x)
    loss = monitor.loss()
    for handle in handles:
        handle.remove()
    expected = 0.0
    for fired in spikes:
        hz = 1000 * fired.view(STEPS, 2, *fired.shape[1:]).mean(dim=0).amax(dim=0)
        outside = (200 - hz).clamp(min=0) + (hz - 300).clamp(min=0)
        expected += 0.5 * float((outside / 300).square().mean())
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-4)
    loss.backward()  # type: ignore[no-untyped-call]
    stem = network.inner.stem.conv.weight  # type: ignore[union-attr]
    assert stem.grad is not None
    assert stem.grad.abs().max() > 0
