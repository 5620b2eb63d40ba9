"""Cross-entropy and Dice on logits, blind to ignored pixels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spikeseg.config import IGNORE_INDEX


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 - mean soft Dice over classes and the whole batch (Milletari et al. 2016).

    Args:
        logits: (B, K, H, W).
        target: (B, H, W) class indices; 255 is ignored.

    >>> perfect = torch.tensor([[[[-99.0, 99.0]], [[99.0, -99.0]]]])
    >>> dice_loss(perfect, torch.tensor([[[1, 0]]]))
    tensor(0.)
    """
    seen = (target != IGNORE_INDEX).unsqueeze(1)
    probability = logits.softmax(dim=1) * seen
    labels = torch.where(target == IGNORE_INDEX, 0, target)
    truth = F.one_hot(labels, logits.shape[1]).movedim(-1, 1).to(logits.dtype) * seen
    axes = (0, 2, 3)
    overlap = 2 * (probability * truth).sum(axes)
    total = probability.sum(axes) + truth.sum(axes)
    return 1 - ((overlap + 1.0) / (total + 1.0)).mean()


class SegmentationLoss(nn.Module):
    """Cross-entropy plus weighted Dice.

    Args:
        dice_weight: weight of the Dice loss; 0 leaves it out.
        class_weights: (K,) weights of the cross-entropy, or ``None``.
    """

    def __init__(self, dice_weight: float = 1.0, class_weights: Tensor | None = None) -> None:
        super().__init__()
        self.dice_weight = dice_weight
        self.register_buffer("class_weights", class_weights)

    def forward(self, logits: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return ``cross_entropy`` and the weighted ``dice_loss`` of (B, K, H, W) logits."""
        logits = logits.float()
        weights = self.class_weights if isinstance(self.class_weights, Tensor) else None
        count = (target != IGNORE_INDEX).sum()
        cross = F.cross_entropy(logits, target, weights, ignore_index=IGNORE_INDEX, reduction="sum")
        if weights is not None:
            count = weights[target[target != IGNORE_INDEX]].sum()
        losses = {"cross_entropy": cross / torch.where(count > 0, count, 1)}
        if self.dice_weight:
            losses["dice_loss"] = self.dice_weight * dice_loss(logits, target)
        return losses
