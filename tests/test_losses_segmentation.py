"""Cross-entropy and Dice against torch and loops over pixels; ignored pixels have no say."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeseg.losses import SegmentationLoss, dice_loss


@st.composite
def batches(draw: st.DrawFn, ignored: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw (B, K, H, W) logits and (B, H, W) targets, in which 255 may occur."""
    b, k, h, w = (draw(st.integers(1, 3)) for _ in range(4))
    k += 1
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = torch.from_numpy(rng.normal(0, 3, (b, k, h, w)))
    target = rng.integers(0, k, (b, h, w))
    if ignored:
        target[rng.random(target.shape) < draw(st.sampled_from([0, 0.3, 1]))] = 255
    return logits, torch.from_numpy(target)


def slow_dice(logits: torch.Tensor, target: torch.Tensor) -> float:
    """Return 1 - mean soft Dice, pixel by pixel."""
    b, k, h, w = logits.shape
    overlap, total = np.zeros(k), np.zeros(k)
    for i, y, x in np.ndindex(b, h, w):
        if target[i, y, x] == 255:
            continue
        e = np.exp(logits[i, :, y, x].numpy())
        for c in range(k):
            p, t = e[c] / e.sum(), float(target[i, y, x] == c)
            overlap[c] += 2 * p * t
            total[c] += p + t
    return float(1 - ((overlap + 1) / (total + 1)).mean())


@settings(deadline=None)
@given(batch=batches())
def test_dice_is_that_of_a_loop_over_pixels(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert dice_loss(*batch).item() == pytest.approx(slow_dice(*batch), abs=1e-9)


@settings(deadline=None)
@given(batch=batches(ignored=False), seed=st.integers(0, 99), weighted=st.booleans())
def test_cross_entropy_is_torchs(
    batch: tuple[torch.Tensor, torch.Tensor], seed: int, weighted: bool
) -> None:
    logits, target = batch
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(logits.shape[1], generator=generator) + 0.01 if weighted else None
    found = SegmentationLoss(0.0, weights)(logits, target)
    expected = F.cross_entropy(logits.float(), target, weights)
    assert list(found) == ["cross_entropy"]
    torch.testing.assert_close(found["cross_entropy"], expected)


@settings(deadline=None)
@given(batch=batches(), seed=st.integers(0, 99))
def test_what_is_predicted_at_ignored_pixels_changes_nothing(
    batch: tuple[torch.Tensor, torch.Tensor], seed: int
) -> None:
    logits, target = batch
    noise = torch.randn(logits.shape, generator=torch.Generator().manual_seed(seed)).double()
    other = torch.where((target == 255)[:, None], noise, logits)
    loss = SegmentationLoss(1.0, torch.linspace(0.5, 2, logits.shape[1]))
    first, second = loss(logits, target), loss(other, target)
    for name in first:
        torch.testing.assert_close(first[name], second[name])


@settings(deadline=None)
@given(batch=batches())
def test_an_ignored_pixel_counts_as_if_it_were_not_there(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    logits, target = batch
    seen = target != 255
    if not seen.any():
        return
    kept = logits.movedim(1, -1)[seen].T[None, :, :, None]
    found, expected = (
        SegmentationLoss()(logits, target),
        SegmentationLoss()(kept, target[seen][None, :, None]),
    )
    for name in found:
        torch.testing.assert_close(found[name], expected[name])


@pytest.mark.parametrize("weights", [None, torch.tensor([0.3, 0.7])])
def test_a_batch_that_is_all_ignored_has_no_loss_and_no_gradient(
    weights: torch.Tensor | None,
) -> None:
    logits = torch.randn(2, 2, 3, 3, requires_grad=True)
    losses = SegmentationLoss(1.0, weights)(logits, torch.full((2, 3, 3), 255))
    total = losses["cross_entropy"] + losses["dice_loss"]
    total.backward()
    assert total.item() == 0
    assert (logits.grad == 0).all()


def test_a_class_without_weight_has_no_loss_alone() -> None:
    loss = SegmentationLoss(0.0, torch.tensor([0.0, 1.0]))
    found = loss(torch.randn(1, 2, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long))
    assert found["cross_entropy"].item() == 0


def test_the_dice_weight_scales_the_dice_loss_alone() -> None:
    logits, target = torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 4, 4))
    once, thrice = SegmentationLoss(1.0)(logits, target), SegmentationLoss(3.0)(logits, target)
    torch.testing.assert_close(thrice["dice_loss"], 3 * once["dice_loss"])
    assert thrice["cross_entropy"] == once["cross_entropy"]


def test_low_precision_logits_give_a_float32_loss() -> None:
    logits = torch.randn(1, 2, 4, 4, dtype=torch.bfloat16)
    losses = SegmentationLoss()(logits, torch.randint(0, 2, (1, 4, 4)))
    assert {loss.dtype for loss in losses.values()} == {torch.float32}
