"""Pixels of VOC's void (255) change no loss, no gradient and no score; and a training on VOC."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch.nn import functional

from conftest import TINY, Answer
from dataset_trees import write_voc
from spikeseg.batches import class_weights, make_loader
from spikeseg.config import AugmentationConfig, DataConfig, TrainingConfig
from spikeseg.data import SegmentationData, load
from spikeseg.losses import SegmentationLoss
from spikeseg.metrics import score

CROPS = TrainingConfig(crop=64, batch_size=2, steps_per_epoch=2)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "voc").mkdir()
    write_voc(tmp_path / "voc")
    return tmp_path / "voc"


@pytest.fixture
def data(root: Path) -> SegmentationData:
    return load(DataConfig(name="voc2012", root=str(root), image_size=64))


def batch(data: SegmentationData) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an augmented batch of masks with 255, and random logits for it."""
    _, masks = next(iter(make_loader(data.train, CROPS, seed=0)))
    assert (masks == 255).any()
    torch.manual_seed(0)
    return torch.randn(2, 21, 64, 64), masks


@pytest.mark.parametrize("weighted", [False, True])
def test_logits_at_void_change_no_loss_and_get_no_gradient(
    data: SegmentationData, weighted: bool
) -> None:
    logits, masks = batch(data)
    loss = SegmentationLoss(1.0, class_weights(data.train, 21) if weighted else None)
    void = (masks == 255)[:, None].expand_as(logits)
    changed = torch.where(void, 9 * torch.randn_like(logits), logits).requires_grad_()
    before, after = loss(logits, masks), loss(changed, masks)
    assert before.keys() == {"cross_entropy", "dice_loss"}
    for name in before:
        torch.testing.assert_close(before[name], after[name])
    sum(after.values()).backward()
    assert (changed.grad[void] == 0).all()
    assert (changed.grad[~void] != 0).any()


def test_the_cross_entropy_is_the_mean_over_the_other_pixels(data: SegmentationData) -> None:
    logits, masks = batch(data)
    pixels, labels = logits.movedim(1, -1).reshape(-1, 21), masks.flatten()
    expected = functional.cross_entropy(pixels[labels != 255], labels[labels != 255])
    torch.testing.assert_close(SegmentationLoss(0.0)(logits, masks)["cross_entropy"], expected)


def test_class_weights_count_no_void(data: SegmentationData) -> None:
    counts = np.bincount(np.concatenate([s.mask.ravel() for s in data.train]), minlength=256)[:21]
    inverse = np.divide(1.0, counts, out=np.zeros(21), where=counts > 0)
    expected = torch.from_numpy(inverse / inverse[counts > 0].mean()).float()
    torch.testing.assert_close(class_weights(data.train, 21), expected)


def test_what_is_predicted_at_void_changes_no_score(data: SegmentationData) -> None:
    rng = np.random.default_rng(0)
    truths = [s.mask for s in data.test]
    first = [rng.integers(0, 21, t.shape, dtype=np.uint8) for t in truths]
    second = [
        np.where(t == 255, rng.integers(0, 21, t.shape), p)
        for t, p in zip(truths, first, strict=True)
    ]
    assert any((a != b).any() for a, b in zip(first, second, strict=True))
    assert score(truths, first, 21) == score(truths, second, 21)


def test_a_prediction_that_is_right_but_at_void_is_perfect(data: SegmentationData) -> None:
    truths = [s.mask for s in data.test]
    right = [np.where(t == 255, 7, t).astype(np.uint8) for t in truths]
    found = score(truths, right, 21)
    assert (found.pixel_accuracy, found.miou, found.dice) == (1.0, 1.0, 1.0)


def test_the_paper_protocol_trains_on_void_as_background_and_scores_without_it(root: Path) -> None:
    paper = load(DataConfig(name="voc2012", root=str(root), protocol="paper"))
    plain = replace(CROPS, augmentation=AugmentationConfig(elastic=0.0))
    _, masks = next(iter(make_loader(paper.train, plain, seed=0)))
    assert masks.max() <= 20
    assert any((s.mask == 255).any() for s in paper.test)


@pytest.mark.parametrize("protocol", ["clean", "paper"])
def test_a_network_of_21_classes_trains_on_voc2012_at_64_pixels(
    spikeseg: Callable[..., Answer], root: Path, tmp_path: Path, protocol: str
) -> None:
    settings = TINY | {
        "data": {
            "name": "voc2012",
            "root": str(root),
            "protocol": protocol,
            "image_size": 64,
        },
        "training": TINY["training"] | {"epochs": 1, "steps_per_epoch": 3, "crop": 64},
    }
    settings.pop("compare_without_regularizer")
    (tmp_path / "voc.yaml").write_text(yaml.safe_dump(settings))
    out = tmp_path / "run"
    answer = spikeseg("train", tmp_path / "voc.yaml", "--out", out, "--json")
    assert answer.code == 0, answer.err
    rows = (out / "history.csv").read_text().splitlines()
    first = dict(zip(rows[0].split(","), rows[1].split(","), strict=True))
    assert first["step"] == "3"
    # An untrained network of 21 classes is near ln 21 = 3.04.
    assert 1.0 < float(first["cross_entropy"]) < 6.0
    assert spikeseg("convert", out).code == 0
    assert spikeseg("evaluate", out).code == 0
    scores = (out / "metrics.json").read_text()
    assert "tvmonitor" in scores
