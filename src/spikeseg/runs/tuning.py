"""The verb tune: the conversion of a run with the fewest operations at a given accuracy."""

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from spikeseg import data as datasets
from spikeseg._version import __version__
from spikeseg.batches import CropDataset
from spikeseg.config import ConversionConfig, RunConfig
from spikeseg.conversion import convert
from spikeseg.data import Sample, SegmentationData
from spikeseg.errors import ConfigError, DataError
from spikeseg.files import sha256, write_json
from spikeseg.graph import num_multiplications
from spikeseg.progress import Progress, silent
from spikeseg.runs.checks import check_analog, check_classes, pick_device
from spikeseg.runs.folder import FORMAT, RunFolder
from spikeseg.runs.network_file import TrainedNetwork, load_network
from spikeseg.runs.stages import calibration_images, convert_stage
from spikeseg.tuning import (
    Crops,
    Trial,
    analog_scores,
    choose,
    first_settings,
    pareto_front,
    search,
    trials_of,
)


def tune_stage(
    folder: RunFolder,
    *,
    miou_drop: float = 0.01,
    trials: int = 40,
    crops: int = 16,
    dry_run: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Search for the conversion with the fewest synaptic operations; write ``tuning.json``.

    Test images are not looked at. Conversions are calibrated on the training images but the last
    fifth of them, and compared on crops of that fifth. The network has seen these images in its
    training, so its mIoU on them is no score; what counts is how far spikes fall behind it. The
    chosen conversion is then made as `convert_stage` makes it, with all training images to
    calibrate on, and its settings become those of the run.

    Args:
        folder: a run with a trained network.
        miou_drop: how far below the analog network's the mIoU may be.
        trials: how many conversions are tried.
        crops: how many validation crops they are compared on.
        dry_run: leave the run as it is, and only write ``tuning.json``.
        progress: is told the conversions done.

    Returns:
        What ``tuning.json`` holds.

    Raises:
        RunFolderError: there is no trained network.
        ConfigError: a value is out of range, or no conversion reaches the aim.
        DataError: fewer than two training images.
    """
    _check(miou_drop, trials, crops)
    source, config = folder.require("network.safetensors"), folder.read_config()
    check_analog(folder, config, "tune")
    trained = load_network(source)
    data = datasets.load(config.data)
    check_classes(data, trained, folder.path)
    calibrating, validation = split_training(data)
    chosen_on = validation_crops(config, validation, crops, len(data.class_names))
    analog = analog_scores(trained.network, chosen_on)
    images = calibration_images(config, calibrating)
    device = pick_device(config.device)
    placed = replace(chosen_on, images=chosen_on.images.to(device))

    def evaluate(setting: ConversionConfig) -> list[Trial]:
        graph = convert(trained.network, images, setting, dt_ms=trained.dt_ms)
        return trials_of(graph, setting, placed)

    target = analog - miou_drop
    found = search(
        evaluate, first_settings(config.conversion), target=target, most=trials, progress=progress
    )
    work = _analog_work(trained, chosen_on)
    record = {
        "format": FORMAT,
        "version": __version__,
        "made_from": sha256(source),
        "data": f"{crops} crops of the last {len(validation)} of {len(data.train)} training "
        f"images; calibrated on the other {len(calibrating)}; no test image was used",
        "crop": config.training.crop,
        "analog_miou": analog,
        "analog_multiplications_per_crop": work,
        "miou_drop": miou_drop,
        "target_miou": target,
        **_found(found, work),
    }
    write_json(folder.file("tuning.json"), record)
    best = choose(found, target)
    if not dry_run:
        _adopt(folder, config, best)
    record["choice"] = _described(best, work)
    write_json(folder.file("tuning.json"), record)
    return record


def _found(trials: list[Trial], work: int) -> dict[str, Any]:
    """Return what is written of the trials; nothing is chosen yet."""
    return {
        "choice": None,
        "front": [_described(trial, work) for trial in pareto_front(trials)],
        "trials": [_described(trial, work) for trial in trials],
    }


def _check(miou_drop: float, trials: int, crops: int) -> None:
    if not 0 <= miou_drop <= 1:
        raise ConfigError(f"miou_drop is {miou_drop}; it must be in 0..1.")
    for name, value in (("trials", trials), ("crops", crops)):
        if value < 1:
            raise ConfigError(f"{name} is {value}; it must be at least 1.")


def split_training(data: SegmentationData) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """Return the training samples but the last fifth, and that fifth as one block.

    Raises:
        DataError: there are fewer than two.
    """
    count = len(data.train)
    if count < 2:
        raise DataError(
            f"there is {count} training image; tuning needs at least 2, one to calibrate on and "
            "one to compare conversions on. Hold out fewer images with data.test."
        )
    first = count - max(1, count // 5)
    return data.train[:first], data.train[first:]


def validation_crops(
    config: RunConfig, samples: Sequence[Sample], count: int, num_classes: int
) -> Crops:
    """Return ``count`` crops of the size of the training crops."""
    dataset = CropDataset(samples, config.training.crop, config.seed)
    images, masks = zip(*(dataset[i] for i in range(count)), strict=True)
    return Crops(torch.stack(images), torch.stack(masks).numpy().astype(np.uint8), num_classes)


def _analog_work(trained: TrainedNetwork, crops: Crops) -> int:
    """Return the multiplications of the analog network on one crop."""
    plain = ConversionConfig(recipes=("maximum",))
    graph = convert(trained.network, crops.images[:1], plain, dt_ms=trained.dt_ms)
    return sum(num_multiplications(c.transforms, graph[c.source].shape) for c in graph.connections)


def _described(trial: Trial, analog_work: int) -> dict[str, Any]:
    conversion = dataclasses.asdict(trial.conversion)
    return {
        "conversion": conversion | {"recipes": list(trial.conversion.recipes)},
        "num_steps": trial.num_steps,
        "readout": trial.readout,
        "miou": trial.miou,
        "synaptic_operations_per_crop": trial.operations,
        "share_of_analog": trial.operations / analog_work,
    }


def _adopt(folder: RunFolder, config: RunConfig, best: Trial) -> None:
    """Convert with the chosen settings, and make them those of the run."""
    evaluation = replace(config.evaluation, num_steps=best.num_steps, readout=best.readout)
    config = replace(config, conversion=best.conversion, evaluation=evaluation)
    convert_stage(folder, config)
    folder.write_config(config, folder.read_command())
