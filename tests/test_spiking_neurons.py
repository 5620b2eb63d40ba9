"""The neurons of directly trained networks against loops that follow their equations by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from spikeseg.config import SpikingConfig
from spikeseg.spiking import Clock, SpikingActivation, make_neurons
from tests.awake_networks import awake, images

SLOPES: dict[str, Callable[[Tensor], Tensor]] = {
    "triangle": lambda x: 0.3 * (1 - x.abs()).clamp(min=0),
    "arctan": lambda x: 1 / (1 + (torch.pi * x) ** 2),
    "fast_sigmoid": lambda x: (25 * x.abs() + 1) ** -2,
    "rectangular": lambda x: (x.abs() < 0.5).to(x),
}


def spiked(v: Tensor, threshold: Tensor | float, unit: float, surrogate: str) -> Tensor:
    """Return the spike, whose derivative is the slope of the distance in units of ``unit``."""
    distance = (v - threshold) / unit
    slope = SLOPES[surrogate](distance.detach())
    return (v >= threshold).to(v) + slope * (distance - distance.detach())


def slow_lif(currents: Tensor, config: SpikingConfig, decay: Tensor | float) -> Tensor:
    v, out = torch.zeros_like(currents[0]), []
    for current in currents:
        v = decay * v + current
        spike = spiked(v, config.v_threshold, config.v_threshold, config.surrogate)
        gone = spike.detach() if config.detach_reset else spike
        v = v - config.v_threshold * gone if config.reset == "soft" else (1 - gone) * v
        out.append(spike)
    return torch.stack(out)


def slow_alif(currents: Tensor, config: SpikingConfig, decay: Tensor | float) -> Tensor:
    v, a, out = torch.zeros_like(currents[0]), torch.zeros_like(currents[0]), []
    for current in currents:
        v = decay * v + current
        theta = config.v_threshold * (1 + config.adaptation * a)
        spike = spiked(v, theta, config.v_threshold, config.surrogate)
        gone = spike.detach() if config.detach_reset else spike
        v = v - theta * gone if config.reset == "soft" else (1 - gone) * v
        a = config.adaptation_decay * a + spike
        out.append(spike)
    return torch.stack(out)


def slow_ilif(currents: Tensor, config: SpikingConfig, decay: Tensor | float) -> Tensor:
    v, out = torch.zeros_like(currents[0]), []
    for current in currents:
        v = decay * v + current
        scaled = v / config.v_threshold
        inside = (scaled >= 0) & (scaled <= config.levels)
        exact = torch.tensor(
            [min(max(round(value), 0), config.levels) for value in scaled.flatten().tolist()]
        ).view_as(scaled)
        number = exact.to(v) + inside * (scaled - scaled.detach())
        gone = number.detach() if config.detach_reset else number
        v = v - config.v_threshold * gone if config.reset == "soft" else v * (exact == 0)
        out.append(number / config.levels)
    return torch.stack(out)


SLOW = {"lif": slow_lif, "plif": slow_lif, "alif": slow_alif, "ilif": slow_ilif}


def ready(config: SpikingConfig, steps: int, batch: int, **clock: Any) -> SpikingActivation:
    neurons = make_neurons(config).double()
    neurons.clock = Clock(steps, batch, **clock)
    return neurons


@st.composite
def configs(draw: Any, *kinds: str) -> SpikingConfig:
    kind = draw(st.sampled_from(kinds))
    ends = [] if kind == "plif" else [0.0, 1.0]
    return SpikingConfig(
        neuron=kind,
        decay=draw(st.sampled_from([0.5, 0.25, *ends])),
        v_threshold=draw(st.sampled_from([1.0, 0.5, 2.0])),
        reset=draw(st.sampled_from(["soft", "hard"])),
        surrogate=draw(st.sampled_from(sorted(SLOPES))),
        detach_reset=draw(st.booleans()),
        levels=draw(st.integers(1, 4)),
        adaptation=draw(st.sampled_from([0.0, 0.25, 1.0])),
        adaptation_decay=draw(st.sampled_from([0.0, 0.5, 1.0])),
    )


def drawn(shape: tuple[int, ...], threshold: float, seed: int) -> Tensor:
    """Return currents of whole sixteenths, so that the order of additions changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    whole = torch.randint(-8, 25, shape, generator=generator, dtype=torch.float64)
    return whole / 16 * threshold


