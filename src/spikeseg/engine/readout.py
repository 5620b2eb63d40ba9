"""The output of a simulation: what it hears is summed up, and looked at after some steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from spikeseg.engine.early_exit import Watch
from spikeseg.engine.paths import Path
from spikeseg.engine.spikes import Spikes


@dataclass
class Readout:
    """The output population of a batch.

    It is linear, so the sum of its currents over many steps is the current of the sum of the
    spikes. Only where single steps are asked for is it computed in each.

    Attributes:
        paths: from the populations that spike.
        constant: (B, K, H, W), the current that the image causes, the same in every step.
        windows: for each step whose output may be looked at, the step after which it counts.
        mask_steps: steps after which masks are read out.
        in_steps: the output's current in every step is kept.
        watch: looks at the masks, if images may leave early.
        masks: (B, H, W) each, one for every mask step passed.
        output: (T, B, K, H, W), in chunks.
    """

    paths: Sequence[Path]
    constant: Tensor | None
    windows: Mapping[int, int]
    mask_steps: frozenset[int]
    in_steps: bool
    watch: Watch | None
    masks: list[Tensor] = field(default_factory=list)
    output: list[Tensor] = field(default_factory=list)
    _total: Tensor | None = None
    _earlier: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stops = sorted({*self.windows, *self.windows.values()} - {0})

    def next_stop(self, step: int) -> int | None:
        """Return the next step whose sum is needed; ``None`` where every step is computed."""
        is_sparse = len(self.stops) == 1 or 4 * len(self.stops) <= self.stops[-1]
        if self.in_steps or not is_sparse:
            return None
        return next(stop for stop in self.stops if stop > step)

    def hear_sums(self, sums: Mapping[str, Tensor], step: int) -> None:
        """Take the spikes of all steps up to ``step``, (B, C, H, W) by population."""
        total: Tensor | None = None
        for path in self.paths:
            found = path.of_sum(sums[path.source], step)
            total = found if total is None else total + found
        if self.constant is not None:
            steady = self.constant * step
            total = steady if total is None else total + steady
        self._total = total
        self._look(step)

    def hear_steps(self, spikes: Mapping[str, Spikes], start: int, count: int) -> None:
        """Take the spikes of ``count`` steps after ``start``."""
        total: Tensor | None = None
        for path in self.paths:
            part = path(spikes[path.source])
            total = part if total is None else total + part
        if self.constant is not None:
            steady = self.constant.expand(count, *self.constant.shape)
            total = steady if total is None else total + steady
        assert total is not None
        if self.in_steps:
            self.output.append(total.clone())
        for t, now in enumerate(total, start=start + 1):
            self._total = now.clone() if self._total is None else self._total.add_(now)
            self._look(t)

    def _look(self, t: int) -> None:
        """Read out what is asked for after step ``t``, and forget what is needed no more."""
        assert self._total is not None
        if t in self.windows.values():
            self._earlier[t] = self._total.clone()
        if t in self.mask_steps:
            self.masks.append(self._mask(t))
        if self.watch and t % self.watch.rule.check_every == 0:
            self.watch.look(self._mask(t))
        if t in self.windows:
            needed = min(first for step, first in self.windows.items() if step >= t)
            self._earlier = {k: p for k, p in self._earlier.items() if k >= needed}

    def _mask(self, step: int) -> Tensor:
        return self._window(step).argmax(dim=1).to(torch.uint8)

    def _window(self, step: int) -> Tensor:
        """Return the output current summed over the steps that a mask looks at."""
        assert self._total is not None
        first = self.windows[step]
        return self._total - self._earlier[first] if first else self._total

    def potential(self, step: int) -> Tensor:
        """Return the mean output current over the steps read out after ``step``, now."""
        return self._window(step) / (step - self.windows[step])

    def all_masks(self, step: int) -> Tensor:
        """Return a mask for every mask step, (S, B, H, W); those after ``step`` are as now."""
        missing = len(self.mask_steps) - len(self.masks)
        return torch.stack(self.masks + ([self._mask(step)] * missing if missing else []))

    def keep(self, which: Tensor) -> None:
        """Go on with some of the images; ``which`` is (B,) bool."""
        self.constant = None if self.constant is None else self.constant[which]
        self.output = [chunk[:, which] for chunk in self.output]
        self.masks = [mask[which] for mask in self.masks]
        self._earlier = {step: total[which] for step, total in self._earlier.items()}
        self._total = None if self._total is None else self._total[which]
        if self.watch:
            self.watch.keep(which)
