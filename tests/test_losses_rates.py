"""The firing-rate regularizer: percentiles against NumPy, the loss by hand, dead neurons wake."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spikeseg.config import RegularizerConfig
from spikeseg.errors import ConfigError
from spikeseg.layers import make_activation
from spikeseg.losses import RateMonitor
from spikeseg.losses.rates import percentile_current

BAND = RegularizerConfig(percentile=100.0, min_hz=50.0, max_hz=200.0, margin=0.0)


class Pass(nn.Module):
    """Two activations whose currents are the inputs, in Hz as they come."""

    def __init__(self, unit_rate_hz: float = 100.0, dt_ms: float = 1.0) -> None:
        super().__init__()
        self.first = make_activation("relu", unit_rate_hz, dt_ms)
        self.second = make_activation("loihi_relu", unit_rate_hz, dt_ms)
        self.unit = unit_rate_hz

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> None:
        self.first(first / self.unit)
        self.second(second / self.unit)


def rates(values: list[float]) -> torch.Tensor:
    """Return (B, 1, 1, 1) currents of one neuron."""
    return torch.tensor(values).reshape(-1, 1, 1, 1)


def watched(config: RegularizerConfig, *hz: torch.Tensor, dt_ms: float = 1.0) -> RateMonitor:
    network = Pass(dt_ms=dt_ms)
    monitor = RateMonitor(network, config, dt_ms)
    with monitor:
        network(*hz)
    return monitor


@settings(deadline=None)
@given(
    batch=st.integers(1, 40),
    percentile=st.one_of(st.floats(0.5, 100), st.sampled_from([25.0, 50.0, 75.0, 99.0, 100.0])),
    seed=st.integers(0, 1000),
)
def test_the_percentile_of_a_neuron_is_numpys_nearest_rank(
    batch: int, percentile: float, seed: int
) -> None:
    current = np.random.default_rng(seed).normal(size=(batch, 2, 3, 2))
    found = percentile_current(torch.from_numpy(current), percentile, "neuron")
    expected = np.percentile(current, percentile, axis=0, method="nearest")
    np.testing.assert_array_equal(found.numpy(), expected)


@settings(deadline=None)
@given(size=st.integers(1, 16), percentile=st.floats(0.5, 100), seed=st.integers(0, 1000))
def test_the_percentile_of_a_channel_is_over_batch_and_positions(
    size: int, percentile: float, seed: int
) -> None:
    current = np.random.default_rng(seed).normal(size=(3, 2, size, 5))
    found = percentile_current(torch.from_numpy(current), percentile, "channel")
    expected = np.percentile(current, percentile, axis=(0, 2, 3), method="nearest")
    np.testing.assert_array_equal(found.numpy(), expected)


def test_a_large_map_is_sampled_on_a_regular_grid() -> None:
    current = torch.rand(2, 3, 64, 48)
    sampled = current[:, :, ::4, ::3].numpy()
    found = percentile_current(current, 90.0, "channel")
    expected = np.percentile(sampled, 90.0, axis=(0, 2, 3), method="nearest")
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("scope", ["neuron", "channel"])
def test_rates_inside_of_the_band_cost_nothing(scope: str) -> None:
    monitor = watched(replace(BAND, scope=scope), rates([0.0, 50.0]), rates([100.0, 200.0]))
    assert monitor.loss().item() == pytest.approx(0.0, abs=1e-12)


def test_the_loss_by_hand_when_each_neuron_counts() -> None:
    """Layer 1 peaks at 20 and 300 Hz, layer 2 at 100 Hz; in units of 200 Hz."""
    first = torch.tensor([[20.0, 100.0], [10.0, 300.0]]).reshape(2, 1, 1, 2)
    monitor = watched(replace(BAND, scope="neuron"), first, rates([100.0, 0.0]))
    expected = 0.5 * ((0.25 - 0.1) ** 2 + (1.5 - 1.0) ** 2) / 2
    assert monitor.loss().item() == pytest.approx(expected, rel=1e-5)


def test_the_loss_by_hand_when_each_channel_counts() -> None:
    """Channel 1 peaks at 20 Hz, channel 2 at 300 Hz, wherever; layer 2 at 250 Hz."""
    first = torch.tensor([[20.0, 5.0], [10.0, 300.0]]).reshape(1, 2, 1, 2)
    monitor = watched(replace(BAND, scope="channel"), first, rates([250.0, 0.0]))
    layer_1 = 0.5 * ((0.25 - 0.1) ** 2 + (1.5 - 1.0) ** 2) / 2
    layer_2 = 0.5 * (1.25 - 1.0) ** 2
    assert monitor.loss().item() == pytest.approx(layer_1 + layer_2, rel=1e-5)


def test_the_margin_narrows_the_band_at_both_ends() -> None:
    config = replace(BAND, margin=0.2)
    monitor = watched(config, rates([55.0]), rates([170.0]))
    expected = 0.5 * ((60 - 55) / 200) ** 2 + 0.5 * ((170 - 160) / 200) ** 2
    assert monitor.loss().item() == pytest.approx(expected, rel=1e-4)
    assert monitor.shares().in_band == 1.0


@pytest.mark.parametrize("scope", ["neuron", "channel"])
def test_a_dead_neuron_has_a_gradient_that_wakes_it_up(scope: str) -> None:
    weight = torch.tensor(-30.0, requires_grad=True)
    monitor = watched(replace(BAND, scope=scope), weight * torch.ones(2, 1, 1, 1), rates([100.0]))
    monitor.loss().backward()
    assert weight.grad.item() < 0, "a step against the gradient must raise the current"


def test_shares_are_of_neurons_under_in_and_over_the_band() -> None:
    first = torch.tensor([-10.0, 49.0, 50.0, 200.0, 201.0]).reshape(1, 1, 1, 5)
    shares = watched(replace(BAND, scope="neuron"), first, rates([100.0])).shares()
    assert shares.under_band == pytest.approx(2 / 6)
    assert shares.in_band == pytest.approx(3 / 6)
    assert shares.over_band == pytest.approx(1 / 6)


def test_rates_do_not_depend_on_the_length_of_a_step() -> None:
    hz = torch.tensor([-10.0, 20.0, 100.0, 250.0]).reshape(1, 4, 1, 1)
    losses = [watched(BAND, hz, hz, dt_ms=dt).loss().item() for dt in (0.5, 1.0, 4.0)]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


def test_outside_of_the_context_nothing_is_watched() -> None:
    network = Pass()
    monitor = RateMonitor(network, BAND, 1.0)
    with monitor:
        network(rates([100.0]), rates([100.0]))
    before = monitor.loss()
    network(rates([900.0]), rates([900.0]))
    assert monitor.loss() == before


def test_a_network_without_activations_of_this_package_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Sequential has no activation.*regularizer\.weight"):
        RateMonitor(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), BAND, 1.0)
