"""A layer's error in parts: they add up, and each is what its equation says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.conversion.recipes.local_threshold import _rounded
from spikeseg.diagnosis.parts import PARTS, error_parts, resolved

STEPS = st.integers(1, 16)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, num_steps: int) -> tuple[torch.Tensor, ...]:
    """Return activations, decoded spikes, moved currents and thresholds of three channels."""
    rng = np.random.default_rng(seed)
    worth = rng.uniform(0.2, 3, (3, 1, 1))
    analog = np.maximum(rng.normal(0, 2, (2, 3, 4, 5)), 0)
    spiking = rng.integers(0, num_steps + 1, analog.shape) * worth / num_steps
    moved = rng.normal(0, 0.5, analog.shape)
    return tuple(map(torch.from_numpy, (analog, spiking, moved, worth)))


@settings(deadline=None, max_examples=40)
@given(SEEDS, STEPS)
def test_the_parts_add_up_to_the_error_in_every_neuron(seed: int, num_steps: int) -> None:
    analog, spiking, moved, worth = drawn(seed, num_steps)
    parts = error_parts(analog, spiking, moved, worth, num_steps)
    assert tuple(parts) == PARTS
    torch.testing.assert_close(sum(parts.values()), spiking - analog)


@settings(deadline=None, max_examples=40)
@given(SEEDS, STEPS)
def test_what_spikes_resolve_is_what_the_recipe_local_threshold_takes_it_for(
    seed: int, num_steps: int
) -> None:
    analog, _, _, worth = drawn(seed, num_steps)
    found = resolved(analog, worth, num_steps)
    for c, threshold in enumerate(worth.flatten().tolist()):
        expected = _rounded(analog[:, c].numpy(), threshold, num_steps)
        np.testing.assert_allclose(found[:, c].numpy(), expected, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(SEEDS, STEPS)
def test_rounding_is_at_most_half_a_spike_and_only_where_nothing_is_clipped(
    seed: int, num_steps: int
) -> None:
    analog, spiking, moved, worth = drawn(seed, num_steps)
    parts = error_parts(analog, spiking, moved, worth, num_steps)
    assert (parts["rounding"].abs() <= worth / (2 * num_steps) + 1e-12).all()
    assert not ((parts["rounding"].abs() > 1e-12) & (parts["clipping"] < 0)).any()


def test_each_part_of_a_neuron_is_what_can_be_computed_by_hand() -> None:
    """Threshold 2, four steps: a spike is worth 1/2."""
    analog = torch.tensor([[[[2.75, 0.625, 0.5, 0.5]]]])
    spiking = torch.tensor([[[[2.0, 0.5, 1.5, 1.0]]]])
    moved = torch.tensor([[[[0.0, 0.0, 1.0, 0.0]]]])
    parts = error_parts(analog, spiking, moved, torch.full((1, 1, 1), 2.0), 4)
    found = {name: part.flatten().tolist() for name, part in parts.items()}
    assert found == {
        "clipping": [-0.75, 0, 0, 0],
        "rounding": [0, -0.125, 0, 0],
        "handed_on": [0, 0, 1.0, 0],
        "timing": [0, 0, 0, 0.5],
    }


@pytest.mark.parametrize("noise", [1e-7, -1e-7])
def test_the_noise_of_two_ways_to_compute_a_current_is_not_handed_on(noise: float) -> None:
    """0.125 is just where two steps of threshold 1/2 round up: noise must not tip it."""
    analog, worth = torch.full((1, 1, 1, 1), 0.125), torch.full((1, 1, 1), 0.5)
    parts = error_parts(analog, analog, torch.full_like(analog, noise), worth, 2)
    assert parts["handed_on"].item() == 0
