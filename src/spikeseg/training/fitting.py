"""Puts network, batches, callbacks and the Lightning trainer together."""

import contextlib
import io
import logging
import pickle
import signal
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.pytorch import Callback, Trainer
from torch import nn

from spikeseg.batches import class_weights, make_loader, refuse_brightness
from spikeseg.config import TrainingConfig
from spikeseg.data import SegmentationData
from spikeseg.engine import choose_numbers
from spikeseg.errors import ConfigError, CorruptFileError
from spikeseg.progress import Progress, silent
from spikeseg.spiking import SpikingNetwork
from spikeseg.spiking.together import share
from spikeseg.training.callbacks import Checkpoint, Described, History, Reporter
from spikeseg.training.module import SegmentationTraining
from spikeseg.training.online import OnlineTraining

_BROKEN = (KeyError, TypeError, RuntimeError, EOFError, ValueError)


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves behind, beside the trained weights.

    Attributes:
        steps: optimizer steps done.
        images: crops seen.
        data_share: share of the time spent waiting for data.
        num_parameters: trained parameters.
    """

    steps: int
    images: int
    data_share: float
    num_parameters: int


def fit(
    network: nn.Module,
    data: SegmentationData,
    config: TrainingConfig,
    *,
    folder: Path,
    seed: int = 0,
    dt_ms: float = 1.0,
    device: str = "cpu",
    resume: bool = False,
    progress: Progress = silent,
    task: str = "train",
) -> TrainingResult:
    """Train a network in place; write ``history.csv`` and ``checkpoint.ckpt`` after every epoch.

    Args:
        network: what is trained.
        data: its training samples are used, never the test samples.
        config: how.
        folder: where the two files go.
        seed: of crops, augmentation and dropout.
        dt_ms: length of a time step in milliseconds.
        device: ``cpu`` or ``cuda``.
        resume: go on from the checkpoint in ``folder``; the result is that of an unbroken training.
        progress: is told how far it is.
        task: the name under which it is told.

    Raises:
        CorruptFileError: the checkpoint cannot be read.
        ConfigError: the loss is not finite (the learning rate is too high), or brightness of
            events is to be changed.
        KeyboardInterrupt: Ctrl-C; the last checkpoint is kept.
        DataError: an image cannot be read.
        ShapeError: an image is smaller than the crop.
    """
    refuse_brightness(config.augmentation, data.events)
    weights = None
    if config.class_weights == "balanced":
        weights = class_weights(data.train, len(data.class_names))
    module = _module(network, config)(network, config, weights, seed, dt_ms)
    history = History(folder / "history.csv")
    checkpoint = folder / "checkpoint.ckpt"
    callbacks: list[Callback] = [history, Reporter(progress, history, task), Checkpoint(checkpoint)]
    loader = make_loader(data.train, config, seed, share())
    with quiet():
        trainer = make_trainer(config, device, callbacks)
        train(trainer, module, loader, checkpoint if resume else None)
    network.eval()
    steps = int(trainer.global_step)
    parameters = sum(p.numel() for p in network.parameters())
    images = steps * config.batch_size * config.accumulate * share()[1]
    return TrainingResult(steps, images, history.data_share, parameters)


def _module(network: nn.Module, config: TrainingConfig) -> type[SegmentationTraining]:
    """Return how the network is trained, and tell it whether to recompute.

    Raises:
        ConfigError: a setting for spiking networks, and the network is analog; or online training
            with the regularizer of rates.
    """
    if not isinstance(network, SpikingNetwork):
        for name in ("recompute", "online"):
            if getattr(config, name):
                raise ConfigError(
                    f"training.{name} is set, but the network is analog; it is for networks that "
                    "are trained through their spikes. Leave it out, or set network.spiking."
                )
        return SegmentationTraining
    network.clock.recompute = config.recompute
    if config.online and config.recompute:
        raise ConfigError(
            "training.online and training.recompute are both set; online training keeps one step "
            "only, and computes nothing again. Leave out training.recompute."
        )
    if config.online and config.regularizer.weight:
        raise ConfigError(
            "training.online and training.regularizer.weight are both set, but online training "
            "looks at one step at a time, which has no rates. Set the weight to 0."
        )
    return OnlineTraining if config.online else SegmentationTraining


def make_trainer(config: TrainingConfig, device: str, callbacks: list[Callback]) -> Trainer:
    """Return Lightning's trainer, with nothing of its own on the screen."""
    return Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=share()[1],
        strategy="ddp" if share()[1] > 1 else "auto",
        use_distributed_sampler=False,  # the loader gives each process its part
        accumulate_grad_batches=1 if config.online else config.accumulate,
        max_epochs=config.epochs,
        precision="bf16-mixed" if is_bfloat16(config.precision, device) else "32-true",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def is_bfloat16(precision: str, device: str) -> bool:
    """Return whether convolutions are computed in bfloat16; ``auto`` measures it on the CPU."""
    if precision != "auto":
        return precision == "bfloat16"
    return device == "cuda" or choose_numbers(("bf16",)).numbers == "bf16"


def train(
    trainer: Trainer, module: Described, loader: object, checkpoint: Path | None = None
) -> None:
    """Fit; Ctrl-C reaches the caller, where Lightning would leave the program.

    Raises:
        CorruptFileError: the checkpoint cannot be read.
        KeyboardInterrupt: Ctrl-C.
    """
    if checkpoint is not None:
        _check_checkpoint(checkpoint)
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, loader, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            # Lightning has made the program deaf to any further Ctrl-C.
            signal.signal(signal.SIGINT, handler)
            raise KeyboardInterrupt from stop
        raise


def _check_checkpoint(path: Path) -> None:
    """Turn the many ways in which a checkpoint can be broken into one error."""
    content = io.BytesIO(path.read_bytes())
    try:
        torch.load(content, map_location="cpu", weights_only=True)["state_dict"]
    except (*_BROKEN, pickle.PickleError, zipfile.BadZipFile) as error:
        raise CorruptFileError(
            f"{path} is damaged or no checkpoint ({error}); delete it and train anew, without "
            "--resume."
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's tips while it runs; they tell the user of this package nothing."""
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning.*")
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        yield
