"""Confusion matrix, IoU, Dice and accuracy against torchmetrics and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_jaccard_index,
)

from spikeseg.errors import ConfigError, DataError
from spikeseg.metrics import ConfusionMatrix

CLASSES = 4
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)


@st.composite
def mask_pairs(draw, num_pairs=1):
    """Draw truths (with some 255) and predictions of the same shape."""
    drawn = []
    for _ in range(num_pairs):
        shape = draw(SHAPES)
        truth = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 3, 255])))
        truth.flat[0] %= CLASSES  # at least one pixel counts
        drawn.append((truth, draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 3)))))
    return drawn


def counted(pairs):
    matrix = ConfusionMatrix.empty(CLASSES)
    for truth, prediction in pairs:
        matrix = matrix.add(truth, prediction)
    return matrix


def flat_tensors(pairs):
    truth = np.concatenate([truth.ravel() for truth, _ in pairs]).astype(np.int64)
    prediction = np.concatenate([prediction.ravel() for _, prediction in pairs]).astype(np.int64)
    return torch.from_numpy(prediction), torch.from_numpy(truth)


def theirs(function, pairs, average):
    return function(
        *flat_tensors(pairs), num_classes=CLASSES, average=average, ignore_index=255
    ).numpy()


def as_array(ratios):
    return np.array([0.0 if ratio is None else ratio for ratio in ratios])


@settings(max_examples=50, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_counts_equal_those_of_torchmetrics(pairs):
    expected = multiclass_confusion_matrix(*flat_tensors(pairs), CLASSES, ignore_index=255)
    np.testing.assert_array_equal(counted(pairs).counts, expected.numpy())


@settings(max_examples=50, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_iou_per_class_equals_torchmetrics(pairs):
    expected = theirs(multiclass_jaccard_index, pairs, "none")
    np.testing.assert_allclose(as_array(counted(pairs).iou), expected, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_miou_equals_torchmetrics(pairs):
    expected = theirs(multiclass_jaccard_index, pairs, "macro")
    assert counted(pairs).miou == pytest.approx(float(expected), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_dice_per_class_equals_the_f1_of_torchmetrics(pairs):
    expected = theirs(multiclass_f1_score, pairs, "none")
    np.testing.assert_allclose(as_array(counted(pairs).dice), expected, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_mean_dice_equals_the_macro_f1_of_torchmetrics(pairs):
    expected = theirs(multiclass_f1_score, pairs, "macro")
    assert counted(pairs).mean_dice == pytest.approx(float(expected), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_pixel_accuracy_equals_torchmetrics(pairs):
    expected = theirs(multiclass_accuracy, pairs, "micro")
    assert counted(pairs).pixel_accuracy == pytest.approx(float(expected), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(mask_pairs(num_pairs=2))
def test_adding_matrices_equals_adding_images(pairs):
    apart = counted(pairs[:1]) + counted(pairs[1:])
    np.testing.assert_array_equal(apart.counts, counted(pairs).counts)


def test_scores_come_from_the_whole_set_and_not_from_a_mean_over_images():
    large = (np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8))
    small = (np.zeros((1, 1), np.uint8), np.ones((1, 1), np.uint8))
    assert counted([large, small]).iou[0] == 100 / 101


def test_a_class_that_neither_occurs_nor_is_predicted_has_no_score_and_is_left_out_of_the_mean():
    matrix = ConfusionMatrix.empty(3).add(np.array([[0, 0]]), np.array([[0, 1]]))
    assert matrix.iou == (0.5, 0.0, None)
    assert matrix.miou == 0.25
    assert matrix.dice == (2 / 3, 0.0, None)
    assert matrix.mean_dice == pytest.approx(1 / 3)


def test_no_pixels_have_no_scores():
    matrix = ConfusionMatrix.empty(2).add(np.full((2, 2), 255), np.zeros((2, 2), np.uint8))
    assert (matrix.pixel_accuracy, matrix.miou, matrix.mean_dice) == (None, None, None)
    assert matrix.iou == matrix.dice == (None, None)


def test_the_prediction_at_an_ignored_pixel_may_be_anything():
    truth = np.array([[0, 255]], np.uint8)
    assert ConfusionMatrix.empty(1).add(truth, truth).counts.tolist() == [[1]]


def test_adding_leaves_the_old_matrix_as_it_was():
    old = ConfusionMatrix.empty(1)
    old.add(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8))
    assert old.counts.sum() == 0


def test_counts_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        ConfusionMatrix.empty(1).counts[0, 0] = 1


def test_a_prediction_that_is_no_class_is_refused_with_its_value():
    with pytest.raises(DataError, match=r"prediction holds the value 2 .*0 to 1"):
        ConfusionMatrix.empty(2).add(np.array([[0, 1]]), np.array([[0, 2]]))


def test_255_in_the_prediction_of_a_counted_pixel_is_refused():
    with pytest.raises(DataError, match="prediction holds the value 255"):
        ConfusionMatrix.empty(2).add(np.array([[0]]), np.array([[255]]))


@pytest.mark.parametrize("value", [-1, 2, 254])
def test_a_truth_that_is_no_class_is_refused_with_its_value(value):
    with pytest.raises(DataError, match=f"truth holds the value {value} "):
        ConfusionMatrix.empty(2).add(np.array([[value]]), np.array([[0]]))


def test_scores_instead_of_class_indices_are_refused():
    with pytest.raises(DataError, match=r"float64.*argmax"):
        ConfusionMatrix.empty(2).add(np.array([[1]]), np.array([[0.9]]))


def test_different_shapes_are_refused_with_both():
    with pytest.raises(DataError, match=r"\(2, 3\), the prediction \(3, 2\)"):
        ConfusionMatrix.empty(2).add(np.zeros((2, 3), int), np.zeros((3, 2), int))


@pytest.mark.parametrize("num_classes", [0, 256])
def test_an_impossible_number_of_classes_is_refused(num_classes):
    with pytest.raises(ConfigError, match=f"num_classes is {num_classes}"):
        ConfusionMatrix.empty(num_classes)


@pytest.mark.parametrize("counts", [np.zeros((2, 3), int), np.zeros((2, 2)), -np.eye(2, dtype=int)])
def test_counts_that_are_no_confusion_matrix_are_refused(counts):
    with pytest.raises(DataError, match="counts have shape"):
        ConfusionMatrix(counts)


def test_matrices_of_different_classes_do_not_add_up():
    with pytest.raises(ConfigError, match="2 and 3 classes"):
        ConfusionMatrix.empty(2) + ConfusionMatrix.empty(3)
