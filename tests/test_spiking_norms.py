"""Norms over time against torch's own layer and the definitions of their papers."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from spikeseg.config import SpikingConfig
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.spiking import Clock, SpikingUnit, StepNorm, TimeNorm, make_neurons, make_norm
from tests.awake_networks import awake, images


def currents(steps: int, batch: int = 3, channels: int = 4, seed: int = 0) -> Tensor:
    """Return (T * B, C, H, W) whose mean and spread differ from step to step."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(steps, batch, channels, 5, 6, generator=generator)
    along = torch.arange(1.0, steps + 1).view(-1, 1, 1, 1, 1)
    return (x * along + 2 * along).flatten(0, 1)


def two_norms(channels: int, gain: float) -> tuple[TimeNorm, nn.BatchNorm2d]:
    ours, torchs = TimeNorm(channels, gain), nn.BatchNorm2d(channels)
    with torch.no_grad():
        torchs.weight.fill_(gain)
        ours.bias.normal_()
        torchs.bias.copy_(ours.bias)
    return ours, torchs


def assert_same_state(ours: nn.Module, torchs: nn.Module) -> None:
    for name, expected in torchs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], expected, rtol=1e-5, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(steps=st.integers(1, 4), gain=st.sampled_from([1.0, 0.5, 2.0]), seed=st.integers(0, 999))
def test_a_norm_over_time_is_torch_s_batch_norm_of_all_steps(
    steps: int, gain: float, seed: int
) -> None:
    torch.manual_seed(seed)
    ours, torchs = two_norms(4, gain)
    for turn in range(3):
        x = currents(steps, seed=seed + turn)
        torch.testing.assert_close(ours(x), torchs(x))
    assert_same_state(ours, torchs)
    torch.testing.assert_close(ours.eval()(x), torchs.eval()(x))


@pytest.mark.parametrize("neuron", ["lif", "plif", "ilif", "alif"])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_a_unit_is_its_convolution_torch_s_norm_and_its_neurons(
    neuron: Any, constant: bool, training: bool
) -> None:
    torch.manual_seed(0)
    config = SpikingConfig(neuron=neuron, decay=0.75, surrogate="arctan")
    ours, torchs = two_norms(4, 1.5)
    conv = nn.Conv2d(2, 4, 3, padding=1, bias=False)
    unit = SpikingUnit(conv, ours, make_neurons(config)).train(training)
    torchs.train(training)
    apart = make_neurons(config)
    apart.clock = Clock(3, 2)
    unit.neurons.clock = Clock(3, 2)  # type: ignore[assignment]
    x = torch.randn(2 if constant else 6, 2, 6, 7)
    found, expected = unit(x), apart(torchs(conv(x)))
    assert 0 < expected.mean() < 1
    assert found.shape == (6, 4, 6, 7)
    assert (found != expected).float().mean() < 0.002  # rounding at the very threshold
    assert_same_state(ours, torchs)
    weights = torch.randn(found.shape)
    by_ours = torch.autograd.grad((found * weights).sum(), [conv.weight, ours.weight, ours.bias])
    by_torch = torch.autograd.grad(
        (expected * weights).sum(), [conv.weight, torchs.weight, torchs.bias]
    )
    for a, b in zip(by_ours, by_torch, strict=True):
        assert b.abs().max() > 0.1
        torch.testing.assert_close(a, b, rtol=2e-2, atol=2e-2 * b.abs().max().item())


@pytest.mark.parametrize("threshold", [1.0, 0.5, 3.0])
def test_the_threshold_dependent_norm_spreads_currents_by_the_threshold(threshold: float) -> None:
    norm = make_norm(SpikingConfig(norm="threshold", v_threshold=threshold), 4)
    spread = norm(currents(4)).transpose(0, 1).flatten(1)
    torch.testing.assert_close(spread.std(dim=1), torch.full((4,), threshold), rtol=1e-2, atol=0)
    torch.testing.assert_close(spread.mean(dim=1), torch.zeros(4), rtol=0, atol=1e-5)


def test_the_plain_norm_spreads_currents_by_one_whatever_the_threshold() -> None:
    norm = make_norm(SpikingConfig(norm="batch", v_threshold=3.0), 4)
    spread = norm(currents(4)).transpose(0, 1).flatten(1)
    torch.testing.assert_close(spread.std(dim=1), torch.ones(4), rtol=1e-2, atol=0)


def test_no_norm_is_none() -> None:
    assert isinstance(make_norm(SpikingConfig(norm="none"), 4), nn.Identity)


