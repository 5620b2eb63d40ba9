"""Early exit: an image is done as soon as its mask has stopped changing."""

from dataclasses import dataclass

import torch
from torch import Tensor

from spikeseg.errors import ConfigError


@dataclass(frozen=True)
class EarlyExit:
    """When an image leaves a simulation before its last step.

    Its mask is looked at every ``check_every`` steps. The image leaves when the share of its
    pixels whose class is another than at the look before stays at or below ``tolerance`` for
    ``patience`` looks in a row. The first look has none before it, so at the earliest an image
    leaves after ``check_every * (patience + 1)`` steps.

    Attributes:
        check_every: steps between two looks.
        patience: how many looks in a row must find the mask stable.
        tolerance: the share of pixels that may still change, 0 to 1.
        min_steps: no image leaves before this step.

    Raises:
        ConfigError: a value out of range.
    """

    check_every: int = 2
    patience: int = 2
    tolerance: float = 0.001
    min_steps: int = 4

    def __post_init__(self) -> None:
        for name in ("check_every", "patience", "min_steps"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"early exit: {name} is {value}; it must be at least 1.")
        if not 0 <= self.tolerance <= 1:
            raise ConfigError(
                f"early exit: tolerance is {self.tolerance}; it must be in 0..1, a share of pixels."
            )

    def looks(self, num_steps: int) -> range:
        """Return the steps, counted from 1, after which masks are looked at.

        >>> list(EarlyExit(check_every=3).looks(8))
        [3, 6]
        """
        return range(self.check_every, num_steps + 1, self.check_every)


class Watch:
    """What the looks at a batch of masks have found so far.

    Args:
        rule: when an image is done.
    """

    def __init__(self, rule: EarlyExit) -> None:
        self.rule = rule
        self._last: Tensor | None = None
        self._stable: Tensor | None = None

    def look(self, masks: Tensor) -> None:
        """Compare (B, H, W) masks with those of the look before."""
        if self._last is not None and self._stable is not None:
            changed = (masks != self._last).flatten(1).sum(1).double() / masks[0].numel()
            self._stable = (self._stable + 1) * (changed <= self.rule.tolerance)
        else:
            self._stable = torch.zeros(len(masks), dtype=torch.int64, device=masks.device)
        self._last = masks

    def done(self, step: int) -> Tensor | None:
        """Return which images leave after ``step``, (B,) bool; ``None`` where none can."""
        if self._stable is None or step % self.rule.check_every or step < self.rule.min_steps:
            return None
        return self._stable >= self.rule.patience

    def keep(self, which: Tensor) -> None:
        """Go on with some of the images; ``which`` is (B,) bool."""
        if self._last is not None and self._stable is not None:
            self._last, self._stable = self._last[which], self._stable[which]

    def next_exit(self, step: int) -> int:
        """Return the earliest step after ``step`` at which an image could leave."""
        every = self.rule.check_every
        if self._stable is None:
            needed = self.rule.patience + 1
        else:
            needed = max(1, self.rule.patience - int(self._stable.max()))
        possible = (step // every + needed) * every
        return max(possible, -(-self.rule.min_steps // every) * every)
