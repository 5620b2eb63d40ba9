"""All stages of a run, one after the other."""

import dataclasses
import time

from spikeseg.config import RunConfig, SpikingConfig
from spikeseg.conversion import inexpressible
from spikeseg.errors import ConfigError
from spikeseg.files import read_json, write_json
from spikeseg.progress import Progress, silent
from spikeseg.runs.compiling import compile_stage
from spikeseg.runs.emulating import emulate_stage
from spikeseg.runs.energy import energy_stage
from spikeseg.runs.folder import RunFolder
from spikeseg.runs.stages import convert_stage, evaluate_stage, train_stage, twin_of
from spikeseg.training import is_first, share


def run(
    config: RunConfig,
    folder: RunFolder,
    *,
    command: str = "",
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
) -> None:
    """Train, convert, evaluate; compile, emulate and count if there is a chip in the settings.

    The report is the caller's.

    With ``compare_without_regularizer``, the same network is also trained with no weight on the
    firing rates, in the folder's ``baseline``, and its figures join ``metrics.json``. With
    ``direct``, it is also trained through its spikes, in the folder's ``direct``; so do those.

    Args:
        config: all settings.
        folder: where every file goes.
        command: how to repeat the run, for the record.
        resume: go on with an interrupted run.
        overwrite: replace an earlier run.
        progress: is told how far each stage is.

    Raises:
        SpikeSegError: see the stages.
    """
    if config.compare_without_regularizer and share()[1] > 1:
        raise ConfigError(
            "compare_without_regularizer is set, and several processes train together; they train "
            "one network. Start one process, or leave the comparison out."
        )
    seconds, training = _stages(config, folder, command, resume, overwrite, progress, "")
    if not is_first():
        return
    metrics_file = folder.file("metrics.json")
    metrics = read_json(metrics_file) | {"seconds": seconds, "training": training}
    if config.compare_without_regularizer:
        metrics["baseline"] = _baseline(config, folder, command, resume, overwrite, progress)
    write_json(metrics_file, metrics)


def _stages(
    config: RunConfig,
    folder: RunFolder,
    command: str,
    resume: bool,
    overwrite: bool,
    progress: Progress,
    suffix: str,
) -> tuple[dict[str, float], dict[str, float]]:
    """Run the stages; return their seconds, and what the training says of itself."""
    start = time.perf_counter()
    result = train_stage(
        config,
        folder,
        command=command,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
        task=f"train{suffix}",
    )
    trained = time.perf_counter()
    seconds = {"train": trained - start}
    if config.direct is not None:
        _train_direct(config, config.direct, folder, command, resume, overwrite, progress)
        seconds["train_direct"] = time.perf_counter() - trained
        trained = time.perf_counter()
    if not is_first():  # of several that train together, one does the rest
        return {}, dataclasses.asdict(result)
    convert_stage(folder)

    def tell(task: str, done: float, total: float, note: str = "") -> None:
        progress(f"{task}{suffix}", done, total, note)

    if config.direct is not None:
        if inexpressible(config.direct) is None:
            convert_stage(folder.direct)
        evaluate_stage(folder.direct, progress=tell)
    evaluate_stage(folder, progress=tell)
    evaluated = time.perf_counter()
    seconds["evaluate"] = evaluated - trained
    if config.chip is not None:
        compile_stage(folder, progress=tell)
        compiled = time.perf_counter()
        emulate_stage(folder, progress=tell)
        emulated = time.perf_counter()
        energy_stage(folder, progress=tell)
        seconds |= {"compile": compiled - evaluated, "emulate": emulated - compiled}
        seconds["energy"] = time.perf_counter() - emulated
    return seconds, dataclasses.asdict(result)


def _train_direct(
    config: RunConfig,
    spiking: SpikingConfig,
    folder: RunFolder,
    command: str,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> None:
    """Train the twin of the network that is trained through its spikes."""
    analog = config.direct_start == "analog"
    train_stage(
        twin_of(config, spiking),
        folder.direct,
        command=command,
        resume=resume and folder.direct.file("config.json").exists(),
        overwrite=overwrite,
        progress=progress,
        task="train spiking",
        start=folder.file("network.safetensors") if analog else None,
    )


def _baseline(
    config: RunConfig,
    folder: RunFolder,
    command: str,
    resume: bool,
    overwrite: bool,
    progress: Progress,
) -> dict[str, object]:
    """Train, convert and evaluate without the regularizer; return the figures for the report."""
    regularizer = dataclasses.replace(config.training.regularizer, weight=0.0)
    training = dataclasses.replace(config.training, regularizer=regularizer)
    other = dataclasses.replace(
        config, training=training, compare_without_regularizer=False, direct=None, chip=None
    )
    resume = resume and folder.baseline.file("config.json").exists()
    _stages(other, folder.baseline, command, resume, overwrite, progress, " without regularizer")
    return {
        "stages": read_json(folder.baseline.file("metrics.json"))["stages"],
        "layers": read_json(folder.baseline.file("layers.json"))["layers"],
    }
