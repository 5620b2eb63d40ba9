"""One training step: segmentation loss plus firing-rate regularizer."""

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from spikeseg.config import TrainingConfig
from spikeseg.losses import RateMonitor, SegmentationLoss
from spikeseg.spiking.together import gathered
from spikeseg.training.callbacks import Described
from spikeseg.training.schedule import check_finite, one_cycle

_WATCH_EVERY = 25  # steps between looks at the rates while their loss has no weight


class SegmentationTraining(Described):
    """Trains a network on batches of (B, C, H, W) images and (B, H, W) masks.

    Args:
        network: the network; its weights are trained in place.
        config: loss weights, optimizer, regularizer.
        class_weights: (K,) for the cross-entropy, or ``None``.
        seed: of everything random inside the network (dropout).
        dt_ms: length of a time step in milliseconds.
    """

    columns = (
        "loss",
        "cross_entropy",
        "dice_loss",
        "rate_loss",
        "under_band",
        "in_band",
        "over_band",
    )

    def __init__(
        self,
        network: nn.Module,
        config: TrainingConfig,
        class_weights: Tensor | None,
        seed: int,
        dt_ms: float,
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.settings = config
        self.total_steps = config.epochs * config.steps_per_epoch
        self.seed_value = seed
        self.loss = SegmentationLoss(config.dice_weight, class_weights)
        self.monitor = RateMonitor(network, config.regularizer, dt_ms)
        self.parts: dict[str, float] = {}

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        """Return the loss of one batch, and keep its parts for the history.

        Raises:
            ConfigError: the loss is not finite.
        """
        # By the step: a resumed training must draw what an unbroken one does, whatever else drew.
        torch.manual_seed(self.seed_value * 1_000_003 + self.global_step)
        images, masks = batch
        images = images.contiguous(memory_format=torch.channels_last)
        return self._total(self._losses(images, masks, batch_index))

    def _losses(self, images: Tensor, masks: Tensor, batch_index: int) -> dict[str, Tensor]:
        """Return the losses of a batch, of all processes together."""
        weight, masks = self.settings.regularizer.weight, gathered(masks)
        if not weight and batch_index % _WATCH_EVERY:
            losses: dict[str, Tensor] = self.loss(gathered(self.network(images)), masks)
        else:
            with self.monitor:
                losses = self.loss(gathered(self.network(images)), masks)
            rate_loss = self.monitor.loss()
            self.parts |= vars(self.monitor.shares()) | {"rate_loss": rate_loss.item()}
            if weight:
                losses["weighted_rates"] = weight * rate_loss
        return losses

    def _total(self, losses: dict[str, Tensor]) -> Tensor:
        """Return the sum of the losses, noted for the history.

        Raises:
            ConfigError: it is not finite.
        """
        total = torch.stack(list(losses.values())).sum()
        self.parts |= {k: v.item() for k, v in losses.items() if k != "weighted_rates"}
        self.parts["loss"] = total.item()
        rate = self.settings.learning_rate
        check_finite(self.parts["loss"], "the training", self.global_step, "training", rate)
        return total

    def note(self, row: dict[str, float]) -> str:
        """Return loss, rates and waiting of an epoch."""
        return f"loss {row['loss']:.3f}, in band {row['in_band']:.0%}, data {row['data_share']:.0%}"

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with a one-cycle schedule."""
        config = self.settings
        optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        return one_cycle(optimizer, config.learning_rate, self.total_steps, rising=0.15)
