"""Labels and border thinning against scipy, closed forms and what defines a watershed."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.segmentation import watershed

from spikeseg.errors import DataError
from spikeseg.metrics import label_cells, thin_membranes

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
CROSS = ndimage.generate_binary_structure(2, 1)


def neighbors(labels):
    """Return (4, H, W): the labels above, below, left and right; -1 outside."""
    padded = np.pad(labels, 1, constant_values=-1)
    return np.stack(
        [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]], axis=0
    )


def flooded_from_a_queue(mask):
    """Return the regions of ``mask``, one pixel after the other, by step, then by parity."""
    labels = ndimage.label(mask if mask.any() else ~mask, CROSS)[0]
    queue = [(0, 0, int(y), int(x)) for y, x in np.argwhere(labels)]
    decided = {(y, x) for _, _, y, x in queue}
    while queue:
        step, _, y, x = heapq.heappop(queue)
        around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        around = [p for p in around if 0 <= p[0] < mask.shape[0] and 0 <= p[1] < mask.shape[1]]
        if step:
            if (y, x) in decided:
                continue
            decided.add((y, x))
            near = {int(labels[p]) for p in around} - {0}
            if len(near) > 1:
                continue
            labels[y, x] = near.pop()
        for p in around:
            if p not in decided:
                heapq.heappush(queue, (step + 1, sum(p) % 2, *p))
    return labels


@settings(max_examples=50, deadline=None)
@given(MASKS)
def test_cells_are_the_4_connected_components_of_scipy(mask):
    np.testing.assert_array_equal(label_cells(mask), ndimage.label(mask, CROSS)[0])


@pytest.mark.parametrize("gap", range(1, 10))
def test_the_line_between_two_cells_is_one_pixel_in_the_middle(gap):
    mask = np.array([[True] * 3 + [False] * gap + [True] * 4])
    line = np.flatnonzero(thin_membranes(mask)[0] == 0)
    assert line.size == 1
    assert abs(line[0] - (3 + (gap - 1) / 2)) <= 0.5


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_a_cell_stays_whole_and_two_cells_stay_apart(mask):
    cells, regions = label_cells(mask), thin_membranes(mask)
    pairs = {(int(c), int(r)) for c, r in zip(cells[mask], regions[mask], strict=True)}
    assert len(pairs) == cells.max()
    assert len({region for _, region in pairs}) == cells.max()
    assert 0 not in {region for _, region in pairs}


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_regions_never_touch_and_are_connected(mask):
    regions = thin_membranes(mask)
    around = neighbors(regions)
    touching = (regions > 0) & (around > 0) & (around != regions)
    assert not touching.any()
    for region in range(1, regions.max() + 1):
        assert ndimage.label(regions == region, CROSS)[1] == 1


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_every_pixel_of_a_line_lies_between_two_regions_or_within_lines(mask):
    regions = thin_membranes(mask)
    for around in neighbors(regions)[:, regions == 0].T:
        touched = set(around[around > 0].tolist())
        assert len(touched) != 1


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_flooding_all_at_once_equals_flooding_pixel_by_pixel_from_a_queue(mask):
    np.testing.assert_array_equal(thin_membranes(mask), flooded_from_a_queue(mask))


@pytest.mark.parametrize("gap", [1, 3, 5])
def test_straight_lines_are_those_of_the_watershed_of_scikit_image(gap):
    mask = np.tile(np.array([True] * 2 + [False] * gap + [True] * 3), (6, 2))[:, 1:-1]
    mask[:, :1] = False
    theirs = watershed(~mask, label_cells(mask), connectivity=1, watershed_line=True)
    np.testing.assert_array_equal(thin_membranes(mask), theirs)


def test_a_region_does_not_grow_behind_a_line():
    assert thin_membranes(np.eye(3, dtype=bool)).tolist() == [[1, 0, 0], [0, 2, 0], [0, 0, 3]]


def test_a_membrane_that_ends_inside_a_cell_vanishes():
    mask = np.ones((5, 7), dtype=bool)
    mask[2, :4] = False
    assert (thin_membranes(mask) == 1).all()


@pytest.mark.parametrize("value", [False, True])
def test_an_image_all_membrane_or_all_cell_is_one_region(value):
    assert (thin_membranes(np.full((4, 5), value)) == 1).all()


def test_ignored_pixels_get_no_label_and_stop_the_growth():
    mask = np.array([[True, False, False, False, False]])
    ignore = np.array([[False, False, True, False, False]])
    assert thin_membranes(mask, ignore).tolist() == [[1, 1, 0, 2, 2]]


def test_a_mask_that_is_not_bool_is_refused_with_advice():
    with pytest.raises(DataError, match=r"uint8.*mask > 0"):
        thin_membranes(np.zeros((3, 3), np.uint8))


@pytest.mark.parametrize("shape", [(3,), (1, 3, 3), (0, 4)])
def test_a_mask_that_is_no_image_is_refused(shape):
    with pytest.raises(DataError, match="must be a bool array"):
        label_cells(np.zeros(shape, dtype=bool))


def test_an_ignore_mask_of_another_shape_is_refused():
    with pytest.raises(DataError, match=r"ignore mask has shape \(2, 2\)"):
        thin_membranes(np.ones((3, 3), dtype=bool), np.zeros((2, 2), dtype=bool))
