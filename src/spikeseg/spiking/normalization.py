"""Batch normalization of currents over time."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spikeseg.config import SpikingConfig
from spikeseg.engine import Norm
from spikeseg.errors import ConfigError
from spikeseg.spiking.clock import Timed
from spikeseg.spiking.together import is_shared, summed


class TimeNorm(nn.BatchNorm2d):
    """Batch norm whose statistics are those of all steps, images and processes.

    (T * B, C, H, W) in, the same out. With several processes in training, the statistics are of
    all their images, so that the result is that of one process with the whole batch.

    Args:
        channels: C.
        gain: what the trained gains start from. ``v_threshold`` makes it the threshold-dependent
            batch norm, tdBN (Zheng et al. 2021, arXiv:2011.05280, equations 5 and 6; alpha = 1).
    """

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        super().__init__(channels)
        nn.init.constant_(self.weight, gain)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalized currents."""
        if not (self.training and is_shared()):
            return super().forward(x)
        mean, var, count = shared_statistics(x)
        known = self.described()
        running = (known.running_mean, known.running_var)
        _follow(running, (mean, var), count, known.momentum)
        return _affine(x, mean, var, self.weight, self.bias, self.eps)

    def described(self) -> Norm:
        """Return what the engine needs to know of it, for one pass, which is counted."""
        assert self.running_mean is not None
        assert self.running_var is not None
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return Norm(
            self.weight,
            self.bias,
            self.running_mean,
            self.running_var,
            self.training,
            float(self.momentum or 0.0),
            self.eps,
        )


class StepNorm(Timed):
    """Batch normalization through time, BNTT: statistics and gain of every step, no shift.

    Kim and Panda 2021 (doi:10.3389/fnins.2021.773954); as in the code of Kim et al. 2022, eps is
    1e-4, the momentum 0.1, and there is no beta. In evaluation step t uses its own statistics, so
    that no more steps can be run than were trained.

    Args:
        channels: C.
        num_steps: T.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, num_steps: int) -> None:
        super().__init__()
        self.eps, self.momentum = 1e-4, 0.1
        self.weight = nn.Parameter(torch.ones(num_steps, channels))
        self.register_buffer("running_mean", torch.zeros(num_steps, channels))
        self.register_buffer("running_var", torch.ones(num_steps, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (T * B, C, H, W), also for a current that is the same in all steps.

        Raises:
            ConfigError: more steps than were trained.
        """
        clock = self.clock
        current = clock.in_all_steps(x)
        parts = max(1, len(current) // clock.num_steps)  # of a step: binary spikes
        steps, trained = len(current) // parts + clock.step, len(self.weight)
        if steps > trained:
            raise ConfigError(
                f"num_steps is {steps}, but this network has batch norms for {trained} steps "
                f"(BNTT): run it for at most {trained}, or train it with more."
            )
        out = [self._step(now, clock.step + i // parts) for i, now in enumerate(current)]
        return torch.stack(out).flatten(0, 1)

    def _step(self, x: Tensor, t: int) -> Tensor:
        mean, var = self.running_mean[t], self.running_var[t]
        if self.training and is_shared():
            found, spread, count = shared_statistics(x)
            _follow((mean, var), (found, spread), count, self.momentum)
            return _affine(x, found, spread, self.weight[t], None, self.eps)
        return F.batch_norm(
            x, mean, var, self.weight[t], None, self.training, self.momentum, self.eps
        )


def make_norm(config: SpikingConfig, channels: int) -> nn.Module:
    """Return the norm of a layer of spiking neurons."""
    if config.norm == "bntt":
        return StepNorm(channels, config.num_steps)
    if config.norm == "none":
        return nn.Identity()
    return TimeNorm(channels, config.v_threshold if config.norm == "threshold" else 1.0)


def shared_statistics(x: Tensor) -> tuple[Tensor, Tensor, float]:
    """Return mean and variance of every channel over all processes, and how many values.

    Differentiable: the gradient of every process reaches all.
    """
    values = x.float()
    count = x.numel() / x.shape[1]
    sums = torch.cat([values.sum((0, 2, 3)), values.new_tensor([count])])
    sums = summed(sums)
    total = float(sums[-1].detach())
    mean = sums[:-1] / total
    centered = (values - mean.view(1, -1, 1, 1)).square().sum((0, 2, 3))
    return mean, summed(centered) / total, total


def _affine(
    x: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor | None, eps: float
) -> Tensor:
    scale = weight * (var + eps).rsqrt()
    shift = -mean * scale if bias is None else bias - mean * scale
    return (x * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)).to(x.dtype)


def _follow(
    running: tuple[Tensor, Tensor],
    found: tuple[Tensor, Tensor],
    count: float,
    momentum: float,
) -> None:
    """Move a running mean and variance towards a batch's, as `torch.nn.BatchNorm2d` does."""
    with torch.no_grad():
        running[0].lerp_(found[0], momentum)
        running[1].lerp_(found[1] * (count / (count - 1)), momentum)
