"""Trains a network through the chip's integers."""

import math
from dataclasses import replace
from pathlib import Path

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from spikeseg.batches import make_loader
from spikeseg.chips import load_chip
from spikeseg.compiling import host_populations
from spikeseg.config import ChipConfig, TrainingConfig
from spikeseg.data import SegmentationData
from spikeseg.graph import SpikingGraph
from spikeseg.losses import SegmentationLoss
from spikeseg.onchip.adapting import chip_network, resized_network
from spikeseg.onchip.host import HostLayer
from spikeseg.onchip.preparing import to_graph
from spikeseg.progress import Progress, silent
from spikeseg.training.callbacks import Described, History, Reporter
from spikeseg.training.fitting import make_trainer, quiet, train
from spikeseg.training.schedule import check_finite, for_batches, one_cycle


def tune(
    graph: SpikingGraph,
    data: SegmentationData,
    config: ChipConfig,
    training: TrainingConfig,
    *,
    folder: Path,
    seed: int = 0,
    progress: Progress = silent,
) -> SpikingGraph:
    """Return the graph with weights, biases and first potentials trained as the chip rounds them.

    The forward pass is the chip's own arithmetic (8-bit weights with the cores' scales and
    exponents, integer decays, thresholds and neurons), so the masks that are trained are those
    that are emulated; the backward pass has a surrogate gradient. The loss is that of the masks
    read after the last step, plus ``config.sparsity`` times the mean number of spikes of a neuron
    in a step.

    Args:
        graph: as `adapt` leaves it, of the size that it is compiled for.
        data: its training samples are used, never the test samples.
        config: steps, batches, learning rate, sparsity.
        training: crops, augmentation and Dice weight.
        folder: where ``chip_tuning.csv`` goes.
        seed: of crops and augmentation.
        progress: is told how far it is.

    Raises:
        ConfigError: the loss is not finite; the learning rate is too high.
        CompileError: what the chip does not have or cannot hold.
        KeyboardInterrupt: Ctrl-C; nothing is changed.
    """
    settings = replace(
        for_batches(training, config.batches), batch_size=config.batch_size, precision="float32"
    )
    module = ChipTuning(graph, config, settings)
    history = History(folder / "chip_tuning.csv")
    loader = make_loader(data.train, settings, seed)
    with quiet():
        trainer = make_trainer(settings, "cpu", [history, Reporter(progress, history, "tune")])
        train(trainer, module, loader)
    network = resized_network(module.network.trained(), graph)
    return to_graph(graph, network, module.host_layers)


class ChipTuning(Described):
    """One step of training through the integers.

    Args:
        graph: of the size that it is compiled for.
        config: steps, learning rate, sparsity.
        training: crop, number of batches and Dice weight.
    """

    columns = ("loss", "segmentation", "spikes_per_neuron")

    def __init__(self, graph: SpikingGraph, config: ChipConfig, training: TrainingConfig) -> None:
        super().__init__()
        sized = graph.resized(training.crop, training.crop)
        names = [population.name for population in host_populations(sized)]
        self.host_layers = {name: HostLayer(sized, name) for name in names}
        self.hosts = nn.ModuleList(self.host_layers.values())
        self.network = chip_network(graph, sized, config, load_chip(config.name))
        self.settings = config
        self.loss = SegmentationLoss(training.dice_weight)
        self.total_steps = training.epochs * training.steps_per_epoch
        kept = 1.0 if config.output_tau is None else math.exp(-1.0 / config.output_tau)
        self.window = sum(kept**step for step in range(config.num_steps))
        self.parts: dict[str, float] = {}

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> Tensor:
        """Return the loss of one batch.

        Raises:
            ConfigError: the loss is not finite.
        """
        images, masks = batch
        images = images.contiguous(memory_format=torch.channels_last)
        steps = self.settings.num_steps
        spikes = {name: host(images, steps) for name, host in self.host_layers.items()}
        potential, rate = self.network(spikes)
        losses = self.loss(potential[-1] / self.window, masks).values()
        segmentation = torch.stack([torch.as_tensor(loss) for loss in losses]).sum()
        total: Tensor = segmentation + self.settings.sparsity * rate
        figures = zip(self.columns, (total, segmentation, rate * steps), strict=True)
        self.parts = {name: value.item() for name, value in figures}
        peak = self.settings.learning_rate
        check_finite(self.parts["loss"], "training for the chip", self.global_step, "chip", peak)
        return total

    def note(self, row: dict[str, float]) -> str:
        """Return loss and spikes of an epoch."""
        return f"loss {row['segmentation']:.3f}, {row['spikes_per_neuron']:.2f} spikes a neuron"

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return Adam with a one-cycle schedule."""
        rate = self.settings.learning_rate
        trained = [p for p in self.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trained, rate)
        return one_cycle(optimizer, rate, self.total_steps, rising=0.1)
