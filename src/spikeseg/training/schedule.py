"""What every training has in common: its schedule, its rows of history, when it has diverged."""

import math
from dataclasses import replace

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig

from spikeseg.config import TrainingConfig
from spikeseg.errors import ConfigError

_ROW = 25  # batches between two rows of the history


def one_cycle(
    optimizer: torch.optim.Optimizer, rate: float, total_steps: int, rising: float
) -> OptimizerLRSchedulerConfig:
    """Return an optimizer with a one-cycle schedule, one step a batch.

    Args:
        optimizer: of the parameters.
        rate: the peak of its learning rate.
        total_steps: batches.
        rising: share of them in which the rate rises.
    """
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=total_steps, pct_start=rising
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def for_batches(training: TrainingConfig, batches: int) -> TrainingConfig:
    """Return the settings for (at least) so many batches, an epoch being a row of the history.

    >>> settings = for_batches(TrainingConfig(), 60)
    >>> settings.epochs, settings.steps_per_epoch
    (2, 30)
    """
    rows = max(1, batches // _ROW)
    return replace(training, epochs=rows, steps_per_epoch=-(-batches // rows))


def check_finite(loss: float, what: str, step: int, section: str, rate: float) -> None:
    """Refuse a loss that is not finite.

    Args:
        loss: of a batch.
        what: the training, as the message begins.
        step: batches done.
        section: of the settings, whose ``learning_rate`` is too high.
        rate: that learning rate.

    Raises:
        ConfigError: it is infinite or not a number.
    """
    if not math.isfinite(loss):
        raise ConfigError(
            f"{what} has diverged: the loss is {loss} in step {step + 1}. Use a "
            f"{section}.learning_rate below {rate:g}."
        )
