"""Averages over slices, thresholds and images; the front door of the package."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchmetrics.classification import MulticlassJaccardIndex

from spikeseg import metrics
from spikeseg.errors import ConfigError, DataError
from spikeseg.metrics import score, score_slice, score_stack

MERGED = np.ones((6, 9), dtype=bool)
TRUTH = MERGED.copy()
TRUTH[:, 4] = False
SMALL = np.array([[True, True, True, False, True]])
IMAGES = [(TRUTH, MERGED), (SMALL, SMALL), (np.zeros((3, 3), bool), np.ones((3, 3), bool))]


def as_classes(mask):
    return np.where(mask, 1, 0).astype(np.uint8)


def test_all_is_sorted_and_complete():
    assert list(metrics.__all__) == sorted(metrics.__all__)
    assert all(hasattr(metrics, name) for name in metrics.__all__)


def test_importing_the_package_loads_neither_torch_nor_scikit_image():
    code = "import sys, spikeseg.metrics; print({'torch', 'skimage', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
            lambda shape: st.tuples(
                hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 255])),
                hnp.arrays(np.uint8, shape, elements=st.integers(0, 2)),
            )
        ),
        min_size=1,
        max_size=4,
    )
)
def test_miou_of_a_set_equals_the_accumulated_one_of_torchmetrics(images):
    images = [(np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8)), *images]
    theirs = MulticlassJaccardIndex(3, ignore_index=255)
    for truth, prediction in images:
        theirs.update(torch.from_numpy(prediction).long(), torch.from_numpy(truth).long())
    ours = score((t for t, _ in images), (p for _, p in images), num_classes=3)
    assert ours.miou == pytest.approx(float(theirs.compute()), abs=1e-6)


def test_regions_are_scored_by_the_mean_over_images_with_cells():
    truths, predictions = zip(*IMAGES, strict=True)
    got = score(map(as_classes, truths), map(as_classes, predictions), 2, membrane_class=0)
    assert got.v_rand == pytest.approx((score_slice(TRUTH, MERGED).v_rand + 1) / 2)
    assert got.v_info == pytest.approx(0.5)


def test_every_class_but_the_membrane_is_inside_a_cell():
    truth = np.array([[0, 2, 1, 0, 2]], dtype=np.uint8)
    got = score([truth], [np.array([[2, 0, 1, 2, 0]], dtype=np.uint8)], 3, membrane_class=1)
    assert (got.v_rand, got.v_info, got.pixel_accuracy) == (1.0, 1.0, 0.2)


def test_ignored_pixels_are_ignored_by_every_score():
    truth = as_classes(TRUTH)
    truth[:2] = 255
    prediction = as_classes(TRUTH)
    prediction[:2] = 1 - prediction[:2]
    got = score([truth], [prediction], 2, membrane_class=0)
    assert (got.pixel_accuracy, got.miou, got.dice, got.v_rand, got.v_info) == (1.0,) * 5


def test_without_a_membrane_class_there_is_no_region_score():
    got = score([as_classes(TRUTH)], [as_classes(TRUTH)], num_classes=2)
    assert (got.v_rand, got.v_info) == (None, None)


def test_without_any_cell_there_is_no_region_score():
    got = score([np.zeros((3, 3), np.uint8)], [np.zeros((3, 3), np.uint8)], 2, membrane_class=0)
    assert (got.v_rand, got.v_info, got.pixel_accuracy) == (None, None, 1.0)


def test_scores_survive_json():
    got = score([as_classes(TRUTH)], [as_classes(MERGED)], 3, membrane_class=0).to_dict()
    assert json.loads(json.dumps(got, allow_nan=False)) == got
    assert got["iou"] == [0.0, 48 / 54, None]
    assert got["dice"] == pytest.approx(sum(got["dice_per_class"][:2]) / 2)


def test_nothing_to_score_is_refused():
    with pytest.raises(DataError, match="no pixel to score"):
        score([np.full((2, 2), 255, np.uint8)], [np.zeros((2, 2), np.uint8)], 2)
    with pytest.raises(DataError, match="no image was given"):
        score([], [], 2)


@pytest.mark.parametrize(("truths", "predictions", "short"), [(1, 2, "truths"), (2, 1, "pred")])
def test_a_missing_image_is_refused_and_the_shorter_list_is_named(truths, predictions, short):
    image = np.zeros((2, 2), np.uint8)
    with pytest.raises(DataError, match=f"the {short}.* end after 1 images"):
        score([image] * truths, [image] * predictions, 2)


def test_images_of_different_shapes_are_refused_with_their_position():
    image, other = np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8)
    with pytest.raises(DataError, match=r"truth of image 1 has shape \(2, 2\)"):
        score([image, image], [image, other], 2)


@pytest.mark.parametrize("membrane_class", [-1, 2])
def test_a_membrane_class_that_does_not_exist_is_refused(membrane_class):
    with pytest.raises(ConfigError, match=f"membrane_class is {membrane_class}.*0 to 1"):
        score([], [], 2, membrane_class=membrane_class)


def test_a_stack_at_one_threshold_scores_like_its_hard_masks():
    truths, proposals = zip(*IMAGES, strict=True)
    stack = score_stack(truths, [p * np.float32(0.9) for p in proposals], [0.5])
    hard = score(map(as_classes, truths), map(as_classes, proposals), 2, membrane_class=0)
    assert (stack.v_rand, stack.v_info) == (hard.v_rand, hard.v_info)


def test_the_best_threshold_is_taken_after_averaging():
    first, second = np.where(TRUTH, 0.9, 0.4), np.where(TRUTH, 0.5, 0.1)
    got = score_stack([TRUTH, TRUTH], [first, second], [0.2, 0.45, 0.7])
    assert (got.v_rand, got.v_rand_threshold) == (1.0, 0.45)
    assert (got.v_info, got.v_info_threshold) == (1.0, 0.45)


def test_the_best_threshold_is_one_for_all_slices():
    low, high = np.where(TRUTH, 0.3, 0.1), np.where(TRUTH, 0.9, 0.7)
    got = score_stack([TRUTH, TRUTH], [low, high], [0.2, 0.8])
    worse = score_slice(TRUTH, MERGED).v_rand
    assert got.v_rand == pytest.approx((1 + worse) / 2)
    assert got.v_rand_threshold == 0.2


def test_a_micro_average_scores_the_sums_over_slices():
    truths, proposals = zip(*IMAGES, strict=True)
    got = score_stack(truths, [p * 1.0 for p in proposals], [0.5], average="micro")
    pairs_both = 2 * 24**2 + 3**2 + 1
    assert got.v_rand == pytest.approx(2 * pairs_both / (pairs_both + 48**2 + 3**2 + 1))
    known = score_slice(SMALL, SMALL).information_truth
    assert got.v_info == pytest.approx(2 * known / (2 * known + 48 * np.log(2)))


def test_a_probability_equal_to_the_threshold_is_not_inside():
    got = score_stack([TRUTH], [np.where(TRUTH, 0.6, 0.1).astype(np.float32)], np.array([0.1]))
    assert got.v_rand == 1.0


@pytest.mark.parametrize("thresholds", [[], [float("nan")]])
def test_thresholds_that_are_none_are_refused(thresholds):
    with pytest.raises(ConfigError, match="at least one"):
        score_stack([TRUTH], [TRUTH * 1.0], thresholds)


def test_an_unknown_average_is_refused():
    with pytest.raises(ConfigError, match="'mean'; allowed are 'macro'"):
        score_stack([TRUTH], [TRUTH * 1.0], [0.5], average="mean")


def test_a_probability_that_is_nan_is_refused():
    with pytest.raises(DataError, match=r"map 0 has type float64 and 54 NaN"):
        score_stack([TRUTH], [np.full(TRUTH.shape, np.nan)], [0.5])


def test_a_map_of_8_bit_integers_is_refused():
    with pytest.raises(DataError, match="Divide 8-bit maps by 255"):
        score_stack([TRUTH], [as_classes(TRUTH)], [0.5])


def test_a_stack_without_cells_is_refused():
    with pytest.raises(DataError, match="none of 1 truths has a pixel inside a cell"):
        score_stack([np.zeros((2, 2), bool)], [np.zeros((2, 2))], [0.5])
