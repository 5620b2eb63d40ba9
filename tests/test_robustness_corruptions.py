"""Each corruption against its definition: other libraries, closed forms, statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from skimage.filters import gaussian
from skimage.util import random_noise

from spikeseg.data import EventLayout
from spikeseg.robustness import corrupt

RNG = np.random.default_rng(0)
PHOTOGRAPH = RNG.random((3, 40, 50)).astype(np.float32)
GREY = np.full((1, 200, 200), 0.5, np.float32)
LAYOUT = EventLayout(num_steps=2, largest_count=8)
COUNTS = RNG.integers(0, 9, (4, 60, 60))
EVENTS = (COUNTS / 8).astype(np.float32)


def corrupted(image, name, level, **options):
    return corrupt(image, name, level, **{"seed": 0, "number": 0, **options})


def counts_of(image):
    return np.rint(image.astype(np.float64) * LAYOUT.largest_count).astype(int)


@pytest.mark.parametrize("level", [0.03, 0.27, 0.8])
def test_salt_and_pepper_have_the_shares_of_scikit_image(level):
    ours = corrupted(GREY, "salt_and_pepper", level)
    theirs = random_noise(GREY, mode="s&p", rng=1, amount=level)
    deviation = np.sqrt(level * (1 - level) / GREY.size)
    for value in (0.0, 1.0):
        assert abs((ours == value).mean() - (theirs == value).mean()) < 6 * deviation
    assert set(np.unique(ours)) == {0.0, 0.5, 1.0}


def test_salt_and_pepper_change_all_channels_of_a_pixel_and_no_other_pixel():
    ours = corrupted(PHOTOGRAPH, "salt_and_pepper", 0.2)
    changed = (ours != PHOTOGRAPH).all(axis=0)
    assert np.array_equal((ours != PHOTOGRAPH).any(axis=0), changed)
    assert (ours[:, changed] == ours[0, changed]).all()


def test_every_pixel_is_replaced_at_the_extreme():
    assert set(np.unique(corrupted(PHOTOGRAPH, "salt_and_pepper", 1.0))) == {0.0, 1.0}


@pytest.mark.parametrize("level", [0.02, 0.1])
def test_gaussian_noise_is_normal_with_the_deviation_of_scikit_image(level):
    noise = (corrupted(GREY, "gaussian_noise", level) - GREY).ravel()
    theirs = (random_noise(GREY, mode="gaussian", rng=1, var=level**2) - GREY).ravel()
    assert noise.std() == pytest.approx(theirs.std(), rel=0.03)
    assert stats.kstest(noise / level, "norm").pvalue > 1e-4


@given(level=st.floats(0.3, 8), seed=st.integers(0, 99))
def test_blur_is_that_of_scikit_image(level, seed):
    image = np.random.default_rng(seed).random((2, 20, 31)).astype(np.float32)
    theirs = gaussian(image, sigma=level, mode="nearest", truncate=4, channel_axis=0)
    np.testing.assert_allclose(corrupted(image, "blur", level), theirs, atol=1e-5)


@given(level=st.floats(0, 0.99), seed=st.integers(0, 99))
def test_contrast_keeps_each_channel_s_mean_and_scales_its_deviation(level, seed):
    image = np.random.default_rng(seed).random((3, 9, 8)).astype(np.float32)
    ours = corrupted(image, "contrast", level)
    np.testing.assert_allclose(ours.mean(axis=(1, 2)), image.mean(axis=(1, 2)), atol=1e-5)
    deviations = level * image.std(axis=(1, 2))
    np.testing.assert_allclose(ours.std(axis=(1, 2)), deviations, atol=1e-5)


@given(level=st.floats(0.01, 1), number=st.integers(0, 99))
def test_no_event_is_made_by_dropping_events(level, number):
    left = counts_of(corrupted(EVENTS, "events_dropped", level, number=number, events=LAYOUT))
    assert (left <= COUNTS).all()
    assert (left >= 0).all()


@pytest.mark.parametrize("level", [0.25, 0.9])
def test_what_is_left_of_n_events_is_binomial(level):
    full = np.ones((4, 100, 100), np.float32)
    left = counts_of(corrupted(full, "events_dropped", level, events=LAYOUT)).ravel()
    expected = stats.binom.pmf(np.arange(9), 8, 1 - level) * left.size
    found = np.bincount(left, minlength=9)
    often = expected > 20
    assert stats.chisquare(
        [*found[often], found[~often].sum()], [*expected[often], expected[~often].sum()]
    ).pvalue > 1e-4  # fmt: skip


@pytest.mark.parametrize("level", [0.1, 1.0])
def test_spurious_events_of_a_pixel_and_step_are_poisson(level):
    silent = np.zeros((4, 100, 100), np.float32)
    made = counts_of(corrupted(silent, "events_spurious", level, events=LAYOUT))
    both = made.reshape(2, 2, -1).sum(axis=1).ravel()
    expected = stats.poisson.pmf(np.arange(20), level) * both.size
    found, often = np.bincount(both, minlength=20), expected > 20
    assert stats.chisquare(
        [*found[often], found[~often].sum()],
        [*expected[often], found.sum() - expected[often].sum()],
    ).pvalue > 1e-4  # fmt: skip
    off, on = made[::2].sum(), made[1::2].sum()
    assert abs(off - on) < 6 * np.sqrt(off + on)


def test_spurious_events_are_added_to_those_that_are_there_up_to_the_largest_count():
    more = counts_of(corrupted(EVENTS, "events_spurious", 1.0, events=LAYOUT))
    assert (more >= COUNTS).all()
    assert more.max() == LAYOUT.largest_count
    assert (more > COUNTS).any()
