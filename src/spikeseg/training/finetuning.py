"""Trains a spiking graph through its spikes, for few steps and few spikes."""

from pathlib import Path

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from spikeseg.batches import make_loader
from spikeseg.config import FinetuningConfig, TrainingConfig
from spikeseg.data import SegmentationData
from spikeseg.graph import SpikingGraph
from spikeseg.losses import SegmentationLoss
from spikeseg.progress import Progress, silent
from spikeseg.training.callbacks import Described, History, Reporter
from spikeseg.training.fitting import make_trainer, quiet, train
from spikeseg.training.schedule import check_finite, for_batches, one_cycle
from spikeseg.training.unrolled import UnrolledGraph


def finetune(
    graph: SpikingGraph,
    data: SegmentationData,
    config: FinetuningConfig,
    training: TrainingConfig,
    *,
    folder: Path,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress = silent,
) -> SpikingGraph:
    """Return the graph with weights, biases and initial potentials trained on its spikes.

    The network is unrolled over ``config.num_steps`` steps and trained by backpropagation through
    time with a surrogate gradient (Neftci et al. 2019, arXiv:1901.09948). The loss is the mean of
    that of the masks after 1, 2, 4, ... and all steps, plus ``config.sparsity`` times the spikes
    that pass a mean synapse (after Sorbaro et al. 2020, doi:10.3389/fnins.2020.00662). Neurons,
    connections and what a spike stands for at the first step stay what they were.

    Args:
        graph: of ``if_soft`` or ``if_signed`` neurons, as converting makes it.
        data: its training samples are used, never the test samples.
        config: steps, batches, learning rate, sparsity.
        training: crops, augmentation, precision and Dice weight.
        folder: where ``finetuning.csv`` goes.
        seed: of crops and augmentation.
        device: ``cpu`` or ``cuda``.
        progress: is told how far it is.

    Raises:
        ConfigError: other neurons, or the loss is not finite; the learning rate is too high.
        KeyboardInterrupt: Ctrl-C; nothing is changed.
        ShapeError: an image is smaller than the crop.
    """
    settings = for_batches(training, config.batches)
    module = Finetuning(UnrolledGraph(graph), config, settings)
    history = History(folder / "finetuning.csv")
    loader = make_loader(data.train, settings, seed)
    with quiet():
        trainer = make_trainer(settings, device, [history, Reporter(progress, history, "finetune")])
        train(trainer, module, loader)
    return module.network.cpu().to_graph()


class Finetuning(Described):
    """One fine-tuning step.

    Args:
        network: its parameters are trained in place.
        config: steps, learning rate, sparsity.
        training: number of batches and Dice weight.
    """

    columns = ("loss", "segmentation", "spikes_per_synapse")

    def __init__(
        self, network: UnrolledGraph, config: FinetuningConfig, training: TrainingConfig
    ) -> None:
        super().__init__()
        self.network = network
        self.settings = config
        self.loss = SegmentationLoss(training.dice_weight)
        self.total_steps = training.epochs * training.steps_per_epoch
        self.read = read_steps(config.num_steps)
        self.parts: dict[str, float] = {}

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        """Return the loss of one batch.

        Raises:
            ConfigError: the loss is not finite.
        """
        images, masks = batch
        images = images.contiguous(memory_format=torch.channels_last)
        output, spikes = self.network(images, self.settings.num_steps)
        received = output.float().cumsum(dim=0)
        each = [sum(self.loss(received[t - 1] / t, masks).values()) for t in self.read]
        segmentation = torch.stack([torch.as_tensor(loss) for loss in each]).mean()
        total: Tensor = segmentation + self.settings.sparsity * spikes
        figures = zip(self.columns, (total, segmentation, spikes), strict=True)
        self.parts = {name: value.item() for name, value in figures}
        rate = self.settings.learning_rate
        check_finite(self.parts["loss"], "the fine-tuning", self.global_step, "finetuning", rate)
        return total

    def note(self, row: dict[str, float]) -> str:
        """Return loss and spikes of an epoch."""
        return f"loss {row['segmentation']:.3f}, {row['spikes_per_synapse']:.2f} spikes a synapse"

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return Adam with a one-cycle schedule."""
        rate = self.settings.learning_rate
        optimizer = torch.optim.Adam(self.network.parameters(), rate)
        return one_cycle(optimizer, rate, self.total_steps, rising=0.1)


def read_steps(num_steps: int) -> list[int]:
    """Return the steps after which a mask is trained.

    >>> read_steps(6)
    [1, 2, 4, 6]
    """
    powers = [2**k for k in range(num_steps.bit_length())]
    return sorted({*(p for p in powers if p <= num_steps), num_steps})
