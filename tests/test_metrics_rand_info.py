"""V^Rand and V^Info against pair counting, torchmetrics, scikit-image and closed forms."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.metrics import adapted_rand_error, variation_of_information
from torchmetrics.functional.clustering import (
    completeness_score,
    homogeneity_score,
    v_measure_score,
)

from spikeseg.errors import DataError
from spikeseg.metrics import RandInfo, score_slice, thin_membranes

SCORES = ["v_rand", "v_rand_precision", "v_rand_recall"]
WIDTHS = st.lists(st.integers(1, 6), min_size=1, max_size=6)
SCORES += ["v_info", "v_info_precision", "v_info_recall"]


@st.composite
def slices(draw, max_side=7):
    """Draw truth, proposal and ignore mask (H, W) with at least one counted truth pixel."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=max_side))
    truth, proposal = draw(hnp.arrays(np.bool_, shape)), draw(hnp.arrays(np.bool_, shape))
    ignore = draw(hnp.arrays(np.bool_, shape)) & draw(hnp.arrays(np.bool_, shape))
    truth[0, 0], ignore[0, 0] = True, False
    return truth, proposal, ignore


def partitions(truth, proposal, ignore):
    """Return the two labels of each counted pixel; each pixel on a line is a region of its own."""
    cells = ndimage.label(truth & ~ignore)[0].ravel()
    regions = thin_membranes(proposal, ignore).ravel()
    own = np.arange(regions.size) + regions.max() + 1
    return cells[cells > 0], np.where(regions > 0, regions, own)[cells > 0]


def entropy(labels):
    """Return the entropy in nats of a sequence of hashable labels."""
    shares = [count / len(labels) for count in Counter(labels).values()]
    return sum(share * math.log(1 / share) for share in shares)


def blocks(*widths, gap=1, height=8):
    """Return (H, W), True in cells of these widths with membranes of ``gap`` columns between."""
    row = [column for width in widths for column in [True] * width + [False] * gap]
    return np.tile(np.array(row[: len(row) - gap]), (height, 1))


@settings(max_examples=60, deadline=None)
@given(slices())
def test_v_rand_equals_counting_all_pairs_of_pixels(drawn):
    cells, regions = partitions(*drawn)
    same_cell = cells[:, None] == cells
    same_region = regions[:, None] == regions
    both = np.sum(same_cell & same_region)
    got = score_slice(*drawn)
    assert got.pairs_joint == both
    assert got.v_rand_precision == pytest.approx(both / same_region.sum())
    assert got.v_rand_recall == pytest.approx(both / same_cell.sum())
    harmonic = 2 / (same_region.sum() / both + same_cell.sum() / both)
    assert got.v_rand == pytest.approx(harmonic)


@settings(max_examples=60, deadline=None)
@given(slices())
def test_v_info_equals_entropies_computed_label_by_label(drawn):
    cells, regions = (labels.tolist() for labels in partitions(*drawn))
    h_a, h_b = entropy(cells), entropy(regions)
    mutual = h_a + h_b - entropy(list(zip(cells, regions, strict=True)))
    got = score_slice(*drawn)
    assert got.information_truth == pytest.approx(h_a * len(cells), abs=1e-9)
    assert got.information_proposal == pytest.approx(h_b * len(cells), abs=1e-9)
    expected = 2 * mutual / (h_a + h_b) if h_a + h_b else 1.0
    assert got.v_info == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(slices())
def test_v_info_equals_the_v_measure_of_torchmetrics(drawn):
    cells, regions = (torch.from_numpy(labels) for labels in partitions(*drawn))
    with torch.sparse.check_sparse_tensor_invariants():
        f, precision, recall = (
            float(score(regions, cells))
            for score in (v_measure_score, homogeneity_score, completeness_score)
        )
    got = score_slice(*drawn)
    assert got.v_info == pytest.approx(f, abs=2e-5)
    assert got.v_info_precision == pytest.approx(precision, abs=2e-5)
    assert got.v_info_recall == pytest.approx(recall, abs=2e-5)


