"""How many steps the batch of a spiking network holds, told to all of its parts."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import Tensor, nn

from spikeseg.engine import split


@dataclass
class Clock:
    """What all parts of one network know of the pass that is under way.

    Attributes:
        num_steps: T.
        batch: images in the batch; ``None`` outside of a pass, when everything is one step.
        binary: integer-valued neurons send their spikes one by one.
        average: the output is averaged over the steps (or else given for each).
        online: the pass is one step; potentials stay in ``states`` for the next, without gradient.
        recompute: a unit keeps its input spikes as bits, and computes the rest again for gradients.
        again: the pass is one that is computed again, for its gradient: nobody reads its spikes.
        step: of an online pass, from 0.
        states: of the neurons, by their number in the network.
        counts: binary spikes of each neuron in all steps, (B, C, H, W) by number, if wanted.
    """

    num_steps: int = 1
    batch: int | None = None
    binary: bool = False
    average: bool = True
    online: bool = False
    recompute: bool = False
    again: bool = False
    step: int = 0
    states: dict[int, Tensor] = field(default_factory=dict)
    counts: dict[int, Tensor] | None = None

    @contextlib.contextmanager
    def set_to(self, other: "Clock") -> Iterator[None]:
        """Be as another clock is, for a while."""
        before = dict(vars(self))
        vars(self).update(vars(other))
        try:
            yield
        finally:
            vars(self).update(before)

    def count(self, x: Tensor) -> int:
        """Return how many steps ``x``, (T * B, ...), holds; 1 for what is the same in all."""
        return 1 if self.batch is None else x.shape[0] // self.batch

    def unfolded(self, x: Tensor) -> Tensor:
        """Return (T, B, ...) from (T * B, ...)."""
        return split(x, self.count(x))

    def in_all_steps(self, x: Tensor) -> Tensor:
        """Return (T, B, ...) from (T * B, ...), or from (B, ...) that is the same in all steps."""
        found = self.unfolded(x)
        steps = 1 if self.batch is None or self.online else self.num_steps
        return found.expand(steps, *found.shape[1:]) if len(found) == 1 else found


class Timed(nn.Module):
    """A part of a network that knows of time.

    Attributes:
        clock: shared with the other parts; `SpikingNetwork` sees to that.
        number: of the part in its network.
    """

    clock: Clock
    number: int

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.number = Clock(), 0
