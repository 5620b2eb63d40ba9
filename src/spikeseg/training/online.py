"""Training of a spiking network one step at a time, without a gradient through time."""

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from spikeseg.config import TrainingConfig
from spikeseg.spiking import SpikingNetwork
from spikeseg.spiking.together import gathered
from spikeseg.training.module import SegmentationTraining


class OnlineTraining(SegmentationTraining):
    """Takes the loss of every step's own logits, and its gradient, before the next step.

    Of one step, no more than a dense network's activations is kept (Meng et al. 2023, SLTT,
    arXiv:2302.14311, algorithm 1 with all steps). The gradient is that of backpropagation through
    time whose paths from step to step are cut.

    Args:
        network: the network; its weights are trained in place.
        config: as of `SegmentationTraining`; the regularizer must be off.
        class_weights: (K,) for the cross-entropy, or ``None``.
        seed: of everything random inside the network.
        dt_ms: length of a time step in milliseconds.
    """

    def __init__(
        self,
        network: nn.Module,
        config: TrainingConfig,
        class_weights: Tensor | None,
        seed: int,
        dt_ms: float,
    ) -> None:
        super().__init__(network, config, class_weights, seed, dt_ms)
        self.automatic_optimization = False

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        """Train one batch, step by step; return the mean loss of the steps.

        Raises:
            ConfigError: the loss is not finite.
        """
        torch.manual_seed(self.seed_value * 1_000_003 + self.global_step)
        network, (images, masks) = self.network, batch
        assert isinstance(network, SpikingNetwork)
        images = images.contiguous(memory_format=torch.channels_last)
        steps, parts = network.config.num_steps, self.settings.accumulate
        found: list[dict[str, Tensor]] = []
        masks = gathered(masks)
        for logits in network.online(images):
            losses = self.loss(gathered(logits), masks)
            self.manual_backward(torch.stack(list(losses.values())).sum() / (steps * parts))
            found.append({name: value.detach() for name, value in losses.items()})
        if (batch_index + 1) % parts == 0:
            self._step()
        return self._total({k: torch.stack([f[k] for f in found]).mean() for k in found[0]})

    def _step(self) -> None:
        optimizer, schedule = self.optimizers(), self.lr_schedulers()
        assert isinstance(optimizer, LightningOptimizer)
        assert isinstance(schedule, LRScheduler)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
