"""What V^Rand and V^Info must see, and must not, on real membranes (ISBI 2012)."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage.segmentation import watershed

from spikeseg.metrics import label_cells, score_slice, thin_membranes

DATA = Path(os.environ.get("SPIKESEG_DATA", Path(__file__).parents[2] / "shared" / "data"))
LABELS = DATA / "isbi2012" / "train-labels.tif"
pytestmark = pytest.mark.skipif(
    not LABELS.is_file(),
    reason=f"no ISBI 2012 labels at {LABELS}; set SPIKESEG_DATA to the folder above isbi2012",
)
SECTIONS = [0, 12, 24]


@pytest.fixture(scope="module")
def truths():
    """Return (3, 512, 512) bool, True inside a cell."""
    return tifffile.imread(LABELS, key=SECTIONS) > 0


def widen(inside, pixels):
    return ndimage.binary_erosion(inside, iterations=pixels, border_value=1)


def membrane_dice(truth, proposal):
    return 2 * np.sum(~truth & ~proposal) / (np.sum(~truth) + np.sum(~proposal))


def with_a_gap(truth, size=3):
    """Open ``size`` rows of the membrane between the two largest cells that are neighbors."""
    cells = label_cells(truth)
    area = np.bincount(cells.ravel())
    best = (0, 0, 0, 0)
    for y in range(1, truth.shape[0] - 1):
        edges = np.flatnonzero(np.diff(truth[y].astype(int)))
        for left, right in zip(edges[:-1], edges[1:] + 1, strict=True):
            a, b = cells[y, left], cells[y, right]
            if a and b and a != b and right - left < 12:
                best = max(best, (int(min(area[a], area[b])), y, int(left), int(right)))
    _, y, left, right = best
    opened = truth.copy()
    opened[y - size // 2 : y + size // 2 + 1, left:right] = True
    return opened


@pytest.mark.parametrize("index", range(len(SECTIONS)))
def test_widening_all_membranes_by_2_pixels_barely_changes_the_scores(truths, index):
    wide = widen(truths[index], 2)
    got = score_slice(truths[index], wide)
    assert got.v_rand > 0.99
    assert got.v_info > 0.99
    assert membrane_dice(truths[index], wide) < 0.85


@pytest.mark.parametrize("index", range(len(SECTIONS)))
def test_a_gap_of_3_pixels_between_large_cells_costs_v_rand_a_lot_and_accuracy_nothing(
    truths, index
):
    opened = with_a_gap(truths[index])
    got = score_slice(truths[index], opened)
    assert got.v_rand < 0.93
    assert got.v_rand_precision < 0.9
    assert got.v_rand_recall == 1.0
    assert np.mean(truths[index] == opened) > 0.9998


def test_thinned_membranes_cover_a_small_part_of_a_section(truths):
    lines = np.mean(thin_membranes(truths[0]) == 0)
    assert 0.01 < lines < 0.06 < np.mean(~truths[0])


def test_the_watershed_of_scikit_image_gives_nearly_the_same_partition(truths):
    wide = widen(truths[0], 2)
    theirs = watershed(~wide, label_cells(wide), connectivity=1, watershed_line=True)
    ours = thin_membranes(wide)
    both = (ours > 0) & (theirs > 0)
    assert np.mean(both) > 0.95
    assert np.mean(ours[both] == theirs[both]) > 0.999


def test_a_section_is_scored_in_well_under_a_second(truths):
    noise = np.random.default_rng(0).random(truths[0].shape) > 0.5
    score_slice(truths[0], truths[0])
    start = time.perf_counter()
    score_slice(truths[0], noise)
    assert time.perf_counter() - start < 1