@settings(max_examples=40, deadline=None)
@given(slices())
def test_conditional_entropies_equal_those_of_scikit_image(drawn):
    in_truth, in_proposal = variation_of_information(*partitions(*drawn))
    got, bit = score_slice(*drawn), math.log(2)
    lost_in_proposal = (got.information_joint - got.information_truth) / got.num_pixels
    lost_in_truth = (got.information_joint - got.information_proposal) / got.num_pixels
    assert in_truth * bit == pytest.approx(lost_in_proposal, abs=1e-9)
    assert in_proposal * bit == pytest.approx(lost_in_truth, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(slices())
def test_v_rand_is_that_of_scikit_image_but_for_pairs_of_a_pixel_with_itself(drawn):
    got = score_slice(*drawn)
    joint, truth, proposal = (
        pairs - got.num_pixels for pairs in (got.pairs_joint, got.pairs_truth, got.pairs_proposal)
    )
    assume(truth and proposal)
    error, _, _ = adapted_rand_error(*partitions(*drawn), ignore_labels=())
    assert 1 - error == pytest.approx(2 * joint / (truth + proposal))


@settings(max_examples=60, deadline=None)
@given(slices(max_side=12))
def test_a_perfect_proposal_scores_exactly_1(drawn):
    truth, _, ignore = drawn
    got = score_slice(truth, truth, ignore)
    assert [getattr(got, name) for name in SCORES] == [1.0] * len(SCORES)


@settings(max_examples=60, deadline=None)
@given(slices(max_side=12))
def test_every_score_lies_between_0_and_1(drawn):
    got = score_slice(*drawn)
    assert all(0 <= getattr(got, name) <= 1 for name in SCORES)


@settings(max_examples=60, deadline=None)
@given(slices(max_side=10))
def test_f_scores_are_harmonic_means_of_precision_and_recall(drawn):
    got = score_slice(*drawn)
    for name in ("v_rand", "v_info"):
        p, r = getattr(got, f"{name}_precision"), getattr(got, f"{name}_recall")
        expected = 2 * p * r / (p + r) if p + r else 0.0
        assert getattr(got, name) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(WIDTHS, WIDTHS, st.sampled_from([1, 3]))
def test_the_order_of_the_labels_changes_nothing(cells, regions, gap):
    # Mirrored, the labels of both count in the other direction; odd gaps leave no tie to break.
    truth, proposal = blocks(*cells), blocks(*regions, gap=gap)
    width = min(truth.shape[1], proposal.shape[1])
    truth, proposal = truth[:, :width], proposal[:, :width]
    assert score_slice(truth[:, ::-1], proposal[:, ::-1]) == score_slice(truth, proposal)


@settings(max_examples=40, deadline=None)
@given(slices(max_side=10))
def test_what_is_proposed_at_ignored_pixels_changes_nothing(drawn):
    truth, proposal, ignore = drawn
    assert score_slice(truth, proposal ^ ignore, ignore) == score_slice(truth, proposal, ignore)


def test_ignored_pixels_are_not_counted():
    ignore = np.zeros((8, 11), dtype=bool)
    ignore[:, 7:] = True
    assert score_slice(blocks(5, 5), blocks(5, 5), ignore).num_pixels == 8 * 6


def test_merging_two_cells_lowers_precision_only():
    got = score_slice(blocks(6, 6, 4), blocks(13, 4))
    a, b, c = 6 / 16, 6 / 16, 4 / 16
    expected = (a**2 + b**2 + c**2) / ((a + b) ** 2 + c**2)
    assert got.v_rand_precision == pytest.approx(expected)
    assert (got.v_rand_recall, got.v_info_recall) == (1.0, 1.0)
    assert got.v_info_precision < 1


def test_splitting_a_cell_lowers_recall_only_up_to_the_pixels_of_the_line():
    got = score_slice(blocks(13, 6), blocks(6, 6, 6))
    n, line = 8 * 19, 8
    whole = 2 * (8 * 6) ** 2 + line + (8 * 6) ** 2
    assert got.v_rand_recall == pytest.approx(whole / ((8 * 13) ** 2 + (8 * 6) ** 2))
    assert (got.v_rand_precision, got.v_info_precision) == (1.0, 1.0)
    assert got.v_info_recall < 1
    assert got.num_pixels == n


@pytest.mark.parametrize("value", [True, False])
def test_a_proposal_without_membranes_or_without_cells_is_one_region(value):
    truth = blocks(6, 2)
    got = score_slice(truth, np.full(truth.shape, value))
    assert (got.v_rand_recall, got.v_rand_precision) == (1.0, pytest.approx(0.75**2 + 0.25**2))
    assert (got.v_info, got.v_info_recall) == (0.0, 1.0)


def test_the_width_of_a_membrane_does_not_matter():
    truth = blocks(9, 9, gap=3)
    thick = blocks(7, 7, gap=7)
    assert thick.shape == truth.shape
    assert score_slice(truth, thick).v_rand == 1.0


def test_a_truth_of_one_region_that_is_proposed_as_one_scores_1():
    one = np.ones((4, 4), dtype=bool)
    assert score_slice(one, one).v_info == 1.0


def test_a_truth_of_one_region_that_is_split_has_v_info_0():
    got = score_slice(np.ones((8, 9), dtype=bool), blocks(4, 4))
    assert (got.v_info, got.v_info_precision, got.v_info_recall) == (0.0, 1.0, 0.0)


def test_a_truth_without_cells_has_no_score():
    empty = score_slice(np.zeros((4, 4), dtype=bool), np.ones((4, 4), dtype=bool))
    assert [getattr(empty, name) for name in SCORES] == [None] * len(SCORES)


def test_a_slice_without_cells_adds_nothing_to_a_sum():
    empty = score_slice(np.zeros((4, 4), dtype=bool), np.ones((4, 4), dtype=bool))
    other = score_slice(blocks(6, 6), blocks(13))
    assert other + empty == other


def test_a_sum_pools_the_counts_of_the_slices():
    first, second = RandInfo(2, 4, 2, 2, 0.0, 1.0, 1.0), RandInfo(4, 8, 16, 8, 3.0, 0.0, 3.0)
    pooled = first + second
    assert pooled.v_rand == 2 * (2 + 8) / (4 + 8 + 2 + 16)
    assert pooled.v_info == 2 * ((3.0 + 1.0) - 4.0) / (3.0 + 1.0)


def test_labels_instead_of_a_bool_mask_are_refused():
    labels = np.full((4, 4), 255, dtype=np.uint8)
    with pytest.raises(DataError, match="bool array"):
        score_slice(labels, labels > 0)


def test_slices_of_different_shapes_are_refused():
    with pytest.raises(DataError, match=r"\(8, 13\), the prediction \(8, 6\)"):
        score_slice(blocks(6, 6), blocks(6))
