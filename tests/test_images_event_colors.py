"""Pictures of events against the formula, pixel by pixel."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spikeseg.images import OFF, ON, event_picture
from spikeseg.images.event_colors import GROUND

counted = array_shapes(min_dims=3, max_dims=3, max_side=4).flatmap(
    lambda shape: arrays(float, (shape[0], 2, *shape[1:]), elements=st.integers(0, 5).map(float))
)


@given(counts=counted)
def test_a_pixel_goes_from_the_ground_to_the_colors_of_its_events(counts: np.ndarray) -> None:
    picture = event_picture(counts)
    assert picture.dtype == np.uint8
    assert picture.shape == (*counts.shape[2:], 3)
    for row, column in np.ndindex(*counts.shape[2:]):
        parts = counts[:, :, row, column]
        off, on = (
            sum((t + 1) / len(parts) * part[p] for t, part in enumerate(parts)) for p in (0, 1)
        )
        share = 1 - math.exp(-(on + off))
        for channel in range(3):
            mixed = (off * OFF[channel] + on * ON[channel]) / max(off + on, 1e-9)
            expected = share * mixed + (1 - share) * GROUND[channel]
            assert abs(int(picture[row, column, channel]) - expected) < 0.5 + 1e-6


def test_silence_is_the_ground() -> None:
    assert (event_picture(np.zeros((8, 2, 3, 3))) == GROUND).all()
