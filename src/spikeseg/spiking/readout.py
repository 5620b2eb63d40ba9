"""From the steps of the output to one answer: their mean, or their sum."""

from torch import Tensor

from spikeseg.spiking.clock import Timed


class Readout(Timed):
    """Averages over the steps, so that what follows, which is linear, is computed once.

    Outside of a pass it gives what it gets.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W) from (T * B, C, H, W), or ``x`` if every step is asked for."""
        clock = self.clock
        if clock.batch is None or not clock.average or clock.count(x) == 1:
            return x
        return clock.unfolded(x).mean(dim=0)


class Total(Timed):
    """Makes the average over the steps their sum: ``x T``, in every step that is asked for too.

    A softmax of the sum is that of the average at a temperature of 1 / T: logits of T steps are as
    if scaled by T from the start, so the first losses and gradients are T times as large. The
    classes are the same. Outside of a pass it gives what it gets.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, (B, C, H, W), times the number of steps."""
        return x if self.clock.batch is None else x * self.clock.num_steps
