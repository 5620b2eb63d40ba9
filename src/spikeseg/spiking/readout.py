"""From the steps of the output to one answer: their mean, or their sum."""

from torch import Tensor

from spikeseg.engine import time_mean
from spikeseg.spiking.clock import Timed


class Readout(Timed):
    """Averages over the steps, so that what follows, which is linear, is computed once.

    Before all other convolutions the size of spikes does not matter, as a norm follows that undoes
    it. Logits have none: heard as shares of their levels, integers would leave them, and what an
    optimizer such as Adam moves them by in a step, ``worth`` times smaller than activations do.

    Args:
        worth: what an input of 1 becomes (`SpikingConfig.worth`).
    """

    def __init__(self, worth: float = 1.0) -> None:
        super().__init__()
        self.worth = worth

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W) from (T * B, C, H, W), or all steps if every step is asked for."""
        clock = self.clock
        if clock.batch is not None and clock.average and clock.count(x) > 1:
            x = time_mean(x, clock.count(x))
        return x if self.worth == 1.0 else x * self.worth


class Total(Timed):
    """Makes the average over the steps their sum: ``x T``, in every step that is asked for too.

    A softmax of the sum is that of the average at a temperature of 1 / T: logits of T steps are as
    if scaled by T from the start, so the first losses and gradients are T times as large. The
    classes are the same. Outside of a pass it gives what it gets.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, (B, C, H, W), times the number of steps."""
        return x if self.clock.batch is None else x * self.clock.num_steps
