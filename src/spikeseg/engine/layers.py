"""One population in a simulation: what it hears, its state, its counts; and a gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from spikeseg.engine.gates import pool_spikes
from spikeseg.engine.paths import Path
from spikeseg.engine.scan import Counts, scan_parts
from spikeseg.engine.spikes import Spikes
from spikeseg.graph import MaxPooling
from spikeseg.neurons import Neuron, State


@dataclass
class Layer:
    """A population of neurons.

    Attributes:
        neuron: what they are.
        paths: from populations that spike.
        constant: (B, C, H, W), the current that the image causes, the same in every step.
        dtype: of the spikes.
        exact: dtype of the potentials.
        counts: of the spikes so far, if wanted.
    """

    neuron: Neuron
    paths: Sequence[Path]
    constant: Tensor | None
    dtype: torch.dtype
    exact: torch.dtype
    counts: Counts | None
    _state: State | None = None

    def advance(self, spikes: Mapping[str, Spikes], count: int, is_last: bool) -> Spikes:
        """Run ``count`` more steps, after which there are others unless they are the last."""
        parts = [path(spikes[path.source]) for path in self.paths]
        if self.constant is not None:
            parts.append(self.constant.expand(count, *self.constant.shape))
        found, self._state = scan_parts(
            self.neuron,
            parts,
            self._state,
            self.counts,
            self.dtype,
            exact=self.exact,
            stays=not is_last,
        )
        return Spikes(found, self.exact)

    def keep(self, which: Tensor) -> None:
        """Go on with some of the images; ``which`` is (B,) bool."""
        self.constant = None if self.constant is None else self.constant[which]
        self._state = None if self._state is None else State(*(s[which] for s in self._state))
        self.counts = kept(self.counts, which)


@dataclass
class Gate:
    """A population that pools the spikes of another.

    Attributes:
        pooling: how.
        source: name of the other.
        counts: of its own spikes so far.
    """

    pooling: MaxPooling
    source: str
    counts: Counts | None
    _heard: Tensor | None = None

    def advance(self, spikes: Mapping[str, Spikes], count: int, is_last: bool) -> Spikes:
        """Run as many steps as its source has."""
        found, self._heard = pool_spikes(self.pooling, spikes[self.source].numbers(), self._heard)
        if self.counts is not None:
            self.counts.net.add_(found.sum(0))
            if self.counts.fired is not None:
                self.counts.fired.add_(found.abs().sum(0))
        return Spikes(found, found.dtype)

    def keep(self, which: Tensor) -> None:
        """Go on with some of the images; ``which`` is (B,) bool."""
        self._heard = None if self._heard is None else self._heard[which]
        self.counts = kept(self.counts, which)


def kept(counts: Counts | None, which: Tensor) -> Counts | None:
    """Return the counts of some of the images, in channels_last memory."""
    if counts is None:
        return None
    last = torch.channels_last
    fired = None if counts.fired is None else counts.fired[which].contiguous(memory_format=last)
    return Counts(counts.net[which].contiguous(memory_format=last), fired)
