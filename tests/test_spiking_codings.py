"""What drives a spiking network: constant images, signed Poisson spikes, the steps of events."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikeseg.config import SpikingConfig
from spikeseg.errors import ConfigError, ShapeError
from spikeseg.events import Events
from spikeseg.events.representations import steps as represented
from spikeseg.spiking import channels_of_a_step
from spikeseg.spiking.coding import CODINGS
from tests.awake_networks import asleep, awake, images

MEAN_COLOR = torch.tensor([122.679, 116.669, 104.007]).view(3, 1, 1) / 255


def poisson(x: Tensor, steps: int, training: bool = False) -> Tensor:
    """Return (T, B, C, H, W)."""
    return CODINGS["poisson"](x, steps, training).unflatten(0, (steps, -1))


@settings(max_examples=20, deadline=None)
@given(level=st.floats(-1.3, 1.3), training=st.booleans())
def test_poisson_spikes_have_the_sign_of_the_image_and_its_size_for_a_rate(
    level: float, training: bool
) -> None:
    torch.manual_seed(0)
    steps, size = 20, 20
    spikes = poisson(torch.full((1, 2, size, size), level), steps, training)
    assert spikes.shape == (steps, 1, 2, size, size)
    signs = set(spikes.unique().tolist()) - {0.0}
    assert signs <= {float(np.sign(level))}
    rate, draws = min(abs(level), 1.0), spikes.numel()
    deviation = (rate * (1 - rate) / draws) ** 0.5
    assert abs(float(spikes.abs().mean()) - rate) <= 5 * deviation + 1 / draws


def test_poisson_spikes_are_drawn_for_every_pixel_and_step_by_itself() -> None:
    spikes = poisson(torch.full((3, 4, 16, 16), 0.5), 8)
    rows = spikes.flatten(1).flatten(0, 0)
    correlations = torch.corrcoef(rows) - torch.eye(8)
    assert correlations.abs().max() < 5 / (3 * 4 * 16 * 16) ** 0.5
    pixels = torch.corrcoef(spikes.flatten(2).flatten(0, 1)) - torch.eye(24)
    assert pixels.abs().max() < 6 / (4 * 16 * 16) ** 0.5


def test_poisson_spikes_are_the_same_again_outside_of_training_only() -> None:
    x = images()
    torch.manual_seed(1)
    first = poisson(x, 5)
    torch.manual_seed(2)
    assert torch.equal(poisson(x, 5), first)
    assert not torch.equal(poisson(x, 5, training=True), first)
    assert not torch.equal(poisson(x, 5, training=True), poisson(x, 5, training=True))


def test_outside_of_training_torch_s_own_random_numbers_are_left_alone() -> None:
    before = torch.random.get_rng_state()
    poisson(images(), 5)
    assert torch.equal(torch.random.get_rng_state(), before)
    poisson(images(), 5, training=True)
    assert not torch.equal(torch.random.get_rng_state(), before)


def test_more_steps_of_poisson_spikes_begin_as_fewer_do() -> None:
    x = images()
    assert torch.equal(poisson(x, 7)[:3], poisson(x, 3))


def test_the_mean_color_of_imagenet_gives_no_spikes() -> None:
    assert not poisson(MEAN_COLOR.expand(2, 3, 8, 8), 50).any()
    offset = torch.tensor([0.25, -0.25, 0.0]).view(3, 1, 1)
    spikes = poisson((MEAN_COLOR + offset).expand(2, 3, 32, 32), 50)
    rates = spikes.mean(dim=(0, 1, 3, 4))
    np.testing.assert_allclose(rates.numpy(), [0.25, -0.25, 0.0], atol=0.01)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_images_than_rgb_are_coded_as_they_are(channels: int) -> None:
    assert not poisson(torch.zeros(1, channels, 8, 8), 20).any()
    assert poisson(torch.ones(1, channels, 8, 8), 20).all()


@pytest.mark.parametrize("neuron", ["lif", "ilif"])
def test_a_poisson_network_gives_the_same_answer_twice_and_draws_anew_in_training(
    neuron: str,
) -> None:
    network, x = awake(neuron=neuron, coding="poisson"), images()
    with torch.no_grad():
        assert torch.equal(network(x), network(x))
        network.train()
        assert not torch.equal(network(x), network(x))


def test_a_direct_image_is_passed_on_untouched() -> None:
    x = images()
    assert CODINGS["direct"](x, 7, True) is x


@settings(max_examples=20, deadline=None)
@given(steps=st.integers(1, 5), channels=st.integers(1, 3), batch=st.integers(1, 3))
def test_steps_are_cut_from_the_channels_in_order(steps: int, channels: int, batch: int) -> None:
    x = torch.arange(batch * steps * channels * 4.0).view(batch, steps * channels, 2, 2)
    cut = CODINGS["steps"](x, steps, False)
    assert cut.shape == (steps * batch, channels, 2, 2)
    for t in range(steps):
        for b in range(batch):
            for c in range(channels):
                assert torch.equal(cut[t * batch + b, c], x[b, t * channels + c])


def test_steps_are_those_of_the_event_datasets() -> None:
    # 5 OFF events, 2 of them in the first half; 3 ON events, all in the second.
    t = np.array([0, 10, 60, 70, 80, 85, 90, 100])
    on = np.array([0, 0, 0, 0, 0, 1, 1, 1], np.uint8)
    events = Events(t, np.full(8, 1), np.full(8, 2), on, height=3, width=4)
    image = torch.from_numpy(represented(events, 2, span=(0, 101))).float()
    parts = CODINGS["steps"](image.flatten(0, -3)[None], 2, False)
    assert parts.shape == (2, 2, 3, 4)
    assert parts[:, :, 2, 1].tolist() == [[2, 0], [3, 3]]


@pytest.mark.parametrize(("channels", "steps"), [(6, 4), (7, 3), (2, 3)])
def test_channels_that_cannot_be_cut_are_refused(channels: int, steps: int) -> None:
    config = SpikingConfig(num_steps=steps, coding="steps")
    with pytest.raises(ShapeError, match=f"{channels} channels.* into {steps} steps.*divisor"):
        channels_of_a_step(config, channels)
    with pytest.raises(ShapeError, match=f"{channels} channels"):
        asleep(channels=channels, num_steps=steps, coding="steps")


@pytest.mark.parametrize("coding", ["direct", "poisson"])
def test_other_codings_take_all_channels_in_every_step(coding: str) -> None:
    assert channels_of_a_step(SpikingConfig(num_steps=4, coding=coding), 7) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize("num_steps", [2, 4])
def test_a_network_of_steps_runs_neither_fewer_nor_more(num_steps: int) -> None:
    with pytest.raises(ConfigError, match=f"num_steps is {num_steps}.* takes the 3 steps"):
        awake(coding="steps").in_steps(images(), num_steps)


@pytest.mark.parametrize("num_steps", [0, -1])
def test_no_steps_are_none(num_steps: int) -> None:
    with pytest.raises(ConfigError, match=f"num_steps is {num_steps}; it must be at least 1"):
        asleep().in_steps(images(), num_steps)