def test_one_value_a_channel_cannot_be_normalized_in_training() -> None:
    unit = SpikingUnit(nn.Conv2d(1, 2, 1), TimeNorm(2), make_neurons(SpikingConfig()))
    unit.neurons.clock = Clock(2, 1)  # type: ignore[assignment]
    with pytest.raises(ShapeError, match="no variance"):
        unit(torch.ones(1, 1, 1, 1))
    assert unit.eval()(torch.ones(1, 1, 1, 1)).shape == (2, 2, 1, 1)


class Definition:
    """BNTT by its definition: in step t, (x - mean_t) / sqrt(var_t + eps) * gamma_t."""

    def __init__(self, gammas: Tensor) -> None:
        self.gammas = gammas
        self.means, self.vars = torch.zeros_like(gammas), torch.ones_like(gammas)

    def __call__(self, x: Tensor, t: int, training: bool) -> Tensor:
        mean, var = self.means[t], self.vars[t]
        if training:
            values = x.transpose(0, 1).flatten(1)
            mean = values.mean(dim=1)
            centered = (values - mean[:, None]).square().sum(dim=1)
            var, unbiased = centered / values.shape[1], centered / (values.shape[1] - 1)
            self.means[t] = 0.9 * self.means[t] + 0.1 * mean
            self.vars[t] = 0.9 * self.vars[t] + 0.1 * unbiased
        scale = self.gammas[t] / (var + 1e-4).sqrt()
        return (x - mean[:, None, None]) * scale[:, None, None]


def bntt(steps: int = 4, channels: int = 4) -> tuple[StepNorm, Definition]:
    norm = make_norm(SpikingConfig(norm="bntt", num_steps=steps), channels)
    assert isinstance(norm, StepNorm)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2.0, generator=generator)
    return norm, Definition(norm.weight.detach().clone())


def test_bntt_is_its_definition_step_by_step_and_follows_every_step_by_itself() -> None:
    norm, definition = bntt()
    norm.clock = Clock(4, 3)
    for turn in range(5):
        x = currents(4, seed=turn)
        expected = [definition(now, t, True) for t, now in enumerate(x.view(4, 3, 4, 5, 6))]
        torch.testing.assert_close(norm(x), torch.cat(expected))
    torch.testing.assert_close(norm.running_mean, definition.means)
    torch.testing.assert_close(norm.running_var, definition.vars)
    assert norm.running_mean[3].min() > 2 * norm.running_mean[0].max() > 0
    norm.eval()
    expected = [definition(now, t, False) for t, now in enumerate(x.view(4, 3, 4, 5, 6))]
    torch.testing.assert_close(norm(x), torch.cat(expected))


def test_bntt_of_a_constant_current_differs_from_step_to_step() -> None:
    norm, definition = bntt()
    norm.clock = Clock(4, 3)
    x = currents(1)
    expected = torch.cat([definition(x, t, True) for t in range(4)])
    torch.testing.assert_close(norm(x), expected)
    assert not torch.allclose(expected[:3], expected[3:6])


def test_bntt_has_gains_and_no_shifts() -> None:
    norm, _ = bntt(5, 7)
    assert {name: tuple(p.shape) for name, p in norm.named_parameters()} == {"weight": (5, 7)}


def test_bntt_takes_fewer_steps_and_no_more_than_were_trained() -> None:
    norm, definition = bntt()
    norm.eval()
    x = currents(5)
    norm.clock = Clock(2, 3)
    two = [definition(now, t, False) for t, now in enumerate(x[:6].view(2, 3, 4, 5, 6))]
    torch.testing.assert_close(norm(x[:6]), torch.cat(two))
    norm.clock = Clock(5, 3)
    with pytest.raises(ConfigError, match=r"num_steps is 5, but .* norms for 4 steps"):
        norm(x)


def test_bntt_in_one_step_at_a_time_uses_the_step_s_own_statistics() -> None:
    norm, definition = bntt()
    norm.clock = Clock(4, 3, online=True)
    for t, now in enumerate(currents(4).view(4, 3, 4, 5, 6)):
        norm.clock.step = t
        torch.testing.assert_close(norm(now), definition(now, t, True))
    torch.testing.assert_close(norm.running_mean, definition.means)


@pytest.mark.parametrize("name", ["unet", "fcn_vgg9"])
def test_fewer_steps_of_a_bntt_network_are_its_first_ones(name: str) -> None:
    network = awake(name, size=16, norm="bntt", coding="poisson")
    x = images(size=16)
    with torch.no_grad():
        three, two = network.in_steps(x), network.in_steps(x, num_steps=2)
        scale = 2 / 3 if name == "fcn_vgg9" else 1  # whose output is the sum
        torch.testing.assert_close(two, scale * three[:2])
        with pytest.raises(ConfigError, match="num_steps is 4"):
            network.in_steps(x, num_steps=4)
        torch.testing.assert_close(network.in_steps(x), three)  # the refusal has left no trace