@settings(max_examples=80, deadline=None)
@given(config=configs(*SLOW), steps=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_spikes_and_gradients_are_those_of_the_slow_loop(
    config: SpikingConfig, steps: int, seed: int
) -> None:
    shape = (steps, 2, 3, 2, 2)
    neurons = ready(config, steps, 2)
    currents = drawn(shape, config.v_threshold, seed).requires_grad_()
    decay: Any = neurons.decay
    fast = neurons(currents.flatten(0, 1)).view(shape)
    slow = SLOW[config.neuron](currents, config, decay)
    assert torch.equal(fast, slow)
    assert fast.any() or steps == 1
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()
    leaves = [currents, *neurons.parameters()]
    found = torch.autograd.grad((fast * weights).sum(), leaves, retain_graph=True)
    expected = torch.autograd.grad((slow * weights).sum(), leaves)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(config=configs("lif", "plif"), steps=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_single_precision_gives_the_same_spikes_and_gradients(
    config: SpikingConfig, steps: int, seed: int
) -> None:
    shape = (steps, 2, 3, 2, 2)
    neurons = ready(config, steps, 2).float()
    currents = drawn(shape, config.v_threshold, seed).requires_grad_()
    slow = slow_lif(currents, config, config.decay)
    fast = neurons(currents.float().flatten(0, 1)).view(shape)
    assert torch.equal(fast, slow.float())
    (found,) = torch.autograd.grad(fast.square().sum(), currents, retain_graph=True)
    (expected,) = torch.autograd.grad(slow.square().sum(), currents)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", SLOW)
def test_an_image_is_the_same_current_in_every_step(kind: str) -> None:
    config = SpikingConfig(neuron=kind, decay=0.75)  # type: ignore[arg-type]
    image = drawn((2, 3, 4, 4), 1.0, 5)
    constant = ready(config, 5, 2)(image)
    repeated = ready(config, 5, 2)(image.repeat(5, 1, 1, 1))
    assert constant.any()
    assert torch.equal(constant, repeated)


@pytest.mark.parametrize("kind", SLOW)
@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_step_by_step_they_go_on_where_they_were(kind: str, reset: Any) -> None:
    config = SpikingConfig(neuron=kind, reset=reset, num_steps=6)  # type: ignore[arg-type]
    currents = drawn((6, 2, 3, 4, 4), 1.0, 7)
    whole = ready(config, 6, 2)(currents.flatten(0, 1)).view(currents.shape)
    online = ready(config, 6, 2, online=True)
    steps = torch.stack([online(current) for current in currents])
    assert torch.equal(steps, whole)
    assert not torch.equal(steps[1:], torch.stack([ready(config, 1, 2)(c) for c in currents[1:]]))


@pytest.mark.parametrize("kind", SLOW)
@pytest.mark.parametrize("online", [False, True])
def test_with_delay_spikes_arrive_one_step_late(kind: str, online: bool) -> None:
    config = SpikingConfig(neuron=kind)  # type: ignore[arg-type]
    late = SpikingConfig(neuron=kind, delay=True)  # type: ignore[arg-type]
    currents = drawn((5, 2, 3, 4, 4), 1.0, 9)
    prompt = ready(config, 5, 2)(currents.flatten(0, 1)).view(currents.shape)
    delayed = ready(late, 5, 2, online=online)
    if online:
        found = torch.stack([delayed(current) for current in currents])
    else:
        found = delayed(currents.flatten(0, 1)).view(currents.shape)
    assert not found[0].any()
    assert prompt[:-1].any()
    assert torch.equal(found[1:], prompt[:-1])


@pytest.mark.parametrize("decay", [0.1, 0.5, 0.99])
def test_a_trained_leak_starts_where_the_settings_say(decay: float) -> None:
    neurons = make_neurons(SpikingConfig(neuron="plif", decay=decay))
    assert torch.as_tensor(neurons.decay).item() == pytest.approx(decay, rel=1e-5)
    assert repr(neurons) == f"ParametricLIF(plif, decay={decay:g}, soft reset)"
    assert [name for name, _ in neurons.named_parameters()] == ["leak"]


def test_a_trained_leak_learns_the_decay_of_another_neuron() -> None:
    target = ready(SpikingConfig(decay=0.9), 8, 4)
    learner = ready(SpikingConfig(neuron="plif", decay=0.3, surrogate="arctan"), 8, 4)
    optimizer = torch.optim.Adam(learner.parameters(), 0.1)
    for seed in range(60):
        currents = drawn((32, 3, 4, 4), 0.5, seed)
        loss = (learner(currents) - target(currents)).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert abs(torch.as_tensor(learner.decay).item() - 0.9) < 0.1


def test_an_adaptive_threshold_spreads_the_spikes_of_a_constant_current() -> None:
    # Without adaptation: current 1 fires in every step. With it, theta is 1, then 2: v = 0, 1, 2.
    def fired(adaptation: float) -> list[float]:
        config = SpikingConfig(
            neuron="alif", decay=1.0, adaptation=adaptation, adaptation_decay=1.0
        )
        found: list[float] = ready(config, 6, 1)(torch.ones(1, 1, 1, 1).double()).flatten().tolist()
        return found

    assert fired(0.0) == [1, 1, 1, 1, 1, 1]
    assert fired(1.0) == [1, 0, 1, 0, 0, 1]


@settings(max_examples=40, deadline=None)
@given(levels=st.integers(1, 5), seed=st.integers(0, 10**6), steps=st.integers(1, 4))
def test_binary_spikes_of_an_integer_neuron_are_as_many_as_it_stands_for(
    levels: int, seed: int, steps: int
) -> None:
    config = SpikingConfig(neuron="ilif", levels=levels, num_steps=steps)
    currents = drawn((steps * 2, 3, 2, 2), 3.0, seed)
    whole = ready(config, steps, 2)(currents).view(steps, 2, 3, 2, 2)
    binary = ready(config, steps, 2, binary=True)(currents).view(steps, levels, 2, 3, 2, 2)
    assert set(binary.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(binary.sum(dim=1), (whole * levels).round())


@pytest.mark.parametrize("norm", ["batch", "threshold", "bntt", "none"])
@pytest.mark.parametrize("coding", ["direct", "poisson", "steps"])
@pytest.mark.parametrize("delay", [False, True])
def test_a_network_of_integers_equals_that_of_binary_spikes(
    norm: str, coding: str, delay: bool
) -> None:
    network = awake(neuron="ilif", norm=norm, coding=coding, levels=3, v_threshold=0.5).double()
    for module in network.modules():
        if isinstance(module, SpikingActivation):
            module.config = replace(module.config, delay=delay)
    convolved = [0]

    def note(module: nn.Module, inputs: tuple[Tensor], out: Tensor) -> None:
        convolved[0] = max(convolved[0], len(inputs[0]))

    last = [m for m in network.modules() if isinstance(m, nn.Conv2d)][-1]
    last.register_forward_hook(note)
    x = images().double()
    with torch.no_grad():
        whole, counts = network.counted(x)
        assert convolved[0] == 3 * 2
        binary, spikes = network.counted(x, binary=True)
        assert convolved[0] == 3 * 3 * 2
    torch.testing.assert_close(binary, whole, rtol=1e-9, atol=1e-9)
    assert not torch.equal(whole[0], whole[-1])
    for name, count in counts.items():
        assert torch.equal(count.round(), spikes[name].round()), name


@pytest.mark.parametrize("name", ["fcn", "deeplab", "fcn_vgg9"])
def test_other_networks_of_integers_equal_those_of_binary_spikes_too(name: str) -> None:
    network = awake(name, size=16, neuron="ilif", levels=4).double()
    with torch.no_grad():
        x = images(size=16).double()
        whole, binary = network.in_steps(x), network.in_steps(x, binary=True)
        torch.testing.assert_close(network(x), whole.mean(dim=0))
    torch.testing.assert_close(binary, whole, rtol=1e-9, atol=1e-9)


def test_the_logits_of_integers_hear_the_currents_that_they_are_rounded_from() -> None:
    network = awake(neuron="ilif", norm="batch", num_steps=1, levels=8, v_threshold=0.5)
    last, head = network.inner.decoder[0].norm, network.inner.head
    seen: dict[str, Tensor] = {}
    last.register_forward_hook(lambda *given: seen.update(current=given[2]))
    head.register_forward_hook(lambda *given: seen.update(heard=given[1][0]))
    with torch.no_grad():
        network(images())
        rounded = (seen["current"] / 0.5).round().clamp(0, 8) * 0.5
        torch.testing.assert_close(seen["heard"], rounded)
        assert rounded.any()
        network.counted(images(), binary=True)
    binary = seen["heard"].unflatten(0, (8, -1))
    torch.testing.assert_close(binary.mean(dim=0), rounded)
    assert set(binary.unique().tolist()) == {0.0, 4.0}
