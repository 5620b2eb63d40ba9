"""One population in a simulation: what it hears, its state, its counts; and a gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from spikeseg.engine.event.bit_map import BitMap
from spikeseg.engine.gates import pool_spikes
from spikeseg.engine.paths import Path
from spikeseg.engine.scan import Counts, scan_parts
from spikeseg.engine.sparse import Sparse
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
        form: of the spikes: a dtype, or bits.
        exact: dtype of the potentials.
        counts: of the spikes so far, if wanted.
        sparse: how to compute it event by event, if that may be faster.
        always_sparse: whether that is not asked.
        is_sparse: whether the steps before were computed so.
    """

    neuron: Neuron
    paths: Sequence[Path]
    constant: Tensor | None
    form: torch.dtype | Literal["bits"]
    exact: torch.dtype
    counts: Counts | None
    sparse: Sparse | None = None
    always_sparse: bool = False
    is_sparse: bool = False
    _state: State | None = None

    def advance(self, spikes: Mapping[str, Spikes], count: int, is_last: bool) -> Spikes:
        """Run ``count`` more steps, after which there are others unless they are the last."""
        heard = [spikes[path.source] for path in self.paths]
        if self.sparse is not None and (
            self.always_sparse or self.sparse.pays(heard, self._dense, self._kind())
        ):
            found, self._state = self.sparse.run(
                heard, self.constant, self._state, self.counts, not is_last
            )
            self.is_sparse = True
            return found
        parts, self.is_sparse = self._currents(heard), False
        if self.constant is not None:
            parts.append(self.constant.expand(count, *self.constant.shape))
        values, self._state = self._scan(parts, self._state, self.counts, not is_last)
        return values

    def _scan(
        self, parts: Sequence[Tensor], state: State | None, counts: Counts | None, stays: bool
    ) -> tuple[Spikes, State | None]:
        found, state = scan_parts(
            self.neuron, parts, state, counts, self.form, exact=self.exact, stays=stays
        )
        if self.form != "bits":
            return Spikes(found, self.exact), state
        steps, batch, *shape = parts[0].shape
        return Spikes(
            BitMap(found, (steps, batch, shape[0], shape[1], shape[2])), self.exact
        ), state

    def _currents(self, heard: Sequence[Spikes]) -> list[Tensor]:
        return [path(s) for path, s in zip(self.paths, heard, strict=True)]

    def _dense(self, heard: Sequence[Spikes]) -> None:
        """Run some first steps, for their time alone."""
        self._scan(self._currents(heard), None, None, stays=False)

    def _kind(self) -> tuple[torch.dtype, ...]:
        return tuple(path.dtype for path in self.paths)

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
