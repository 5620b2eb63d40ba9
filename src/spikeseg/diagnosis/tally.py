"""Sums over images of what both networks do in one layer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spikeseg.diagnosis.parts import PARTS, error_parts

_SAMPLE = 2**17  # activations of one image that percentiles are taken of


@dataclass
class Activity:
    """What the analog activations of one layer are like, over images.

    Attributes:
        worth: (C, 1, 1), the spike value theta.
        num_steps: T.
    """

    worth: Tensor
    num_steps: int
    _total: float = 0.0
    _in_thresholds: float = 0.0
    _variances: list[float] = field(default_factory=list)
    _counted: int = 0
    _active: int = 0
    _under: int = 0
    _above: int = 0
    _sample: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, analog: Tensor) -> None:
        """Add the activation of one image, (1, C, H, W)."""
        scaled = analog.double() / self.worth
        self._counted += analog.numel()
        self._total += float(analog.double().sum())
        self._in_thresholds += float(scaled.sum())
        self._variances.append(float(scaled.var(dim=(2, 3), correction=0).mean()))
        self._active += int((scaled > 0).sum())
        self._under += int(((scaled > 0) & (scaled < 1 / self.num_steps)).sum())
        self._above += int((scaled > 1).sum())
        values = analog.flatten()
        self._sample.append(values[:: -(-len(values) // _SAMPLE)].cpu().numpy())

    @property
    def mean(self) -> float:
        """The mean activation."""
        return self._total / self._counted

    @property
    def high(self) -> float:
        """The 99th percentile, of at most 131,072 activations of each image."""
        return float(np.percentile(np.concatenate(self._sample), 99))

    @property
    def above_threshold(self) -> float:
        """The share above theta."""
        return self._above / self._counted

    @property
    def under_firing(self) -> float:
        """The share of the active ones below theta / T."""
        return self._under / max(self._active, 1)

    @property
    def spatial_variance(self) -> float:
        """The variance over positions of activation / theta, mean over channels and images."""
        return float(np.mean(self._variances))

    @property
    def variation(self) -> float:
        """The root of the spatial variance over the mean of activation / theta."""
        mean = self._in_thresholds / self._counted
        return self.spatial_variance**0.5 / mean if mean else 0.0


@dataclass
class Spiking:
    """How the spikes of one layer depart from its analog activations, over images.

    Attributes:
        worth: (C, 1, 1), the spike value theta.
        num_steps: T.
        curve_steps: after which the error is taken; the last one is T.
    """

    worth: Tensor
    num_steps: int
    curve_steps: Sequence[int]

    def __post_init__(self) -> None:
        self._squares = np.zeros(len(self.curve_steps))
        self._late = 0.0
        self._reference = np.zeros(2)  # squared norm of the activation, and of theta throughout
        self._parts = {name: np.zeros(2) for name in PARTS}
        self._first = np.zeros(self.num_steps, np.int64)
        self._highest: Tensor | None = None

    def add(self, analog: Tensor, spikes: Tensor, moved: Tensor) -> None:
        """Add one image.

        Args:
            analog: (1, C, H, W).
            spikes: (T, 1, C, H, W) int8.
            moved: (1, C, H, W), see `error_parts`.
        """
        analog, moved = analog.double(), moved.double()
        counts = _counts(spikes, self.curve_steps)
        for k, (step, count) in enumerate(zip(self.curve_steps, counts, strict=True)):
            self._squares[k] += _square(count * (self.worth / step) - analog)
        half = self.num_steps // 2
        late = spikes[half:].sum(dim=0) * (self.worth / (self.num_steps - half))
        self._late += _square(late - analog)
        self._reference += _square(analog), _square(self.worth.expand_as(analog))
        self._add_parts(analog, counts[-1] * (self.worth / self.num_steps), moved)
        self._add_neurons(analog, spikes, counts[-1])

    def _add_parts(self, analog: Tensor, spiking: Tensor, moved: Tensor) -> None:
        error = spiking - analog
        parts = error_parts(analog, spiking, moved, self.worth, self.num_steps)
        for name, part in parts.items():
            self._parts[name] += _square(part), float((part * error).sum())

    def _add_neurons(self, analog: Tensor, spikes: Tensor, count: Tensor) -> None:
        fired = spikes != 0
        ever = fired.any(dim=0)
        first = fired.to(torch.int8).argmax(dim=0)[ever].cpu().numpy()
        self._first += np.bincount(first, minlength=self.num_steps)
        now = torch.cat([analog / self.worth, count.double(), ever.double()])
        self._highest = now if self._highest is None else self._highest.maximum(now)

    def _relative(self, square: float) -> float:
        activation, threshold = self._reference
        return float((square / (activation or threshold)) ** 0.5)

    @property
    def curve(self) -> tuple[float, ...]:
        """The relative error after each of the ``curve_steps``."""
        return tuple(self._relative(square) for square in self._squares)

    @property
    def late_error(self) -> float:
        """The relative error of what the later half of the steps says."""
        return self._relative(self._late)

    def part(self, name: str) -> tuple[float, float]:
        """Return the size and the share of a part of the error."""
        square, along = self._parts[name]
        whole = self._squares[-1]
        return self._relative(square), float(along / whole) if whole else 0.0

    def neurons(self) -> tuple[float, float, float]:
        """Return the shares of neurons that are dead, silent and saturated."""
        assert self._highest is not None
        analog, count, ever = self._highest
        wanted, never = analog > 0.5 / self.num_steps, ever == 0
        kinds = (never & wanted, never & ~wanted, count == self.num_steps)
        dead, silent, saturated = (float(kind.double().mean()) for kind in kinds)
        return dead, silent, saturated

    def step_of(self, share: float) -> int | None:
        """Return the step by which a share of the neurons that fire at all have fired."""
        fired = self._first.cumsum()
        needed = max(1.0, share * fired[-1])
        return int(np.argmax(fired >= needed)) + 1 if fired[-1] else None


def _counts(spikes: Tensor, steps: Sequence[int]) -> list[Tensor]:
    """Return net spikes after each of the steps, (1, C, H, W)."""
    counts, before = list[Tensor](), 0
    for step in steps:
        new = spikes[before:step].sum(dim=0)
        counts.append(counts[-1] + new if counts else new)
        before = step
    return counts


def _square(values: Tensor) -> float:
    return float(values.square().sum())
