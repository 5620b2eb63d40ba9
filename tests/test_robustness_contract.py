"""What the page of corruptions promises, for every member; and what `corrupt` refuses."""

import re

import numpy as np
import pytest

from spikeseg.data import EventLayout
from spikeseg.errors import ConfigError, DataError, UnknownNameError
from spikeseg.robustness import CORRUPTIONS, corrupt, fitting

LAYOUT = EventLayout(num_steps=3, largest_count=5)
RNG = np.random.default_rng(5)
IMAGES = {
    None: RNG.random((3, 24, 20)).astype(np.float32),
    LAYOUT: (RNG.integers(0, 6, (6, 24, 20)) / 5).astype(np.float32),
}
PAIRS = [(name, events) for events in IMAGES for name in fitting(events)]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}-{'events' if pair[1] else 'photograph'}")
def pair(request):
    """A corruption, and the layout of an image that it fits."""
    return request.param


def corrupted(pair, level, seed=3, number=7):
    name, events = pair
    return corrupt(IMAGES[events], name, level, seed=seed, number=number, events=events)


def test_every_corruption_fits_something():
    assert {name for name, _ in PAIRS} == set(CORRUPTIONS.names())


@pytest.mark.parametrize("name", CORRUPTIONS.names())
def test_set_levels_go_from_mild_to_severe_within_the_limits(name):
    one = CORRUPTIONS.get(name)
    away = [abs(level - one.clean) for level in one.levels]
    assert away == sorted(set(away))
    assert away[0] > 0
    low, high = sorted((one.clean, one.extreme))
    assert all(low <= level <= high for level in one.levels)
    assert one.title
    assert one.unit


def test_the_image_is_left_as_it_was_and_the_copy_has_its_type_size_and_range(pair):
    image = IMAGES[pair[1]]
    before = image.copy()
    for level in CORRUPTIONS.get(pair[0]).levels:
        made = corrupted(pair, level)
        assert np.array_equal(image, before)
        assert (made.dtype, made.shape) == (np.float32, image.shape)
        assert 0 <= made.min() <= made.max() <= 1
        assert not np.array_equal(made, image)


def test_the_same_arguments_give_the_same_copy(pair):
    level = CORRUPTIONS.get(pair[0]).levels[1]
    assert np.array_equal(corrupted(pair, level), corrupted(pair, level))


def test_another_seed_or_image_gives_other_chance_unless_there_is_none(pair):
    level = CORRUPTIONS.get(pair[0]).levels[1]
    copies = [corrupted(pair, level, *place) for place in ((3, 7), (4, 7), (3, 8))]
    by_chance = pair[0] not in ("blur", "contrast")
    assert len({copy.tobytes() for copy in copies}) == (3 if by_chance else 1)


def test_more_severe_levels_change_the_image_more(pair):
    image = IMAGES[pair[1]]
    levels = CORRUPTIONS.get(pair[0]).levels
    far = [float(np.square(corrupted(pair, level) - image).mean()) for level in levels]
    assert far == sorted(far)


@pytest.mark.parametrize(
    ("name", "events", "said"),
    [
        ("events_dropped", None, "'events_dropped' is for events, but the data are photographs"),
        ("contrast", LAYOUT, "'contrast' is for photographs, but the data are images of events"),
    ],
)
def test_a_corruption_that_does_not_fit_is_refused_with_those_that_do(name, events, said):
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        corrupt(IMAGES[events], name, 0.5, seed=0, number=0, events=events)
    assert ", ".join(fitting(events)) in str(raised.value)


def test_an_unknown_corruption_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'blur'"):
        corrupt(IMAGES[None], "blurr", 1.0, seed=0, number=0)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("salt_and_pepper", 0.0),
        ("salt_and_pepper", 1.5),
        ("contrast", 1.0),
        ("contrast", -0.1),
        ("blur", float("nan")),
        ("gaussian_noise", float("inf")),
    ],
)
def test_a_level_out_of_range_or_of_the_clean_image_is_refused(name, level):
    with pytest.raises(ConfigError, match=re.escape(f"level {level:g} of '{name}'")):
        corrupt(IMAGES[None], name, level, seed=0, number=0)


def test_an_image_with_other_channels_than_the_layout_is_refused():
    with pytest.raises(DataError, match="6 channels; events in 2 steps are 2 channels a step, 4"):
        corrupt(
            IMAGES[LAYOUT], "events_dropped", 0.5, seed=0, number=0, events=EventLayout(2, 5)
        )  # fmt: skip


def test_an_image_that_holds_no_whole_counts_is_refused():
    with pytest.raises(DataError, match=r"times 7, the largest count, a value is 0\.4"):
        corrupt(
            IMAGES[LAYOUT], "events_dropped", 0.5, seed=0, number=0, events=EventLayout(3, 7)
        )  # fmt: skip
